import CitiusAutograd
import CitiusTensor

/// The mean of each window, channel by channel. Padding does not count. Follows `keras.layers.AveragePooling1D`.
///
/// # Shapes
/// [batch, steps, channels] → [batch, output steps, channels]; see `Pooling`.
public final class AveragePooling1D: Pooling<Size1D>, ConfigurableLayer {
    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.averagePooled1D(
            size: configuration.poolSize.length, strides: configuration.strides?.length,
            padding: configuration.padding)
    }
}
