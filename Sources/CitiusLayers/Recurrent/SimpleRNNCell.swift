import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// The cell of a `SimpleRNN`: h ← activation(x · kernel + bias + h · recurrentKernel); the output is h.
///
/// ```swift
/// let layer = RNN(SimpleRNNCell(32))
/// ```
///
/// # Shapes
/// input [batch, inputs], state [batch, units] → output [batch, units], state [batch, units]; kernel [inputs, units],
/// recurrent kernel [units, units], bias [units].
///
/// Follows `keras.layers.SimpleRNNCell`.
public final class SimpleRNNCell: GatedCell, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The number of units: the size of the output and of each state.
        public var units: Int
        public var activation: ActivationFunction = .tanh
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
        /// Of dropout.
        public var seed: Int?
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// Traps if the number of units is not positive, or a rate of dropout is not in 0..<1.
    public convenience init(
        _ units: Int, activation: ActivationFunction = .tanh, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, recurrentInitializer: Initializer = .orthogonal(),
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        recurrentRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        kernelConstraint: Constraint? = nil, recurrentConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, dropout: Double = 0, recurrentDropout: Double = 0,
        seed: Int? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                units: units, activation: activation, useBias: useBias, kernelInitializer: kernelInitializer,
                recurrentInitializer: recurrentInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, recurrentRegularizer: recurrentRegularizer,
                biasRegularizer: biasRegularizer, kernelConstraint: kernelConstraint,
                recurrentConstraint: recurrentConstraint, biasConstraint: biasConstraint, dropout: dropout,
                recurrentDropout: recurrentDropout, seed: seed),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        let checked = Self.checked(configuration)
        self.configuration = checked
        super.init(
            checked, .simple, recurrentActivation: .linear, name: name)
    }

    package override func advance(
        _ gates: [Variable], states: [Variable], product: (_ state: Variable, _ gate: Int) -> Variable
    ) -> (output: Variable, states: [Variable]) {
        let state = configuration.activation(gates[0] + product(states[0], 0))
        return (state, [state])
    }
}

extension SimpleRNNCell.Configuration: CellConfiguration {}
