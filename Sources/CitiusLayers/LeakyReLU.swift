import CitiusAutograd

/// x where x > 0, slope·x elsewhere. Follows `keras.layers.LeakyReLU`.
///
/// Source: Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class LeakyReLU: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The slope for x below 0. (That of the activation `leakyReLU` is 0.2, as in Keras.)
        public var negativeSlope = 0.3

        public var fault: String? { faultUnlessNotNegative("negativeSlope", negativeSlope) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// Traps if the slope is negative.
    public convenience init(negativeSlope: Double = 0.3, name: String? = nil) {
        self.init(configuration: Configuration(negativeSlope: negativeSlope), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.leakyReLU(negativeSlope: configuration.negativeSlope)
    }
}
