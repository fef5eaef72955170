import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// Cells on top of each other, as one: each reads the output of the one before.
///
/// ```swift
/// let layer = RNN(StackedRNNCells([LSTMCell(64), GRUCell(32)]))
/// ```
///
/// # Shapes
/// input [batch, …], the states of all cells, one cell's after the other's → output [batch, the last cell's outputSize],
/// states as before.
///
/// Follows `keras.layers.StackedRNNCells`; states that Keras nests lie one after the other here.
public final class StackedRNNCells: RecurrentCell, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Each a `RecurrentCell`.
        public var cells: [NestedLayer]

        package init(cells: [NestedLayer]) { self.cells = cells }

        public var fault: String? {
            if cells.isEmpty { return "no cells, expected at least one" }
            return cells.first { !($0.layer is RecurrentCell) }.map {
                "one of the cells is \($0.layer.label), expected a RecurrentCell"
            }
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    public let cells: [RecurrentCell]

    /// Traps if there are no cells.
    public convenience init(_ cells: [RecurrentCell], name: String? = nil) {
        self.init(configuration: Configuration(cells: cells.map { NestedLayer($0) }), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        cells = configuration.cells.compactMap { $0.layer as? RecurrentCell }
        super.init(name: name)
    }

    public override var sublayers: [Layer] { cells }
    package override var kerasAttributes: [String] {
        var counts: [String: Int] = [:]
        return cells.map { cell in
            let type = (cell as? any ConfigurableLayer).map { Swift.type(of: $0).className }
            let base = LayerNames.snakeCase(type ?? "\(Swift.type(of: cell))")
            let count = counts[base, default: 0]
            counts[base] = count + 1
            return "cells/" + (count == 0 ? base : "\(base)_\(count)")
        }
    }

    public override var stateSizes: [Int] { cells.flatMap { $0.stateSizes } }
    public override var outputSize: Int { cells.last?.outputSize ?? 0 }
    package override var outputState: Int? {
        cells.last?.outputState.map { stateSizes.count - (cells.last?.stateSizes.count ?? 0) + $0 }
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if let fault = faultOfStates(shapes.dropFirst()) { return fault }
        var input = shapes[0]
        for cell in cells {
            if let fault = cell.fault(ofInputs: [input] + cell.stateSizes.map { [$0] }) {
                return "\(cell.label): \(fault)"
            }
            input = [cell.outputSize]
        }
        return nil
    }

    public override func inputDType(at index: Int) -> DType {
        index == 0 ? cells.first?.inputDType(at: 0) ?? dtype : dtype
    }

    public override func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        var input = inputShapes[0]
        for cell in cells {
            cell.buildIfNeeded(
                inputShapes: [input] + cell.stateSizes.map { [$0] }, generator: &generator)
            input = [cell.outputSize]
        }
    }

    /// Calls `body` with each cell, what it reads and its states; gives the last one's output and all states.
    private func chain(
        _ input: Variable, _ states: [Variable],
        _ body: (_ index: Int, Variable, [Variable]) -> (output: Variable, states: [Variable])
    ) -> (output: Variable, states: [Variable]) {
        var (output, next, first) = (input, [Variable](), 0)
        for (index, cell) in cells.enumerated() {
            let end = first + cell.stateSizes.count
            let result = body(index, output, Array(states[first..<end]))
            first = end
            output = result.output
            next += result.states
        }
        return (output, next)
    }

    public override func step(
        _ input: Variable, states: [Variable], in context: Context
    ) -> (output: Variable, states: [Variable]) {
        chain(input, states) { cells[$0].step($1, states: $2, in: context) }
    }

    /// One cell after the other goes over all steps: the next one reads the same of it as step by step. At masked steps it
    /// reads something else, and keeps its states.
    package override func run(
        over sequences: Variable, states: [Variable], _ passage: SequencePassage, in context: Context
    ) -> (output: Variable, states: [Variable]) {
        chain(sequences, states) { index, sequences, states in
            var passage = passage
            if index > 0 && passage.goesBackwards {
                // What a cell puts out backwards, the next one reads as it comes.
                passage.goesBackwards = false
                passage.mask = passage.mask?.flipped(axes: [1])
            }
            if index < cells.count - 1 { passage.returnsSequences = true }
            return cells[index].run(over: sequences, states: states, passage, in: context)
        }
    }
}
