import CitiusAutograd
import CitiusTensor

/// The mean of each window, channel by channel. Padding does not count. Follows
/// `keras.layers.AveragePooling2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, channels]; see `Pooling`.
public final class AveragePooling2D: Pooling<Size2D>, ConfigurableLayer {
    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let window = window
        return input.averagePooled2D(size: window.size, strides: window.strides, padding: window.padding)
    }
}
