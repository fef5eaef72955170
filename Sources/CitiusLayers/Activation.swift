import CitiusAutograd
import CitiusTensor

/// Applies a function to each element. Follows `keras.layers.Activation`.
///
/// ```swift
/// Activation(.gelu)
/// Activation(.glu)    // the one that changes the shape: it gates one half of the channels by the other
/// ```
///
/// # Shapes
/// [batch, …] → [batch, …]; of `glu`, [batch, …, channels] → [batch, …, channels/2].
public final class Activation: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var activation: ActivationFunction

        public init(activation: ActivationFunction) { self.activation = activation }

        private enum CodingKeys: CodingKey { case activation }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let isGated = (try? container.decode(String.self, forKey: .activation)) == "glu"
            activation = try isGated ? .glu : container.decode(ActivationFunction.self, forKey: .activation)
        }
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

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if configuration.activation.keepsShape { return nil }
        return shapes[0].rank > 0 && shapes[0][-1] % 2 == 0
            ? nil : "samples of shape \(shapes[0]), expected a last axis that divides by two"
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        configuration.activation.keepsShape
            ? inputShape : Shape(inputShape.sizes.dropLast() + [inputShape[-1] / 2])
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        configuration.activation.applied(to: input)
    }
}

extension Activation: EpilogueStage {
    package var stage: Epilogue? { configuration.activation.clamp.map { Epilogue(clamp: $0) } }
}
