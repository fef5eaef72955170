import CitiusAutograd
import CitiusTensor

/// The mean of each channel over the whole image. Follows `keras.layers.GlobalAveragePooling2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, channels], or [batch, 1, 1, channels] if it keeps dimensions.
public final class GlobalAveragePooling2D: GlobalPooling2D {
    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.mean(axes: [1, 2], keepingAxes: keepsDimensions)
    }
}

/// The largest value of each channel over the whole image. Follows `keras.layers.GlobalMaxPooling2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, channels], or [batch, 1, 1, channels] if it keeps dimensions.
public final class GlobalMaxPooling2D: GlobalPooling2D {
    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let pooled = input.maxPooled2D(size: Size2D(input.shape[1], input.shape[2]))
        return keepsDimensions ? pooled : pooled.reshaped(to: [input.shape[0], input.shape[3]])
    }
}

/// What pooling over whole images shares.
public class GlobalPooling2D: Layer {
    /// Whether the output keeps axes of height and width 1.
    public let keepsDimensions: Bool

    public init(keepDimensions: Bool = false, name: String? = nil) {
        keepsDimensions = keepDimensions
        super.init(name: name)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        requireRank(3, "height, width, channels", of: inputShape)
        return keepsDimensions ? [1, 1, inputShape[2]] : [inputShape[2]]
    }
}
