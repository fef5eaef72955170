import CitiusAutograd
import CitiusTensor

/// In training, multiplies by normally distributed noise of mean 1 and standard deviation √(rate / (1 − rate)), that of
/// dropout's own; otherwise the identity. Follows `keras.layers.GaussianDropout`.
///
/// Source: Srivastava et al. 2014, jmlr.org/papers/v15/srivastava14a, section 10.
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class GaussianDropout: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// As of `Dropout`.
        public var rate: Double
        public var seed: Int?

        public var fault: String? {
            rate >= 0 && rate < 1 ? nil : "rate is \(rate), expected at least 0 and below 1"
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// - Parameters:
    ///   - rate: that of the dropout whose noise is met.
    ///   - seed: see `Dropout`.
    ///
    /// Traps if the rate is not in 0..<1.
    public convenience init(_ rate: Double, seed: Int? = nil, name: String? = nil) {
        self.init(configuration: Configuration(rate: rate, seed: seed), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let rate = configuration.rate
        guard context.isTraining, rate > 0 else { return input }
        return context.random.drawing(seed: configuration.seed) { generator in
            input
                * Tensor(
                    normal: input.shape, mean: 1, standardDeviation: (rate / (1 - rate)).squareRoot(),
                    dtype: input.dtype, using: &generator)
        }
    }
}
