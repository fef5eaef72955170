import CitiusAutograd
import CitiusTensor

/// The largest value of each window, channel by channel. Padding is never the largest; a gradient goes to the
/// first of equals. Follows `keras.layers.MaxPooling2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, channels]; see `Pooling`.
public final class MaxPooling2D: Pooling<Size2D>, ConfigurableLayer {
    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let window = window
        return input.maxPooled2D(size: window.size, strides: window.strides, padding: window.padding)
    }
}

extension MaxPooling2D: EpilogueStage {
    package var stage: Epilogue? { Epilogue(pool: window) }
}
