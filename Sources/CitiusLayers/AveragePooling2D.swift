import CitiusAutograd
import CitiusTensor

/// The mean of each window, channel by channel. Padding does not count. Follows
/// `keras.layers.AveragePooling2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, channels]; see `Pooling`.
public final class AveragePooling2D: Pooling<Size2D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable {
        let window = imageWindow
        return batch.averagePooled2D(size: window.size, strides: window.strides, padding: window.padding)
    }
}
