import CitiusAutograd
import CitiusKernels

/// max(x, 0), with a slope below a threshold and a largest value if wanted. Follows `keras.layers.ReLU`.
///
/// ```
/// y = min(x, maxValue)                where x > threshold
/// y = negativeSlope · (x − threshold) elsewhere
/// ```
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class ReLU: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The largest value; nil: any.
        public var maxValue: Double?
        public var negativeSlope = 0.0
        public var threshold = 0.0

        public var fault: String? {
            firstFault(
                faultUnlessNotNegative("maxValue", maxValue ?? 0),
                faultUnlessNotNegative("negativeSlope", negativeSlope),
                faultUnlessNotNegative("threshold", threshold))
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// Traps if a number is negative.
    public convenience init(
        maxValue: Double? = nil, negativeSlope: Double = 0, threshold: Double = 0, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                maxValue: maxValue, negativeSlope: negativeSlope, threshold: threshold), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.relu(
            negativeSlope: configuration.negativeSlope, maximum: configuration.maxValue,
            threshold: configuration.threshold)
    }
}

extension ReLU: EpilogueStage {
    package var stage: Epilogue? {
        let maximum = configuration.maxValue ?? .infinity
        guard configuration.negativeSlope == 0, configuration.threshold == 0, maximum > 0 else { return nil }
        return Epilogue(clamp: Clamp(lower: 0, upper: maximum))
    }
}
