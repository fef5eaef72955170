import CitiusAutograd
import CitiusTensor

/// The mean of each window, channel by channel. Padding does not count. Follows `keras.layers.AveragePooling3D`.
///
/// # Shapes
/// [batch, depth, height, width, channels] → [batch, output depth, output height, output width, channels]; see
/// `Pooling`.
public final class AveragePooling3D: Pooling<Size3D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable {
        batch.averagePooled3D(
            size: configuration.poolSize, strides: configuration.strides, padding: configuration.padding)
    }
}
