import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor
import Synchronization

/// How a recurrent layer goes over sequences, and what it gives.
public struct RecurrentOptions: Codable, Sendable, Hashable {
    /// Whether the output has all steps, [batch, steps, size], or the last one alone.
    public var returnSequences = false
    /// Whether the last states are outputs too.
    public var returnState = false
    /// From the last step to the first; outputs come in this order.
    public var goBackwards = false
    /// Whether a batch begins with the states in which the one before ended.
    public var stateful = false
    /// Without meaning here: accepted and kept for Keras's sake.
    public var unroll = false
    /// Whether a masked step puts out 0 instead of the output before it.
    public var zeroOutputForMask = false

    public init(
        returnSequences: Bool = false, returnState: Bool = false, goBackwards: Bool = false,
        stateful: Bool = false, unroll: Bool = false, zeroOutputForMask: Bool = false
    ) {
        self.returnSequences = returnSequences
        self.returnState = returnState
        self.goBackwards = goBackwards
        self.stateful = stateful
        self.unroll = unroll
        self.zeroOutputForMask = zeroOutputForMask
    }
}

/// A recurrent layer's options and its cell's, as Keras writes them: side by side.
@dynamicMemberLookup
public struct RecurrentConfiguration<Cell: LayerConfiguration>: LayerConfiguration {
    public var cell: Cell
    public var options: RecurrentOptions

    public init(cell: Cell, options: RecurrentOptions = RecurrentOptions()) {
        self.cell = cell
        self.options = options
    }

    public init(from decoder: any Decoder) throws {
        cell = try Cell(from: decoder)
        options = try RecurrentOptions(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        try options.encode(to: encoder)
        try cell.encode(to: encoder)
    }

    public var fault: String? { cell.fault }

    public subscript<Value>(dynamicMember path: KeyPath<Cell, Value>) -> Value { cell[keyPath: path] }
    public subscript<Value>(dynamicMember path: KeyPath<RecurrentOptions, Value>) -> Value {
        options[keyPath: path]
    }
}

/// A layer that takes a cell over sequences: `SimpleRNN`, `LSTM`, `GRU`, and `RNN` with any cell.
///
/// **States.** The first states are zeros, or further inputs: in an encoder and decoder the encoder's last states. A
/// `stateful` layer keeps the last ones for the next batch, which must have as many samples; they are not saved, and
/// `resetState` lets go of them.
///
/// ```swift
/// let words = Input(20, 64), translation = Input(20, 64)
/// let states = LSTM(32, returnState: true).outputs(of: words)
/// let decoded = LSTM(32, returnSequences: true)(translation, states[1], states[2])
/// ```
///
/// **Masks.** A masked step keeps states and output as they were, or puts out 0 with `zeroOutputForMask`. The mask is the
/// output's too if that has all steps. Where the first states are inputs, the mask is handed on but not read: Keras finds
/// masks by itself for layers of one input alone.
///
/// **Dropout** in training has one mask for all steps (Gal and Ghahramani, arXiv:1512.05287).
///
/// Deviation from Keras: a stateful layer takes the size of its batches from the first.
public class RecurrentLayer: Layer {
    public final let cell: RecurrentCell
    public private(set) final var options: RecurrentOptions
    /// Guarded, since any number of threads may predict.
    private let keptStates = Mutex<[Tensor]?>(nil)

    package init(_ cell: RecurrentCell, _ options: RecurrentOptions, name: String?) {
        self.cell = cell
        self.options = options
        super.init(name: name)
    }

    public final override var sublayers: [Layer] { [cell] }
    package final override var kerasAttributes: [String] { ["cell"] }
    public final override var takesSeveralInputs: Bool { true }
    public final override var supportsMasking: Bool { true }

    /// The last states of the batch before, if the layer is stateful; nil before the first and after `resetState`.
    public final var states: [Tensor]? { keptStates.withLock { $0 } }

    /// Lets go of what a stateful layer kept of the batch before.
    public final func resetState() { keptStates.withLock { $0 = nil } }

    /// In a `Bidirectional`: masked steps put out zeros where there are outputs of all steps.
    package final func zeroMaskedOutputs() { options.zeroOutputForMask = options.returnSequences }

    /// A layer of the same configuration and weights of its own that goes the other way; nil if its cell does not describe
    /// itself.
    package func reversed() -> RecurrentLayer? { nil }

    // MARK: Shapes

    /// The shapes of one step's input and of the states.
    private func cellShapes(_ shapes: [Shape]) -> [Shape] {
        [shapes[0].droppingFirst()] + cell.stateSizes.map { [$0] }
    }

    public final override func fault(ofInputs shapes: [Shape]) -> String? {
        guard shapes[0].rank >= 2 else {
            return "samples of shape \(shapes[0]), expected [steps, inputs]"
        }
        guard shapes[0][0] > 0 else { return "sequences of no steps, expected at least one" }
        if shapes.count > 1, let fault = cell.faultOfStates(shapes.dropFirst()) {
            return "behind the sequences, " + fault
        }
        return cell.fault(ofInputs: cellShapes(shapes))
    }

    public final override func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        cell.buildIfNeeded(inputShapes: cellShapes(inputShapes), generator: &generator)
    }

    public final override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        let size = cell.outputSize
        return [options.returnSequences ? [inputShapes[0][0], size] : [size]]
            + (options.returnState ? cell.stateSizes.map { [$0] } : [])
    }

    public final override func inputDType(at index: Int) -> DType {
        index == 0 ? cell.inputDType(at: 0) : dtype
    }

    /// The input's, if the output has all steps; the states have none.
    public final override func outputMask(for inputs: [Variable], output: Variable) -> Tensor? {
        options.returnSequences && output.shape.rank > 2 ? inputs[0].mask : nil
    }

    // MARK: Computing

    public final override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        let sequences = inputs[0]
        let batch = sequences.shape[0]
        require(
            sequences.shape.rank >= 3 && sequences.shape[1] > 0,
            "\(label): sequences of shape \(sequences.shape), expected [batch, steps, inputs] of at least one step"
        )
        var states = Array(inputs.dropFirst())
        if states.isEmpty, options.stateful, let kept = self.states {
            require(
                kept[0].shape[0] == batch,
                "\(label): a batch of \(batch) samples, expected the \(kept[0].shape[0]) whose states it kept; it is stateful, "
                    + "call resetState() between batches of other sizes")
            states = kept.map { Variable($0) }
        }
        if states.isEmpty {
            let type = sequences.dtype.isFloatingPoint ? sequences.dtype : dtype
            states = cell.stateSizes.map { Variable(Tensor(zeros: [batch, $0], dtype: type)) }
        }
        let passage = SequencePassage(
            goesBackwards: options.goBackwards, zeroesMasked: options.zeroOutputForMask,
            returnsSequences: options.returnSequences, mask: inputs.count == 1 ? sequences.mask : nil)
        let (output, last) = cell.run(over: sequences, states: states, passage, in: context)
        if options.stateful { keptStates.withLock { kept in kept = last.map { $0.value } } }
        return [output] + (options.returnState ? last : [])
    }
}

/// In Keras the inputs behind the first are one argument.
extension RecurrentLayer: KeywordInputsLayer {
    package var inputsKeyword: String { "initial_state" }
}
