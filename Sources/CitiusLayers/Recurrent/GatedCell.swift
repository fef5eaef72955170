import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// What the library's recurrent cells are made with, all alike.
package protocol CellConfiguration: LayerConfiguration {
    var units: Int { get }
    var activation: ActivationFunction { get }
    var useBias: Bool { get }
    var kernelInitializer: Initializer { get }
    var recurrentInitializer: Initializer { get }
    var biasInitializer: Initializer { get }
    var kernelRegularizer: Regularizer? { get }
    var recurrentRegularizer: Regularizer? { get }
    var biasRegularizer: Regularizer? { get }
    var kernelConstraint: Constraint? { get }
    var recurrentConstraint: Constraint? { get }
    var biasConstraint: Constraint? { get }
    var dropout: Double { get }
    var recurrentDropout: Double { get }
    var seed: Int? { get }
}

extension CellConfiguration {
    public var fault: String? {
        func faultOfRate(_ name: String, _ rate: Double) -> String? {
            rate >= 0 && rate < 1 ? nil : "\(name) is \(rate), expected at least 0 and below 1"
        }
        return firstFault(
            faultUnlessPositive("units", units),
            // So that no size of a kernel overflows.
            units > 1 << 22 ? "units is \(units), expected at most \(1 << 22)" : nil,
            faultOfRate("dropout", dropout), faultOfRate("recurrentDropout", recurrentDropout))
    }
}

/// The library's cells: a kernel for the input, one for the state, and a bias, for each gate; `SimpleRNNCell`, `LSTMCell`
/// and `GRUCell`.
public class GatedCell: RecurrentCell {
    /// [inputs, gates · units]; nil before the layer is built.
    public private(set) final var kernel: Parameter?
    /// [units, gates · units]; nil before the layer is built.
    public private(set) final var recurrentKernel: Parameter?
    /// nil before the layer is built, or if it has none.
    public private(set) final var bias: Parameter?

    private let options: any CellConfiguration
    private let kind: Recurrence.Cell
    private let recurrentActivation: ActivationFunction

    package init(
        _ options: any CellConfiguration, _ kind: Recurrence.Cell, recurrentActivation: ActivationFunction,
        name: String?
    ) {
        self.options = options
        self.kind = kind
        self.recurrentActivation = recurrentActivation
        super.init(name: name)
    }

    public final override var stateSizes: [Int] { Array(repeating: options.units, count: kind.states) }
    package final override var outputState: Int? { 0 }

    public final override func fault(ofInputs shapes: [Shape]) -> String? {
        let inputs = inputShape?[-1] ?? (shapes[0].rank == 1 ? shapes[0][0] : 0)
        return firstFault(
            faultUnlessRank(1, "inputs", of: shapes[0]),
            shapes[0].rank == 1 && shapes[0][0] != inputs
                ? "\(shapes[0][0]) inputs, expected the \(inputs) that it was built for" : nil,
            faultOfStates(shapes.dropFirst()))
    }

    /// The shape of the bias, and the initializer of its values.
    package var biasForm: (shape: Shape, initializer: Initializer) {
        ([kind.gates * options.units], options.biasInitializer)
    }

    public final override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let width = kind.gates * options.units
        kernel = addParameter(
            "kernel", shape: [inputShape[-1], width], initializer: options.kernelInitializer,
            regularizer: options.kernelRegularizer, constraint: options.kernelConstraint,
            generator: &generator)
        recurrentKernel = addParameter(
            "recurrent_kernel", shape: [options.units, width], initializer: options.recurrentInitializer,
            regularizer: options.recurrentRegularizer, constraint: options.recurrentConstraint,
            generator: &generator)
        if options.useBias {
            let (shape, initializer) = biasForm
            bias = addParameter(
                "bias", shape: shape, initializer: initializer, regularizer: options.biasRegularizer,
                constraint: options.biasConstraint, generator: &generator)
        }
    }

    // MARK: Dropout

    /// What inputs and states are multiplied by in training, the same at all steps: [batch, …] each; one for all gates, or
    /// one for each.
    private struct Masks {
        var inputs: [Tensor] = []
        var states: [Tensor] = []
    }

    /// With dropout of the state, each gate has masks of its own, as in Keras.
    private func drawMasks(batch: Int, inputs: Int, dtype: DType, in context: Context) -> Masks {
        guard context.isTraining, options.dropout > 0 || options.recurrentDropout > 0 else { return Masks() }
        let count = options.recurrentDropout > 0 ? kind.gates : 1
        func draw(_ rate: Double, _ size: Int, _ generator: inout RandomGenerator) -> [Tensor] {
            guard rate > 0 else { return [] }
            return (0..<count).map { _ in
                Variable(Tensor(ones: [batch, size], dtype: dtype)).dropout(rate: rate, generator: &generator)
                    .value
            }
        }
        return context.random.drawing(seed: options.seed) { generator in
            Masks(
                inputs: draw(options.dropout, inputs, &generator),
                states: draw(options.recurrentDropout, options.units, &generator))
        }
    }

    // MARK: Computing

    /// The inputs' products with the kernel, of [batch, …, inputs], with the input's bias.
    private func products(of input: Variable, _ masks: [Tensor], in context: Context) -> Variable {
        let kernel = context[built(kernel)]
        let bias = inputBias(in: context)
        func masked(_ mask: Tensor) -> Variable {
            input * Variable(input.shape.rank == 3 ? mask.expandingAxis(at: 1) : mask)
        }
        if masks.count < 2 { return (masks.first.map(masked) ?? input).dense(kernel, bias: bias) }
        let units = options.units
        let gates = masks.enumerated().map { gate, mask in
            let columns = gate * units..<(gate + 1) * units
            return masked(mask).dense(kernel.sliced(columns, axis: 1), bias: bias.map { $0[columns] })
        }
        return Variable.concatenate(gates, axis: -1)
    }

    /// What is added to the input's products.
    package func inputBias(in context: Context) -> Variable? { bias.map { context[$0] } }
    /// What is added to the state's products.
    package func recurrentBias(in context: Context) -> Variable? { nil }

    /// The output and the next states of one step, given the input's products.
    ///
    /// - Parameter product: the product of a state and a gate's recurrent kernel, with the bias.
    package func advance(
        _ gates: [Variable], states: [Variable], product: (_ state: Variable, _ gate: Int) -> Variable
    ) -> (output: Variable, states: [Variable]) {
        fail("\(type(of: self)): advance(_:states:product:) is not overridden")
    }

    private func advance(
        _ products: Variable, states: [Variable], _ masks: [Tensor], in context: Context
    ) -> (output: Variable, states: [Variable]) {
        let units = options.units
        let kernel = context[built(recurrentKernel)]
        let bias = recurrentBias(in: context)
        return advance(products.split(parts: kind.gates, axis: -1), states: states) { state, gate in
            let columns = gate * units..<(gate + 1) * units
            let mask: Tensor? = masks.isEmpty ? nil : masks[gate]
            return (mask.map { state * Variable($0) } ?? state)
                .dense(kernel.sliced(columns, axis: 1), bias: bias.map { $0[columns] })
        }
    }

    public final override func step(
        _ input: Variable, states: [Variable], in context: Context
    ) -> (output: Variable, states: [Variable]) {
        let masks = drawMasks(batch: input.shape[0], inputs: input.shape[-1], dtype: input.dtype, in: context)
        return advance(
            products(of: input, masks.inputs, in: context), states: states, masks.states, in: context)
    }

    package final override func run(
        over sequences: Variable, states: [Variable], _ passage: SequencePassage, in context: Context
    ) -> (output: Variable, states: [Variable]) {
        let masks = drawMasks(
            batch: sequences.shape[0], inputs: sequences.shape[-1], dtype: sequences.dtype, in: context)
        let products = products(of: sequences, masks.inputs, in: context)
        guard let activation = options.activation.recurrent, let gate = recurrentActivation.recurrent else {
            return passage.stepByStep(over: products, states: states, outputState: 0) {
                advance($0, states: $1, masks.states, in: context)
            }
        }
        var pass = RecurrentPass(cell: kind)
        pass.activation = activation
        pass.recurrentActivation = gate
        pass.goesBackwards = passage.goesBackwards
        pass.zeroesMasked = passage.zeroesMasked
        pass.returnsSequences = passage.returnsSequences
        pass.mask = passage.mask
        pass.dropout = masks.states.isEmpty ? nil : Tensor.stack(masks.states, axis: 0)
        return products.recurrent(
            pass, kernel: context[built(recurrentKernel)], bias: recurrentBias(in: context), states: states)
    }
}
