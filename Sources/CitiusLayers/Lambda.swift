import CitiusAutograd
import CitiusConfiguration
import CitiusTensor

/// A function as a layer. Follows `keras.layers.Lambda`.
///
/// ```swift
/// Lambda { $0.squared() }
/// Lambda { x, context in context.isTraining ? x * 2 : x }
/// ```
///
/// A model with it can be saved whole where the function has a name, and loaded where the loader is given the function of
/// this name:
///
/// ```swift
/// let model = Sequential([Input(4), Lambda("doubled") { $0 * 2 }, Dense(1)])
/// var types = ConfigurationTypes.library
/// types.add(Lambda.Function("doubled") { $0 * 2 }, named: "doubled")
/// ```
///
/// Functions of Keras's own, such as `keras.activations.relu`, come from its files by their names; Python's lambdas, which
/// are machine code of Python, do not.
///
/// # Shapes
/// [batch, …] → what the function makes of it. It is called on one sample of zeros to learn that, unless `outputShape`
/// states it. The output's mask is what the function's result has.
public final class Lambda: Layer, ConfigurableLayer {
    /// What a `Lambda` applies.
    public struct Function: Sendable, Codable {
        /// What saved models call it; nil: they cannot.
        public let name: String?
        fileprivate let body: @Sendable (Variable, Context) -> Variable

        public init(_ name: String? = nil, _ body: @escaping @Sendable (Variable) -> Variable) {
            self.init(name) { input, _ in body(input) }
        }

        /// A function that asks for the mode or for random numbers.
        public init(_ name: String? = nil, _ body: @escaping @Sendable (Variable, Context) -> Variable) {
            self.name = name
            self.body = body
        }

        private enum Keys: CodingKey { case className, config }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Keys.self)
            if try container.decode(String.self, forKey: .className) == "__lambda__" {
                try decoder.refuse(
                    "it is a Python lambda, whose code runs in Python alone; in Keras give a named function to the Lambda"
                )
            }
            if let name = try? container.decode(String.self, forKey: .config),
                decoder.configurationTypes.function(named: name, as: Function.self) == nil,
                let activation = ActivationFunction.named(name)
            {
                self.init(name) { activation.applied(to: $0) }
                return
            }
            self = try ConfigurationEnvelope.decode(
                Never.self, called: "function of a Lambda", from: decoder
            ) { _, _ -> Function in }
        }

        public func encode(to encoder: any Encoder) throws {
            guard let name else {
                throw EncodingError.invalidValue(
                    self,
                    .init(
                        codingPath: encoder.codingPath,
                        debugDescription:
                            "a function without a name cannot be saved: write Lambda(\"name\") { … }, and "
                            + "give the loader the function of that name"))
            }
            try ConfigurationEnvelope.encode(functionNamed: name, to: encoder)
        }
    }

    public struct Configuration: LayerConfiguration {
        public var function: Function
        /// The shape of a sample of the output; nil: what the function gives for one of zeros.
        public var outputShape: [Int]?

        public var fault: String? {
            guard let outputShape else { return nil }
            return outputShape.allSatisfy { $0 > 0 } && countOfElements(Shape(outputShape)) != nil
                ? nil : "outputShape is \(outputShape), expected positive sizes"
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// - Parameters:
    ///   - function: the name that saved models call the function by; nil: they cannot.
    ///   - outputShape: of one sample; nil: what the function gives for one of zeros.
    public convenience init(
        _ function: String? = nil, outputShape: [Int]? = nil, name: String? = nil,
        _ body: @escaping @Sendable (Variable) -> Variable
    ) {
        self.init(
            configuration: Configuration(function: Function(function, body), outputShape: outputShape),
            name: name)
    }

    /// The same with a function that asks for the mode or for random numbers.
    public convenience init(
        _ function: String? = nil, outputShape: [Int]? = nil, name: String? = nil,
        _ body: @escaping @Sendable (Variable, Context) -> Variable
    ) {
        self.init(
            configuration: Configuration(function: Function(function, body), outputShape: outputShape),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        if let outputShape = configuration.outputShape { return Shape(outputShape) }
        let sample = Variable(Tensor(zeros: inputShape.prepending(1), dtype: inputDType(at: 0)))
        return forward(sample, in: .inference).shape.droppingFirst()
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        configuration.function.body(input, context)
    }
}
