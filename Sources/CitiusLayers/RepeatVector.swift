import CitiusAutograd
import CitiusTensor

/// Each sample, a vector, several times: a sequence of it. Follows `keras.layers.RepeatVector`.
///
/// # Shapes
/// [batch, channels] → [batch, n, channels]
public final class RepeatVector: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// How often.
        public var n: Int

        public var fault: String? { faultUnlessPositive("n", n) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// Traps if `n` is not positive.
    public convenience init(_ n: Int, name: String? = nil) {
        self.init(configuration: Configuration(n: n), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        faultUnlessRank(1, "channels", of: shapes[0])
            ?? (countOfElements(outputShape(for: shapes[0])) == nil
                ? "\(configuration.n) times \(shapes[0]) is larger than any memory" : nil)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        [configuration.n, inputShape[0]]
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.expandingAxis(at: 1).repeated(configuration.n, axis: 1)
    }
}
