import CitiusAutograd
import CitiusTensor

/// The mean of each channel over the whole image. Follows `keras.layers.GlobalAveragePooling2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, channels], or [batch, 1, 1, channels] if it keeps dimensions.
public final class GlobalAveragePooling2D: GlobalPooling2D, ConfigurableLayer {
    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.mean(axes: [1, 2], keepingAxes: configuration.keepDimensions)
    }
}

/// The largest value of each channel over the whole image. Follows `keras.layers.GlobalMaxPooling2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, channels], or [batch, 1, 1, channels] if it keeps dimensions.
public final class GlobalMaxPooling2D: GlobalPooling2D, ConfigurableLayer {
    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let pooled = input.maxPooled2D(size: Size2D(input.shape[1], input.shape[2]))
        return configuration.keepDimensions ? pooled : pooled.reshaped(to: [input.shape[0], input.shape[3]])
    }
}

/// What pooling over whole images shares.
public class GlobalPooling2D: Layer {
    public struct Configuration: LayerConfiguration {
        public var dataFormat = DataFormat.channelsLast
        /// Whether the output keeps axes of height and width 1.
        public var keepDimensions = false

        enum CodingKeys: String, CodingKey {
            case dataFormat
            case keepDimensions = "keepdims"
        }
    }

    public final let configuration: Configuration

    public required init(configuration: Configuration, name: String? = nil) {
        self.configuration = configuration
        super.init(name: name)
    }

    /// - Parameter keepDimensions: whether the output keeps axes of height and width 1.
    public convenience init(keepDimensions: Bool = false, name: String? = nil) {
        self.init(configuration: Configuration(keepDimensions: keepDimensions), name: name)
    }

    public static var module: String? { "keras.layers" }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        faultUnlessRank(3, "height, width, channels", of: shapes[0])
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        configuration.keepDimensions ? [1, 1, inputShape[2]] : [inputShape[2]]
    }
}
