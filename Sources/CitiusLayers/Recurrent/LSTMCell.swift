import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// The cell of an `LSTM`, with the states h and c, the carry. With x · kernel + bias + h · recurrentKernel of each gate,
/// in the order i, f, g, o:
///
/// ```
/// i, f, o = recurrentActivation(…)      g = activation(…)
/// c ← f·c + i·g                         h ← o·activation(c)
/// ```
///
/// The output is h.
///
/// # Shapes
/// input [batch, inputs], h and c [batch, units] → output [batch, units], h and c [batch, units]; kernel
/// [inputs, 4 · units], recurrent kernel [units, 4 · units], bias [4 · units].
///
/// Source: Hochreiter and Schmidhuber, doi:10.1162/neco.1997.9.8.1735; Gers et al., doi:10.1162/089976600300015015.
/// Follows `keras.layers.LSTMCell`.
public final class LSTMCell: GatedCell, ConfigurableLayer {
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
        /// Whether the forget gate's bias begins with ones, so that a cell remembers before it has learned what to forget
        /// (Jozefowicz, Zaremba, Sutskever 2015, proceedings.mlr.press/v37/jozefowicz15).
        public var unitForgetBias = true
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
        _ units: Int, activation: ActivationFunction = .tanh,
        recurrentActivation: ActivationFunction = .sigmoid, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, recurrentInitializer: Initializer = .orthogonal(),
        biasInitializer: Initializer = .zeros, unitForgetBias: Bool = true,
        kernelRegularizer: Regularizer? = nil, recurrentRegularizer: Regularizer? = nil,
        biasRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
        recurrentConstraint: Constraint? = nil, biasConstraint: Constraint? = nil, dropout: Double = 0,
        recurrentDropout: Double = 0, seed: Int? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                units: units, activation: activation, recurrentActivation: recurrentActivation,
                useBias: useBias, kernelInitializer: kernelInitializer,
                recurrentInitializer: recurrentInitializer, biasInitializer: biasInitializer,
                unitForgetBias: unitForgetBias, kernelRegularizer: kernelRegularizer,
                recurrentRegularizer: recurrentRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, recurrentConstraint: recurrentConstraint,
                biasConstraint: biasConstraint, dropout: dropout, recurrentDropout: recurrentDropout,
                seed: seed),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        let checked = Self.checked(configuration)
        self.configuration = checked
        super.init(
            checked, .lstm, recurrentActivation: checked.recurrentActivation, name: name)
    }

    package override var biasForm: (shape: Shape, initializer: Initializer) {
        guard configuration.unitForgetBias else { return super.biasForm }
        let (units, initializer) = (configuration.units, configuration.biasInitializer)
        return (
            [4 * units],
            Initializer("unit_forget_bias") { _, dtype, generator in
                let first = initializer([units], dtype: dtype, generator: &generator)
                let others = initializer([2 * units], dtype: dtype, generator: &generator)
                return Tensor.concatenate([first, Tensor(ones: [units], dtype: dtype), others])
            }
        )
    }

    package override func advance(
        _ gates: [Variable], states: [Variable], product: (_ state: Variable, _ gate: Int) -> Variable
    ) -> (output: Variable, states: [Variable]) {
        let (activation, recurrent) = (configuration.activation, configuration.recurrentActivation)
        func sum(_ gate: Int) -> Variable { gates[gate] + product(states[0], gate) }
        let carry = recurrent(sum(1)) * states[1] + recurrent(sum(0)) * activation(sum(2))
        let state = recurrent(sum(3)) * activation(carry)
        return (state, [state, carry])
    }
}

extension LSTMCell.Configuration: CellConfiguration {}
