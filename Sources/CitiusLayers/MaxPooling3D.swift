import CitiusAutograd
import CitiusTensor

/// The largest value of each window, channel by channel. Padding is never the largest; a gradient goes to the
/// first of equals. Follows `keras.layers.MaxPooling3D`.
///
/// # Shapes
/// [batch, depth, height, width, channels] → [batch, output depth, output height, output width, channels]; see
/// `Pooling`.
public final class MaxPooling3D: Pooling<Size3D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable {
        batch.maxPooled3D(
            size: configuration.poolSize, strides: configuration.strides, padding: configuration.padding)
    }
}
