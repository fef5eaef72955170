import CitiusAutograd
import CitiusTensor

/// The mean of each channel over the whole sequence, or, with a mask, over the steps that count. Follows
/// `keras.layers.GlobalAveragePooling1D`.
///
/// A sequence of which no step counts has no mean: NaN, as in Keras.
///
/// # Shapes
/// [batch, steps, channels] → [batch, channels], or [batch, 1, channels] if it keeps dimensions.
public final class GlobalAveragePooling1D: GlobalPooling<Size1D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable {
        guard let mask = batch.mask else {
            return batch.mean(axes: axes, keepingAxes: configuration.keepDimensions)
        }
        let weights = mask.cast(to: batch.dtype).expandingAxis(at: -1)
        let sum = (batch * Variable(weights)).sum(axes: axes, keepingAxes: configuration.keepDimensions)
        return sum / Variable(weights.sum(axes: axes, keepingAxes: configuration.keepDimensions))
    }
}

/// The mean of each channel over the whole image. Follows `keras.layers.GlobalAveragePooling2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, channels], or [batch, 1, 1, channels] if it keeps dimensions.
public final class GlobalAveragePooling2D: GlobalPooling<Size2D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable {
        batch.mean(axes: axes, keepingAxes: configuration.keepDimensions)
    }
}

/// The mean of each channel over the whole volume. Follows `keras.layers.GlobalAveragePooling3D`.
///
/// # Shapes
/// [batch, depth, height, width, channels] → [batch, channels], or [batch, 1, 1, 1, channels] if it keeps dimensions.
public final class GlobalAveragePooling3D: GlobalPooling<Size3D>, ConfigurableLayer {
    override func pooled(_ batch: Variable) -> Variable {
        batch.mean(axes: axes, keepingAxes: configuration.keepDimensions)
    }
}
