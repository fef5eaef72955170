import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// What a recurrent layer does at each step: from the step's input and the states it makes an output and the next states.
///
/// One of your own states the sizes of its states and overrides `step`, and `build` if it owns parameters:
///
/// ```swift
/// final class MinimalCell: RecurrentCell {
///     let units: Int
///     private var kernel: Parameter?
///
///     init(_ units: Int) {
///         self.units = units
///         super.init()
///     }
///     override var stateSizes: [Int] { [units] }
///
///     override func build(inputShape: Shape, generator: inout RandomGenerator) {
///         kernel = addParameter(
///             "kernel", shape: [inputShape[-1], units], initializer: .glorotUniform, generator: &generator)
///     }
///     override func step(
///         _ input: Variable, states: [Variable], in context: Context
///     ) -> (output: Variable, states: [Variable]) {
///         guard let kernel else { return (states[0], states) }
///         let state = (input.dense(context[kernel]) + states[0] * 0.5).tanh()
///         return (state, [state])
///     }
/// }
/// let layer = RNN(MinimalCell(8), returnSequences: true)
/// ```
///
/// As a layer, a cell is called on one step's input and the states, and gives the output and the next states.
///
/// # Shapes
/// input [batch, …], states [batch, stateSizes[i]] → output [batch, outputSize], states as before.
open class RecurrentCell: Layer {
    /// The number of each state's elements. There must be at least one state.
    open var stateSizes: [Int] { fail("\(type(of: self)): stateSizes is not overridden") }

    /// The number of the output's elements; by default the first state's.
    open var outputSize: Int { stateSizes[0] }

    /// The output and the next states.
    open func step(
        _ input: Variable, states: [Variable], in context: Context
    ) -> (output: Variable, states: [Variable]) {
        fail("\(type(of: self)): step(_:states:in:) is not overridden")
    }

    /// What a masked step puts out before any other: the number of a state, or nil for zeros.
    package var outputState: Int? { nil }

    // MARK: As a layer

    public final override var takesSeveralInputs: Bool { true }

    /// Makes the parameters, given the shape of one step's input. By default the form for this input alone.
    open override func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        build(inputShape: inputShapes[0], generator: &generator)
    }

    open override func fault(ofInputs shapes: [Shape]) -> String? { faultOfStates(shapes.dropFirst()) }

    /// The fault of states that are not all given, or of other sizes.
    package final func faultOfStates(_ shapes: some Collection<Shape>) -> String? {
        let expected = stateSizes.map { Shape([$0]) }
        guard Array(shapes) != expected else { return nil }
        return "states of shapes \(shapes.map { $0.description }.joined(separator: ", ")), expected "
            + expected.map { $0.description }.joined(separator: ", ")
    }

    public final override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        [[outputSize]] + stateSizes.map { [$0] }
    }

    public final override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        let (output, states) = step(inputs[0], states: Array(inputs.dropFirst()), in: context)
        return [output] + states
    }

    // MARK: Over sequences

    /// Takes the states over all steps of a batch of sequences, [batch, steps, …]. By default step by step.
    package func run(
        over sequences: Variable, states: [Variable], _ passage: SequencePassage, in context: Context
    ) -> (output: Variable, states: [Variable]) {
        passage.stepByStep(over: sequences, states: states, outputState: outputState) {
            step($0, states: $1, in: context)
        }
    }
}

/// In Keras the inputs behind the first are one argument.
extension RecurrentCell: KeywordInputsLayer {
    package var inputsKeyword: String { "states" }
}

/// How a cell goes over sequences.
package struct SequencePassage {
    package var goesBackwards = false
    package var zeroesMasked = false
    package var returnsSequences = false
    /// [batch, steps]
    package var mask: Tensor?

    /// Takes states through all steps by a function of one.
    func stepByStep(
        over sequences: Variable, states: [Variable], outputState: Int?,
        _ step: (Variable, [Variable]) -> (output: Variable, states: [Variable])
    ) -> (output: Variable, states: [Variable]) {
        let count = sequences.shape[1]
        let inputs = sequences.split(sizes: Array(repeating: 1, count: count), axis: 1).map {
            $0.squeezed(axis: 1)
        }
        var states = states
        var outputs: [Variable] = []
        var last: Variable?
        for place in goesBackwards ? (0..<count).reversed() : Array(0..<count) {
            var (output, next) = step(inputs[place], states)
            if let mask {
                let counts = mask.sliced(place..<place + 1, axis: 1)
                let kept =
                    zeroesMasked
                    ? nil : last ?? outputState.map { states[$0] }
                output = Variable.where(
                    counts, output, kept ?? Variable(Tensor(zeros: output.shape, dtype: output.dtype)))
                next = zip(next, states).map { Variable.where(counts, $0, $1) }
            }
            states = next
            last = output
            if returnsSequences { outputs.append(output) }
        }
        guard let last else { fail("RNN: sequences of no steps, expected at least one") }
        return (returnsSequences ? Variable.stack(outputs, axis: 1) : last, states)
    }
}
