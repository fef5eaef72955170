import CitiusAutograd

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
        isRectifier = false
    }

    private init(rectifier name: String) {
        self.name = name
        function = { $0.relu() }
        isRectifier = true
    }

    public func callAsFunction(_ input: Variable) -> Variable { function(input) }

    /// Whether it is max(x, 0), which products and convolutions apply in their own pass.
    package let isRectifier: Bool
    /// Whether it is the identity.
    package var isLinear: Bool { name == ActivationFunction.linear.name }

    public static let linear = ActivationFunction("linear") { $0 }
    public static let relu = ActivationFunction(rectifier: "relu")
    public static let relu6 = ActivationFunction("relu6") { $0.relu6() }
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
