import CitiusAutograd
import CitiusTensor

/// The largest value of each window, channel by channel. Padding is never the largest; a gradient goes to the
/// first of equals. Follows `keras.layers.MaxPooling2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, channels]; see `Pooling`.
public final class MaxPooling2D: Pooling<Size2D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable {
        let window = imageWindow
        return batch.maxPooled2D(size: window.size, strides: window.strides, padding: window.padding)
    }
}

extension MaxPooling2D: EpilogueStage {
    package var stage: Epilogue? { stage(of: imageWindow) }
}
