import CitiusAutograd
import CitiusTensor

/// Makes each sample one axis. Follows `keras.layers.Flatten`.
///
/// # Shapes
/// [batch, a, b, …] → [batch, a·b·…]
public final class Flatten: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var dataFormat = DataFormat.channelsLast
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public override convenience init(name: String? = nil) {
        self.init(configuration: Configuration(), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = configuration
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        countOfElements(shapes[0]) == nil ? "samples of shape \(shapes[0]) are larger than any memory" : nil
    }

    public override func outputShape(for inputShape: Shape) -> Shape { [inputShape.count] }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.reshaped(to: [input.shape[0], input.shape.droppingFirst().count])
    }
}
