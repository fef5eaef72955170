import CitiusAutograd
import CitiusKernels
import CitiusPlatform

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
    /// Whether the last axis stays as long as it is.
    package let keepsShape: Bool

    /// Whether each element's result is of that element alone; false for a user's own, of which nobody knows.
    package var isElementwise: Bool {
        isLibrary && !["softmax", "log_softmax", "sparsemax", "glu"].contains(name)
    }

    /// A function of your own. A model that uses it can be loaded where a function of this name is named to the loader.
    public init(_ name: String, _ function: @escaping @Sendable (Variable) -> Variable) {
        self.name = name
        self.function = function
        clamp = nil
        isLibrary = false
        keepsShape = true
    }

    /// One of the library's, with the clamp that it is if it is one.
    private init(
        library name: String, _ clamp: Clamp? = nil, keepsShape: Bool = true,
        _ function: @escaping @Sendable (Variable) -> Variable
    ) {
        self.name = name
        self.function = function
        self.clamp = clamp
        self.keepsShape = keepsShape
        isLibrary = true
    }

    /// Traps for `glu`, which makes another shape than a layer states.
    public func callAsFunction(_ input: Variable) -> Variable {
        require(
            keepsShape, "\(name): it changes the shape of its input; use it by the layer Activation(.\(name))"
        )
        return function(input)
    }

    /// The function, whatever the shape of its result.
    func applied(to input: Variable) -> Variable { function(input) }

    /// The function as recurrent cells compute it in their own pass; nil for others.
    var recurrent: RecurrentActivation? {
        guard isLibrary else { return nil }
        return switch name {
        case "linear": .linear
        case "tanh": .tanh
        case "sigmoid": .sigmoid
        case "relu": .relu
        case "hard_sigmoid": .hardSigmoid
        default: nil
        }
    }

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
    public static let celu = ActivationFunction(library: "celu") { $0.celu() }
    public static let logSigmoid = ActivationFunction(library: "log_sigmoid") { $0.logSigmoid() }
    public static let squareplus = ActivationFunction(library: "squareplus") { $0.squareplus() }
    public static let tanhShrink = ActivationFunction(library: "tanh_shrink") { $0.tanhShrink() }
    public static let hardTanh = ActivationFunction(library: "hard_tanh", Clamp(lower: -1, upper: 1)) {
        $0.hardTanh()
    }
    public static let hardShrink = ActivationFunction(library: "hard_shrink") { $0.hardShrink() }
    public static let softShrink = ActivationFunction(library: "soft_shrink") { $0.softShrink() }
    public static let sparsePlus = ActivationFunction(library: "sparse_plus") { $0.sparsePlus() }
    public static let sparseSigmoid = ActivationFunction(library: "sparse_sigmoid") { $0.sparseSigmoid() }
    public static let sparsemax = ActivationFunction(library: "sparsemax") { $0.sparsemax() }
    /// a·σ(b) of the halves a and b of the last axis, which it halves: for the layer `Activation` alone.
    public static let glu = ActivationFunction(library: "glu", keepsShape: false) { $0.glu() }

    /// All of the library's, of which saved models name one.
    public static let library: [ActivationFunction] = [
        .linear, .relu, .relu6, .sigmoid, .tanh, .softmax, .logSoftmax, .elu, .selu, .gelu, .silu, .leakyReLU,
        .softplus, .softsign, .mish, .hardSigmoid, .hardSiLU, .exponential, .celu, .logSigmoid, .squareplus,
        .tanhShrink, .hardTanh, .hardShrink, .softShrink, .sparsePlus, .sparseSigmoid, .sparsemax, .glu,
    ]

    /// Names that Keras takes too.
    private static let aliases = ["swish": "silu", "hard_swish": "hard_silu"]

    /// The library's function of one of Keras's names, "swish" and "hard_swish" included; nil if there is none. Keras's
    /// `activations.get`.
    public static func named(_ name: String) -> ActivationFunction? {
        library.first { $0.name == aliases[name] ?? name }
    }
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
        guard let function = Self.named(name) ?? own else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "there is no activation \"\(name)\"; known are "
                        + Self.library.map { $0.name }.joined(separator: ", ")
                        + ". Name one of your own to the loader."))
        }
        try decoder.refuse(
            function.keepsShape
                ? nil : "\(name) changes the shape of its input: only the layer Activation takes it")
        self = function
    }

    public func encode(to encoder: any Encoder) throws {
        guard isLibrary else { return try ConfigurationEnvelope.encode(functionNamed: name, to: encoder) }
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
