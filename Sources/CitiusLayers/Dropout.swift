import CitiusAutograd
import CitiusKernels
import CitiusPlatform

/// In training, sets elements to zero at random and scales the others by 1 / (1 − rate), so that no unit can
/// lean on another; otherwise the identity (Srivastava et al. 2014, jmlr.org/papers/v15/srivastava14a).
/// Follows `keras.layers.Dropout`.
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class Dropout: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The fraction of elements that is dropped.
        public var rate: Double

        public var fault: String? {
            rate >= 0 && rate < 1 ? nil : "rate is \(rate), expected at least 0 and below 1"
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// Traps if the rate is not in 0..<1.
    public convenience init(_ rate: Double, name: String? = nil) {
        self.init(configuration: Configuration(rate: rate), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        guard context.isTraining else { return input }
        return input.dropout(rate: configuration.rate, generator: &context.random.generator)
    }
}
