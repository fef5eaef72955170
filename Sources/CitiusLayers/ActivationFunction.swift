import CitiusAutograd
import CitiusKernels

/// A function that a layer applies to each of its outputs.
///
/// ```swift
/// Dense(64, activation: .relu)
/// Dense(64, activation: ActivationFunction("squash") { $0.tanh() * 1.7 })
/// ```
public struct ActivationFunction: Sendable {
    /// Keras's name of the function.
    public let name: String
    private let function: @Sendable (Variable) -> Variable
    /// The clamp that the function is, which products apply in their own pass; nil for others, a user's own among them,
    /// whatever its name.
    package let clamp: Clamp?
    /// Whether it is one of `library`.
    private let isLibrary: Bool

    /// A function of your own. A model that uses it can be loaded where a function of this name is named to the loader.
    public init(_ name: String, _ function: @escaping @Sendable (Variable) -> Variable) {
        self.name = name
        self.function = function
        clamp = nil
        isLibrary = false
    }

    /// One of the library's, with the clamp that it is if it is one.
    private init(
        library name: String, _ clamp: Clamp? = nil, _ function: @escaping @Sendable (Variable) -> Variable
    ) {
        self.name = name
        self.function = function
        self.clamp = clamp
        isLibrary = true
    }

    public func callAsFunction(_ input: Variable) -> Variable { function(input) }

    public static let linear = ActivationFunction(library: "linear", .identity) { $0 }
    public static let relu = ActivationFunction(library: "relu", .relu) { $0.relu() }
    public static let relu6 = ActivationFunction(library: "relu6", .relu6) { $0.relu6() }
    public static let sigmoid = ActivationFunction(library: "sigmoid") { $0.sigmoid() }
    public static let tanh = ActivationFunction(library: "tanh") { $0.tanh() }
    public static let softmax = ActivationFunction(library: "softmax") { $0.softmax() }
    public static let logSoftmax = ActivationFunction(library: "log_softmax") { $0.logSoftmax() }
    public static let elu = ActivationFunction(library: "elu") { $0.elu() }
    public static let selu = ActivationFunction(library: "selu") { $0.selu() }
    public static let gelu = ActivationFunction(library: "gelu") { $0.gelu() }
    public static let silu = ActivationFunction(library: "silu") { $0.silu() }
    public static let leakyReLU = ActivationFunction(library: "leaky_relu") { $0.leakyReLU() }
    public static let softplus = ActivationFunction(library: "softplus") { $0.softplus() }
    public static let softsign = ActivationFunction(library: "softsign") { $0.softsign() }
    public static let mish = ActivationFunction(library: "mish") { $0.mish() }
    public static let hardSigmoid = ActivationFunction(library: "hard_sigmoid") { $0.hardSigmoid() }
    public static let hardSiLU = ActivationFunction(library: "hard_silu") { $0.hardSiLU() }
    public static let exponential = ActivationFunction(library: "exponential") { $0.exponential() }

    /// All of the library's, of which saved models name one.
    public static let library: [ActivationFunction] = [
        .linear, .relu, .relu6, .sigmoid, .tanh, .softmax, .logSoftmax, .elu, .selu, .gelu, .silu, .leakyReLU,
        .softplus, .softsign, .mish, .hardSigmoid, .hardSiLU, .exponential,
    ]
}

/// As Keras writes it: the name alone; a function of one's own in an envelope of the class `function`.
extension ActivationFunction: Codable {
    public init(from decoder: any Decoder) throws {
        guard let name = try? decoder.singleValueContainer().decode(String.self) else {
            self = try ConfigurationEnvelope.decode(
                Never.self, called: "activation", from: decoder
            ) { _, _ -> ActivationFunction in }
            return
        }
        let own = decoder.configurationTypes.function(named: name, as: ActivationFunction.self)
        guard let function = Self.library.first(where: { $0.name == name }) ?? own else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "there is no activation \"\(name)\"; known are "
                        + Self.library.map { $0.name }.joined(separator: ", ")
                        + ". Name one of your own to the loader."))
        }
        self = function
    }

    public func encode(to encoder: any Encoder) throws {
        guard isLibrary else { return try ConfigurationEnvelope.encode(functionNamed: name, to: encoder) }
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
