import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// The cell of a `GRU`, with the state h. With x · kernel + bias of each gate, in the order z, r, candidate:
///
/// ```
/// z, r = recurrentActivation(… + h · recurrentKernel + recurrent bias)
/// candidate = activation(… + r·(h · recurrentKernel + recurrent bias))
/// h ← z·h + (1 − z)·candidate
/// ```
///
/// Without `resetAfter`, the candidate is activation(… + (r·h) · recurrentKernel), and there is no recurrent bias. The
/// output is h.
///
/// # Shapes
/// input [batch, inputs], state [batch, units] → output [batch, units], state [batch, units]; kernel
/// [inputs, 3 · units], recurrent kernel [units, 3 · units], bias [2, 3 · units], the second row the recurrent one, or
/// [3 · units] without `resetAfter`.
///
/// Source: Cho et al., arXiv:1406.1078; for the reset behind the product, version 1 of the same. Follows
/// `keras.layers.GRUCell`.
public final class GRUCell: GatedCell, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The number of units: the size of the output and of each state.
        public var units: Int
        public var activation: ActivationFunction = .tanh
        /// Of the gates.
        public var recurrentActivation: ActivationFunction = .sigmoid
        public var useBias = true
        public var kernelInitializer: Initializer = .glorotUniform
        public var recurrentInitializer: Initializer = .orthogonal()
        public var biasInitializer: Initializer = .zeros
        public var kernelRegularizer: Regularizer?
        public var recurrentRegularizer: Regularizer?
        public var biasRegularizer: Regularizer?
        public var kernelConstraint: Constraint?
        public var recurrentConstraint: Constraint?
        public var biasConstraint: Constraint?
        /// The fraction of the inputs that is dropped in training, the same at all steps.
        public var dropout = 0.0
        /// The same of the state, where it goes into the gates' products.
        public var recurrentDropout = 0.0
        /// Whether the reset gate acts on the product of the state and the kernel, which then has a bias of its own, or on
        /// the state before it.
        public var resetAfter = true
        /// Of dropout.
        public var seed: Int?
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// Traps if the number of units is not positive, or a rate of dropout is not in 0..<1.
    public convenience init(
        _ units: Int, activation: ActivationFunction = .tanh,
        recurrentActivation: ActivationFunction = .sigmoid, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, recurrentInitializer: Initializer = .orthogonal(),
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        recurrentRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        kernelConstraint: Constraint? = nil, recurrentConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, dropout: Double = 0, recurrentDropout: Double = 0,
        resetAfter: Bool = true, seed: Int? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                units: units, activation: activation, recurrentActivation: recurrentActivation,
                useBias: useBias, kernelInitializer: kernelInitializer,
                recurrentInitializer: recurrentInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, recurrentRegularizer: recurrentRegularizer,
                biasRegularizer: biasRegularizer, kernelConstraint: kernelConstraint,
                recurrentConstraint: recurrentConstraint, biasConstraint: biasConstraint, dropout: dropout,
                recurrentDropout: recurrentDropout, resetAfter: resetAfter, seed: seed),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        let checked = Self.checked(configuration)
        self.configuration = checked
        super.init(
            checked, .gru(resetsAfter: checked.resetAfter), recurrentActivation: checked.recurrentActivation,
            name: name)
    }

    package override var biasForm: (shape: Shape, initializer: Initializer) {
        let width = 3 * configuration.units
        return (configuration.resetAfter ? [2, width] : [width], configuration.biasInitializer)
    }

    package override func inputBias(in context: Context) -> Variable? {
        let bias = super.inputBias(in: context)
        return configuration.resetAfter ? bias?[0] : bias
    }

    package override func recurrentBias(in context: Context) -> Variable? {
        configuration.resetAfter ? bias.map { context[$0][1] } : nil
    }

    package override func advance(
        _ gates: [Variable], states: [Variable], product: (_ state: Variable, _ gate: Int) -> Variable
    ) -> (output: Variable, states: [Variable]) {
        let (activation, recurrent) = (configuration.activation, configuration.recurrentActivation)
        let before = states[0]
        let update = recurrent(gates[0] + product(before, 0))
        let reset = recurrent(gates[1] + product(before, 1))
        let candidate = activation(
            gates[2] + (configuration.resetAfter ? reset * product(before, 2) : product(reset * before, 2)))
        let state = update * before + (1 - update) * candidate
        return (state, [state])
    }
}

extension GRUCell.Configuration: CellConfiguration {}
