import CitiusAutograd
import CitiusTensor

/// Makes each sample one axis, in which the channels of a position follow one another, be they last or first in the
/// samples. Follows `keras.layers.Flatten`.
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

    /// - Parameter dataFormat: whether the channels are last or first.
    public convenience init(dataFormat: DataFormat, name: String? = nil) {
        self.init(configuration: Configuration(dataFormat: dataFormat), name: name)
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
        configuration.dataFormat.computing(input) { batch in
            batch.reshaped(to: [batch.shape[0], batch.shape.droppingFirst().count])
        }
    }
}
