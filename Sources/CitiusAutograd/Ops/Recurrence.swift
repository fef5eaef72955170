import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// A recurrent cell's passage over a batch of sequences.
package struct RecurrentPass {
    package var cell: Recurrence.Cell
    package var activation = RecurrentActivation.tanh
    package var recurrentActivation = RecurrentActivation.sigmoid
    /// From the last step to the first; outputs come in this order.
    package var goesBackwards = false
    /// Whether a masked step puts out 0 instead of the output before it.
    package var zeroesMasked = false
    /// Whether the output has all steps, or the last one alone.
    package var returnsSequences = false
    /// Which steps count, [batch, steps] of bool.
    package var mask: Tensor?
    /// What the state is multiplied by before each gate's product, [gates, batch, units]; the same for all steps.
    package var dropout: Tensor?

    package init(cell: Recurrence.Cell) { self.cell = cell }
}

extension Variable {
    /// The outputs and the last states of a cell that goes over sequences, in one operation: what depends on the state,
    /// step by step. `self` are the inputs' products with their kernel, of all steps, with their bias.
    ///
    /// In the pullback the recurrent kernel's gradient is one product over all steps.
    ///
    /// - Parameters: `self` is [batch, steps, gates · units], `kernel` [units, gates · units], `bias`, which is added to
    ///   the state's products, [gates · units], `states` [batch, units] each; none are zeros.
    /// - Returns: the output, [batch, steps, units] or [batch, units], and the last states.
    ///
    /// Traps if the shapes do not fit together or the dtypes differ.
    package func recurrent(
        _ pass: RecurrentPass, kernel: Variable, bias: Variable? = nil, states: [Variable] = []
    ) -> (output: Variable, states: [Variable]) {
        let (gates, units) = (pass.cell.gates, kernel.shape[0])
        require(
            shape.rank == 3 && shape[2] == gates * units && kernel.shape == [units, gates * units],
            "recurrent: inputs \(shape) and kernel \(kernel.shape), expected [batch, steps, \(gates) · units] and [units, \(gates) · units]"
        )
        let (batch, steps) = (shape[0], shape[1])
        requireOneDType("recurrent", kernel, bias: bias)
        require(
            bias == nil || bias?.shape == [gates * units],
            "recurrent: bias has shape \(bias?.shape ?? []), expected [\(gates * units)]")
        require(
            states.isEmpty || states.count == pass.cell.states,
            "recurrent: \(states.count) states, expected \(pass.cell.states)")
        for state in states {
            require(
                state.shape == [batch, units] && state.dtype == dtype,
                "recurrent: a state is \(state.dtype) \(state.shape), expected \(dtype) [\(batch), \(units)]")
        }
        require(
            pass.mask == nil || pass.mask?.shape == [batch, steps],
            "recurrent: the mask has shape \(pass.mask?.shape ?? []), expected [\(batch), \(steps)]")
        var recurrence = Recurrence(cell: pass.cell, batch: batch, steps: steps, units: units)
        recurrence.activation = pass.activation
        recurrence.recurrentActivation = pass.recurrentActivation
        recurrence.goesBackwards = pass.goesBackwards
        recurrence.zeroesMasked = pass.zeroesMasked
        let inputs = [self, kernel] + (bias.map { [$0] } ?? []) + states
        func apply<T: RealScalar>(_ type: T.Type) -> (Variable, [Variable]) {
            RecurrentPassage<T>(pass, recurrence, x: value, kernel: kernel, bias: bias, states: states)
                .forward(from: inputs)
        }
        return apply(dtype.realType(for: "recurrent"))
    }
}

/// A passage, and what its gradient needs of it.
private final class RecurrentPassage<T: RealScalar> {
    private let pass: RecurrentPass
    private let recurrence: Recurrence
    private let x: Tensor
    private let kernel: Variable
    private let bias: Variable?
    private let states: [Variable]
    /// The state before each step, and the gates.
    private var before: Tensor?
    private var record: Tensor?

    init(
        _ pass: RecurrentPass, _ recurrence: Recurrence, x: Tensor, kernel: Variable, bias: Variable?,
        states: [Variable]
    ) {
        self.pass = pass
        self.recurrence = recurrence
        self.x = x
        self.kernel = kernel
        self.bias = bias
        self.states = states
    }

    private var units: Int { recurrence.units }
    private var gates: Int { pass.cell.gates }
    private var rows: Int { recurrence.batch * recurrence.steps }

    /// The recurrent kernel as the microkernels read it; nil for other types.
    private func packed(transposed: Bool) -> Tensor? {
        guard T.self == Float.self else { return nil }
        return Tensor(shape: [recurrence.packedCount]) { (out: UnsafeMutablePointer<Float>) in
            kernel.value.withElements { recurrence.pack($0, transposed: transposed, to: out) }
        }
    }

    /// Calls `body` with the operands that do not change. The tensors stay alive meanwhile.
    private func withOperands(
        packed: Tensor?, _ body: (inout Recurrence.Operands<T>) -> Void
    ) {
        func pointer<E>(_ tensor: Tensor?) -> UnsafePointer<E>? {
            tensor?.address.assumingMemoryBound(to: E.self)
        }
        withExtendedLifetime((self, packed)) {
            var operands = Recurrence.Operands<T>(
                kernel: kernel.value.address.assumingMemoryBound(to: T.self))
            operands.packed = pointer(packed)
            operands.bias = pointer(bias?.value)
            operands.mask = pointer(pass.mask)
            operands.dropout = pointer(pass.dropout)
            body(&operands)
        }
    }

    func forward(from inputs: [Variable]) -> (Variable, [Variable]) {
        let (batch, steps) = (recurrence.batch, recurrence.steps)
        let isTracked = inputs.contains { $0.isTracked }
        let state: Shape = [batch, units]
        var last = (0..<pass.cell.states).map { index in
            states.isEmpty
                ? Tensor(zeros: state, dtype: x.dtype)
                : Tensor(shape: state) { (out: UnsafeMutablePointer<T>) in
                    states[index].value.withElements { out.update(from: $0, count: state.count) }
                }
        }
        // With zeros for masked steps, the last output need not be the last state.
        let needsOutputs = pass.returnsSequences || pass.zeroesMasked && pass.mask != nil
        var y = needsOutputs ? Tensor(uninitialized: [batch, steps, units], dtype: x.dtype) : nil
        if isTracked {
            before = Tensor(uninitialized: [batch, steps, units], dtype: x.dtype)
            record = Tensor(uninitialized: [batch, steps, recurrence.recordWidth], dtype: x.dtype)
        }
        withOperands(packed: packed(transposed: false)) { operands in
            operands.x = x.address.assumingMemoryBound(to: T.self)
            operands.h = last[0].mutableAddress().assumingMemoryBound(to: T.self)
            if last.count > 1 { operands.c = last[1].mutableAddress().assumingMemoryBound(to: T.self) }
            operands.before = before?.mutableAddress().assumingMemoryBound(to: T.self)
            operands.record = record?.mutableAddress().assumingMemoryBound(to: T.self)
            operands.y = y?.mutableAddress().assumingMemoryBound(to: T.self)
            recurrence.forward(operands)
        }
        let results = (y.map { [$0] } ?? []) + last
        let variables = Variable.computed(results, from: inputs) { [self] cotangents in
            gradients(
                dy: y == nil ? nil : cotangents[0], dStates: Array(cotangents.suffix(pass.cell.states)))
        }
        let lastStates = Array(variables.suffix(pass.cell.states))
        guard y != nil else { return (lastStates[0], lastStates) }
        return (
            pass.returnsSequences
                ? variables[0] : variables[0].sliced(steps - 1..<steps, axis: 1).squeezed(axis: 1), lastStates
        )
    }

    private func gradients(dy: Tensor?, dStates: [Tensor?]) -> [Tensor?] {
        let state: Shape = [recurrence.batch, units]
        // Written below: a gradient may be shared with others.
        var d = dStates.map { gradient in
            gradient.map { gradient in
                Tensor(shape: state) { (out: UnsafeMutablePointer<T>) in
                    gradient.withElements { out.update(from: $0, count: state.count) }
                }
            } ?? Tensor(zeros: state, dtype: x.dtype)
        }
        var dx = Tensor(uninitialized: x.shape, dtype: x.dtype)
        let initialC = d.count < 2 ? nil : states.last?.value ?? Tensor(zeros: state, dtype: x.dtype)
        withOperands(packed: packed(transposed: true)) { operands in
            operands.before = before?.mutableAddress().assumingMemoryBound(to: T.self)
            operands.record = record?.mutableAddress().assumingMemoryBound(to: T.self)
            operands.dy = dy?.address.assumingMemoryBound(to: T.self)
            operands.dh = d[0].mutableAddress().assumingMemoryBound(to: T.self)
            if d.count > 1 { operands.dc = d[1].mutableAddress().assumingMemoryBound(to: T.self) }
            operands.initialC = initialC?.address.assumingMemoryBound(to: T.self)
            operands.dx = dx.mutableAddress().assumingMemoryBound(to: T.self)
            withExtendedLifetime((dy, initialC)) { recurrence.gradient(operands) }
        }
        let dKernel = kernel.isTracked ? kernelGradient(dx) : nil
        var result: [Tensor?] = [dx, dKernel]
        if let bias {
            var sums: Tensor?
            if bias.isTracked {
                sums = dx.rowSums(T.self)
                if case .gru(resetsAfter: true) = pass.cell, let record {
                    let products = record.sliced(3 * units..<4 * units, axis: 2)
                    sums = sums.map {
                        Tensor.concatenate([$0[0..<2 * units], products.rowSums(T.self)])
                    }
                }
            }
            result.append(sums)
        }
        result += states.indices.map { states[$0].isTracked ? d[$0] : nil }
        before = nil
        record = nil
        return result
    }

    /// The recurrent kernel's: of each gate, states beforeᵀ · gradients of its products, over all steps.
    private func kernelGradient(_ dx: Tensor) -> Tensor {
        let width = gates * units
        return Tensor(shape: kernel.shape) { (out: UnsafeMutablePointer<T>) in
            guard let before, let record else { return }
            dx.withElements { (dx: UnsafePointer<T>) in
                record.withElements { (record: UnsafePointer<T>) in
                    /// Of the gates from one on, given their gradients and the states' rows.
                    func multiply(
                        _ states: UnsafePointer<T>, _ stride: Int, gate: Int, count: Int,
                        _ gradients: UnsafePointer<T>, _ gradientStride: Int
                    ) {
                        matrixMultiply(
                            transposeA: true, rows: units, columns: count * units, depth: rows, states,
                            leadingA: stride, gradients, leadingB: gradientStride, out + gate * units,
                            leadingC: width)
                    }
                    func dropped(_ gate: Int) -> Tensor {
                        guard let dropout = pass.dropout else { return before }
                        return before * dropout[gate].expandingAxis(at: 1)
                    }
                    let recordWidth = recurrence.recordWidth
                    var separate: Int?
                    if case .gru(let resetsAfter) = pass.cell {
                        separate = 2
                        let kept = record + 3 * units
                        if resetsAfter {
                            dropped(2).withElements {
                                multiply($0, units, gate: 2, count: 1, kept, recordWidth)
                            }
                        } else {
                            multiply(kept, recordWidth, gate: 2, count: 1, dx + 2 * units, width)
                        }
                    }
                    if pass.dropout == nil {
                        before.withElements {
                            multiply($0, units, gate: 0, count: separate ?? gates, dx, width)
                        }
                    } else {
                        for gate in 0..<(separate ?? gates) {
                            dropped(gate).withElements {
                                multiply($0, units, gate: gate, count: 1, dx + gate * units, width)
                            }
                        }
                    }
                }
            }
        }
    }
}
