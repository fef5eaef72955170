import CitiusAutograd
import CitiusTensor

/// In training, adds normally distributed noise; otherwise the identity. Follows `keras.layers.GaussianNoise`.
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class GaussianNoise: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The noise's standard deviation.
        public var stddev: Double
        public var seed: Int?

        public var fault: String? {
            (0...1).contains(stddev) ? nil : "stddev is \(stddev), expected 0 to 1"
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// - Parameters:
    ///   - stddev: the noise's standard deviation.
    ///   - seed: see `Dropout`.
    ///
    /// Traps if the standard deviation is not in 0...1.
    public convenience init(_ stddev: Double, seed: Int? = nil, name: String? = nil) {
        self.init(configuration: Configuration(stddev: stddev, seed: seed), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        guard context.isTraining, configuration.stddev > 0 else { return input }
        return context.random.drawing(seed: configuration.seed) { generator in
            input
                + Tensor(
                    normal: input.shape, standardDeviation: configuration.stddev, dtype: input.dtype,
                    using: &generator)
        }
    }
}
