import CitiusAutograd

/// Applies a function to each element. Follows `keras.layers.Activation`.
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class Activation: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var activation: ActivationFunction
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public convenience init(_ function: ActivationFunction, name: String? = nil) {
        self.init(configuration: Configuration(activation: function), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = configuration
        super.init(name: name)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        configuration.activation(input)
    }
}

extension Activation: EpilogueStage {
    package var stage: Epilogue? { configuration.activation.clamp.map { Epilogue(clamp: $0) } }
}
