import CitiusAutograd
import CitiusTensor

/// A fully connected layer that reads a sequence step by step, with its own output of the step before:
///
/// ```
/// hₜ = activation(xₜ · kernel + bias + hₜ₋₁ · recurrentKernel)
/// ```
///
/// ```swift
/// let model = Sequential {
///     Input(64, 8)                          // sequences of 64 steps, 8 numbers each
///     SimpleRNN(32, returnSequences: true)
///     SimpleRNN(32)
///     Dense(1)
/// }
/// ```
///
/// # Shapes
/// [batch, steps, inputs] → [batch, units], or [batch, steps, units] with `returnSequences`; with `returnState` then
/// the last state, [batch, units]. Further inputs are the first states, else zeros. The parameters are the
/// cell's, `simple_rnn_cell/kernel`, `recurrent_kernel` and `bias`.
///
/// Masks, states and dropout behave as `RecurrentLayer` says. With the activations linear, relu, tanh, sigmoid and
/// hard_sigmoid, the whole sequence is one operation; with others it is one of each step.
///
/// Follows `keras.layers.SimpleRNN`.
public final class SimpleRNN: RecurrentLayer, ConfigurableLayer {
    public typealias Configuration = RecurrentConfiguration<SimpleRNNCell.Configuration>

    public static var module: String? { "keras.layers" }
    public var configuration: Configuration { Configuration(cell: cellConfiguration, options: options) }
    private let cellConfiguration: SimpleRNNCell.Configuration

    /// - Parameters:
    ///   - units: the number of units: the size of the output.
    ///   - unroll: accepted for Keras's sake; there is nothing to unroll.
    ///
    /// Keras's layer takes `activity_regularizer` and does nothing with it; this one adds its penalty.
    ///
    /// Traps if the number of units is not positive, or a rate of dropout is not in 0..<1.
    public convenience init(
        _ units: Int, activation: ActivationFunction = .tanh, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, recurrentInitializer: Initializer = .orthogonal(),
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        recurrentRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
        recurrentConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, dropout: Double = 0, recurrentDropout: Double = 0,
        seed: Int? = nil, returnSequences: Bool = false, returnState: Bool = false,
        goBackwards: Bool = false, stateful: Bool = false, unroll: Bool = false,
        zeroOutputForMask: Bool = false, name: String? = nil
    ) {
        let cell = SimpleRNNCell.Configuration(
            units: units, activation: activation, useBias: useBias, kernelInitializer: kernelInitializer,
            recurrentInitializer: recurrentInitializer, biasInitializer: biasInitializer,
            kernelRegularizer: kernelRegularizer, recurrentRegularizer: recurrentRegularizer,
            biasRegularizer: biasRegularizer, kernelConstraint: kernelConstraint,
            recurrentConstraint: recurrentConstraint, biasConstraint: biasConstraint, dropout: dropout,
            recurrentDropout: recurrentDropout, seed: seed)
        let options = RecurrentOptions(
            returnSequences: returnSequences, returnState: returnState, goBackwards: goBackwards,
            stateful: stateful, unroll: unroll, zeroOutputForMask: zeroOutputForMask)
        self.init(configuration: Configuration(cell: cell, options: options), name: name)
        self.activityRegularizer = activityRegularizer
    }

    public init(configuration: Configuration, name: String? = nil) {
        let configuration = Self.checked(configuration)
        cellConfiguration = configuration.cell
        super.init(
            SimpleRNNCell(configuration: configuration.cell, name: "simple_rnn_cell"),
            configuration.options, name: name)
    }

    package override func reversed() -> RecurrentLayer? {
        var configuration = configuration
        configuration.options.goBackwards.toggle()
        return SimpleRNN(configuration: configuration)
    }
}
