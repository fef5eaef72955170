import CitiusAutograd
import CitiusTensor

/// The mean of each window, channel by channel. Padding does not count. Follows `keras.layers.AveragePooling1D`.
///
/// # Shapes
/// [batch, steps, channels] → [batch, output steps, channels]; see `Pooling`.
public final class AveragePooling1D: Pooling<Size1D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable {
        batch.averagePooled1D(
            size: configuration.poolSize.length, strides: configuration.strides?.length,
            padding: configuration.padding)
    }
}
