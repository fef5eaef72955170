import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// The steps of a table that was only looked up in. A row that was not read has a gradient of 0; but Adam's means and a
/// velocity go on to move its weights. Its steps wait until somebody reads the row, or the whole table, and are then
/// taken one after the other: the same bits as if all rows had taken every step, without going over the table's memory
/// at each.
///
/// Where zeros change nothing at all, for gradient descent without momentum and weight decay, nothing waits.
final class RowDeferral: PendingRows {
    private let state: ParameterState
    private let rule: StepRule
    /// Steps that some row has not taken yet, the earliest first.
    private var steps: [StepTerms] = []
    /// How many of them each row has taken.
    private var taken: [Int32]

    /// So many steps wait at most: then all rows take them, which costs a step over the whole table.
    private static let mostSteps = 64

    init(_ state: ParameterState, _ rule: StepRule, rows: Int) {
        self.state = state
        self.rule = rule
        taken = Array(repeating: 0, count: rows)
    }

    /// Takes a step with the rows that have a gradient; it waits for the others.
    func step(_ parameter: Parameter, _ gradient: RowGradient, _ terms: StepTerms) {
        let skipsZeros = steps.isEmpty && rule.skipsZeros(terms)
        if steps.count == Self.mostSteps { parameter.settle() }
        parameter.updateRows(puttingOffOthers: self) { value in
            steps.append(terms)
            run(&value, gradient.rows, gradient.values)
            guard skipsZeros else { return }
            for row in gradient.rows { taken[Int(row)] = 0 }
            steps.removeAll(keepingCapacity: true)
        }
    }

    func settle(_ rows: [Int32]?, of value: inout Tensor) {
        guard !steps.isEmpty else { return }
        run(&value, rows, nil)
        guard rows == nil else { return }
        steps.removeAll(keepingCapacity: true)
        for row in taken.indices { taken[row] = 0 }
    }

    /// The steps that these rows have not taken, the last one with the gradients if there are some.
    private func run(_ value: inout Tensor, _ rows: [Int32]?, _ gradients: Tensor?) {
        func apply<T: RealScalar>(_ type: T.Type, _ value: inout Tensor) {
            let address = value.mutableAddress()
            let width = value.count / max(1, taken.count)
            let slots = (slot(0), slot(1), slot(2))
            taken.withUnsafeMutableBufferPointer { taken in
                guard let base = taken.baseAddress else { return }
                let table = RowSteps(rule, width: width, value: address, slots: slots, taken: base)
                if let rows, let gradients {
                    gradients.withElements { (gradients: UnsafePointer<T>) in
                        table.step(rows, gradients: gradients, steps: steps)
                    }
                } else {
                    table.settle(rows, count: rows?.count ?? taken.count, steps: steps, of: T.self)
                }
            }
        }
        apply(value.dtype.realType(for: "Optimizer"), &value)
    }

    private func slot(_ index: Int) -> UnsafeMutableRawPointer? {
        guard let count = state.slots?.tensors.count, index < count else { return nil }
        return state.slots?.tensors[index].mutableAddress()
    }
}
