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

    public init(_ name: String, _ function: @escaping @Sendable (Variable) -> Variable) {
        self.name = name
        self.function = function
        clamp = nil
    }

    private init(_ name: String, _ clamp: Clamp, _ function: @escaping @Sendable (Variable) -> Variable) {
        self.name = name
        self.function = function
        self.clamp = clamp
    }

    public func callAsFunction(_ input: Variable) -> Variable { function(input) }

    /// The clamp that the function is, which products apply in their own pass; nil for others, a user's own among them,
    /// whatever its name.
    package let clamp: Clamp?

    public static let linear = ActivationFunction("linear", .identity) { $0 }
    public static let relu = ActivationFunction("relu", .relu) { $0.relu() }
    public static let relu6 = ActivationFunction("relu6", .relu6) { $0.relu6() }
    public static let sigmoid = ActivationFunction("sigmoid") { $0.sigmoid() }
    public static let tanh = ActivationFunction("tanh") { $0.tanh() }
    public static let softmax = ActivationFunction("softmax") { $0.softmax() }
    public static let logSoftmax = ActivationFunction("log_softmax") { $0.logSoftmax() }
    public static let elu = ActivationFunction("elu") { $0.elu() }
    public static let selu = ActivationFunction("selu") { $0.selu() }
    public static let gelu = ActivationFunction("gelu") { $0.gelu() }
    public static let silu = ActivationFunction("silu") { $0.silu() }
    public static let leakyReLU = ActivationFunction("leaky_relu") { $0.leakyReLU() }
    public static let softplus = ActivationFunction("softplus") { $0.softplus() }
    public static let softsign = ActivationFunction("softsign") { $0.softsign() }
    public static let mish = ActivationFunction("mish") { $0.mish() }
    public static let hardSigmoid = ActivationFunction("hard_sigmoid") { $0.hardSigmoid() }
    public static let hardSiLU = ActivationFunction("hard_silu") { $0.hardSiLU() }
    public static let exponential = ActivationFunction("exponential") { $0.exponential() }
}
