import CitiusSIMD

/// The activations that recurrent cells compute in one pass with their gates.
package enum RecurrentActivation: Int, Sendable, CaseIterable {
    // Their numbers are `citius_activation`'s.
    case linear, tanh, sigmoid, relu, hardSigmoid
}

/// A recurrent cell's passage over sequences: what depends on the state, step by step. The products of the inputs, of all
/// steps at once, are made before.
///
/// A batch is cut into blocks of rows, by its size alone. A thread takes a block through all steps: no step waits for
/// another thread, and the block's states and the recurrent kernel, packed, stay in the core's caches.
package struct Recurrence: Sendable {
    package enum Cell: Sendable {
        case simple
        case lstm
        /// Whether the reset gate acts on the product of the state and the kernel, or on the state before it.
        case gru(resetsAfter: Bool)

        /// Gates, and with them the columns of kernels, in units.
        package var gates: Int {
            switch self {
            case .simple: 1
            case .lstm: 4
            case .gru: 3
            }
        }

        package var states: Int { if case .lstm = self { 2 } else { 1 } }

        /// What is kept of each step for the gradient, in units: of a simple cell the state; of an LSTM i, f, g, o and the
        /// carry; of a GRU z, r, the candidate, and the candidate's product (or the state behind the reset gate).
        var recorded: Int {
            switch self {
            case .simple: 1
            case .lstm: 5
            case .gru: 4
            }
        }
    }

    package var cell: Cell
    package var activation = RecurrentActivation.tanh
    package var recurrentActivation = RecurrentActivation.sigmoid
    /// From the last step to the first; outputs come in this order.
    package var goesBackwards = false
    /// Whether a masked step puts out 0 instead of the output before it.
    package var zeroesMasked = false
    package var batch: Int
    package var steps: Int
    package var units: Int

    package init(cell: Cell, batch: Int, steps: Int, units: Int) {
        self.cell = cell
        self.batch = batch
        self.steps = steps
        self.units = units
    }

    var gates: Int { cell.gates }
    /// Elements that are kept of each row and step for the gradient.
    package var recordWidth: Int { cell.recorded * units }

    /// The operands of a passage and of its gradient. Those that are [batch, steps, …] are in the order of the input, but
    /// `y` and `dy` in that in which the steps are taken.
    package struct Operands<T: KernelReal> {
        /// [units, gates · units]
        package var kernel: UnsafePointer<T>
        /// `kernel`, packed by `pack`; for the gradient, transposed.
        package var packed: UnsafePointer<T>?
        /// Added to the state's products, [gates · units].
        package var bias: UnsafePointer<T>?
        /// [batch, steps]
        package var mask: UnsafePointer<Bool>?
        /// What the state is multiplied by before each gate's product, [gates, batch, units].
        package var dropout: UnsafePointer<T>?
        /// The input's products, with their bias, [batch, steps, gates · units].
        package var x: UnsafePointer<T>?
        /// The states, [batch, units] each: the initial ones, which become the last.
        package var h: UnsafeMutablePointer<T>?
        package var c: UnsafeMutablePointer<T>?
        /// For the gradient: the state before each step, [batch, steps, units], and [batch, steps, recordWidth].
        package var before: UnsafeMutablePointer<T>?
        package var record: UnsafeMutablePointer<T>?
        /// [batch, steps, units]
        package var y: UnsafeMutablePointer<T>?

        /// [batch, steps, units]; nil: 0.
        package var dy: UnsafePointer<T>?
        /// Gradients of the last states, which become those of the initial ones, [batch, units].
        package var dh: UnsafeMutablePointer<T>?
        package var dc: UnsafeMutablePointer<T>?
        /// [batch, steps, gates · units]
        package var dx: UnsafeMutablePointer<T>?
        /// The initial carry, [batch, units].
        package var initialC: UnsafePointer<T>?

        package init(kernel: UnsafePointer<T>) { self.kernel = kernel }
    }

    // MARK: The recurrent kernel, packed

    /// Elements of the packed kernel: blocks of two vectors of columns for each gate.
    package var packedCount: Int {
        let width = 2 * InstructionSet.chosen.kernels.lanes
        return gates * ((units + width - 1) / width * width) * units
    }

    private var panels: Int {
        let width = 2 * InstructionSet.chosen.kernels.lanes
        return (units + width - 1) / width
    }

    /// Packs the kernel of each gate, or its transposed, as `multiply_rows` reads it.
    package func pack(
        _ kernel: UnsafePointer<Float>, transposed: Bool, to packed: UnsafeMutablePointer<Float>
    ) {
        let set = InstructionSet.chosen.kernels
        let (width, row) = (2 * set.lanes, gates * units)
        ThreadPool.shared.forRanges(of: gates * panels, grain: max(1, 16_384 / (width * max(1, units)))) {
            for number in $0 {
                let (gate, first) = (number / panels, number % panels * width)
                let count = min(width, units - first)
                let panel = packed + number * units * width
                if count < width { panel.update(repeating: 0, count: units * width) }
                if transposed {
                    set.transpose(kernel + first * row + gate * units, row, count, units, panel, width)
                    continue
                }
                for depth in 0..<units {
                    (panel + depth * width).update(
                        from: kernel + depth * row + gate * units + first, count: count)
                }
            }
        }
    }

    // MARK: Blocks of rows

    /// Blocks of some 16 rows: so many reuse what is read of the kernel often enough. A smaller batch is cut in two.
    private var blocks: Int {
        batch < 32
            ? ThreadPool.chunkCount(of: batch, grain: 4, limit: 2)
            : ThreadPool.chunkCount(of: batch, grain: 16)
    }

    private func span<T>(_ name: String, _ type: T.Type) -> Span {
        let work = batch * steps * units
        return Span(
            "\(name) \(cell) \(batch)×\(steps), \(units) units", operations: 2 * work * gates * units,
            elements: work * (gates + cell.recorded + 2), elementBytes: MemoryLayout<T>.size)
    }

    // MARK: Forward

    /// Takes the states through all steps.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func forward<T: KernelReal>(_ operands: Operands<T>) {
        let span = span("recurrence", T.self)
        defer { span.end() }
        let largest = (batch + blocks - 1) / blocks
        ThreadPool.shared.forChunks(blocks, of: batch, scratchCount: largest * (gates + 1) * units) {
            (_, rows: Range<Int>, scratch: UnsafeMutablePointer<T>) in
            let masked = scratch + largest * gates * units
            let product = StateProduct(self, operands, rows: rows, masked: masked)
            for number in 0..<steps {
                let step = RecurrentStep(self, operands, rows: rows, number: number, products: scratch)
                if case .gru(resetsAfter: false) = cell {
                    product.multiply(step.h, gates: 0..<2, to: scratch, dropping: true)
                    step.resetState(to: masked)
                    product.multiply(masked, gates: 2..<3, to: scratch, dropping: false)
                    step.finishReset()
                } else {
                    product.multiply(step.h, gates: 0..<gates, to: scratch, dropping: true)
                    step.run()
                }
            }
        }
    }

    // MARK: The gradient

    /// Takes the gradients of the states back through all steps. What was recorded is used up: of a GRU that resets after
    /// the product, the gradient of that product stands in its place.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func gradient<T: KernelReal>(_ operands: Operands<T>) {
        let span = span("gradient of recurrence", T.self)
        defer { span.end() }
        let largest = (batch + blocks - 1) / blocks
        ThreadPool.shared.forChunks(blocks, of: batch, scratchCount: 2 * largest * units) {
            (_, rows: Range<Int>, scratch: UnsafeMutablePointer<T>) in
            let product = StateProduct(self, operands, rows: rows, masked: scratch + largest * units)
            let width = gates * units
            for number in (0..<steps).reversed() {
                let step = RecurrentStep(self, operands, rows: rows, number: number, products: scratch)
                switch cell {
                case .gru(resetsAfter: false):
                    step.differentiateCandidate()
                    scratch.update(repeating: 0, count: rows.count * units)
                    product.addTransposed(step.dx + 2 * units, stride: steps * width, gate: 2, to: scratch)
                    step.differentiateReset(scratch)
                    for gate in 0..<2 {
                        product.addTransposed(
                            step.dx + gate * units, stride: steps * width, gate: gate, to: step.dh)
                    }
                default:
                    step.differentiate()
                    for gate in 0..<gates {
                        if case .gru = cell, gate == 2 {
                            product.addTransposed(
                                step.record + 3 * units, stride: steps * recordWidth, gate: gate, to: step.dh)
                        } else {
                            product.addTransposed(
                                step.dx + gate * units, stride: steps * width, gate: gate, to: step.dh)
                        }
                    }
                }
            }
        }
    }
}

/// The products of a block's states and the recurrent kernel.
private struct StateProduct<T: KernelReal> {
    let recurrence: Recurrence
    let operands: Recurrence.Operands<T>
    let rows: Range<Int>
    /// Room for the block's states.
    let masked: UnsafeMutablePointer<T>
    private let set = InstructionSet.chosen.kernels
    /// The packed kernel's elements for a depth of this many rows stay in the L1 cache.
    private static var depth: Int { 256 }

    init(
        _ recurrence: Recurrence, _ operands: Recurrence.Operands<T>, rows: Range<Int>,
        masked: UnsafeMutablePointer<T>
    ) {
        self.recurrence = recurrence
        self.operands = operands
        self.rows = rows
        self.masked = masked
    }

    private var units: Int { recurrence.units }

    private func dropout(_ gate: Int) -> UnsafePointer<T>? {
        operands.dropout.map { $0 + (gate * recurrence.batch + rows.lowerBound) * units }
    }

    /// products[:, gate] ← state · kernel[:, gate] + bias[gate].
    @inline(__always)
    func multiply(
        _ state: UnsafeMutablePointer<T>, gates: Range<Int>, to products: UnsafeMutablePointer<T>,
        dropping: Bool
    ) {
        let all = recurrence.gates
        // The blocks of whole gates follow one another.
        if operands.dropout == nil || !dropping, T.self == Float.self, units % (2 * set.lanes) == 0 {
            multiply(
                UnsafePointer(state), gates.lowerBound, columns: gates.count * units,
                to: products + gates.lowerBound * units, stride: all * units)
            return
        }
        for gate in gates {
            var source = UnsafePointer(state)
            if dropping, let factor = dropout(gate) {
                for index in 0..<rows.count * units { masked[index] = state[index] * factor[index] }
                source = UnsafePointer(masked)
            }
            multiply(source, gate, columns: units, to: products + gate * units, stride: all * units)
        }
    }

    @inline(__always)
    private func multiply(
        _ state: UnsafePointer<T>, _ gate: Int, columns: Int, to y: UnsafeMutablePointer<T>, stride: Int
    ) {
        let bias = operands.bias.map { $0 + gate * units }
        if T.self == Float.self {
            multiplyPacked(
                floats(state), stride: units, gate, columns: columns, bias: bias.map { floats($0) },
                to: mutableFloats(y), stride: stride, adding: false)
            return
        }
        multiplyOnThisThread(
            rows: rows.count, columns: columns, depth: units, state, leadingA: units,
            operands.kernel + gate * units, leadingB: recurrence.gates * units, y, leadingC: stride)
        if let bias {
            for row in 0..<rows.count {
                for column in 0..<columns { y[row * stride + column] += bias[column] }
            }
        }
    }

    /// states += dropout · (gradient · kernel[:, gate]ᵀ).
    @inline(__always)
    func addTransposed(
        _ gradient: UnsafeMutablePointer<T>, stride: Int, gate: Int, to states: UnsafeMutablePointer<T>
    ) {
        let factor = dropout(gate)
        let target = factor == nil ? states : masked
        if T.self == Float.self {
            multiplyPacked(
                floats(UnsafePointer(gradient)), stride: stride, gate, columns: units, bias: nil,
                to: mutableFloats(target), stride: units, adding: factor == nil)
        } else {
            multiplyOnThisThread(
                transposeB: true, rows: rows.count, columns: units, depth: units, UnsafePointer(gradient),
                leadingA: stride, operands.kernel + gate * units, leadingB: recurrence.gates * units,
                beta: factor == nil ? 1 : 0, target, leadingC: units)
        }
        if let factor {
            for index in 0..<rows.count * units { states[index] += masked[index] * factor[index] }
        }
    }

    private func multiplyPacked(
        _ x: UnsafePointer<Float>, stride: Int, _ gate: Int, columns: Int, bias: UnsafePointer<Float>?,
        to y: UnsafeMutablePointer<Float>, stride yStride: Int, adding: Bool
    ) {
        guard let packed = operands.packed.map({ floats($0) }) else { return }
        let width = 2 * set.lanes
        let weights = packed + gate * ((units + width - 1) / width * width) * units
        withUnsafeTemporaryAllocation(of: Int.self, capacity: rows.count) { offsets in
            for row in 0..<rows.count { offsets[row] = row * stride }
            var segment = 0
            withUnsafePointer(to: &segment) { segment in
                for first in Swift.stride(from: 0, to: units, by: Self.depth) {
                    var product = citius_product(
                        x: x + first, rows: offsets.baseAddress, row_count: rows.count, segments: segment,
                        segment_count: 1, segment_length: min(Self.depth, units - first),
                        weights: weights + first * width, weight_stride: width, block_stride: units * width,
                        columns: columns, bias: first == 0 ? bias : nil,
                        clamp: Clamp.identity.forMicrokernels, accumulates: adding || first > 0 ? 1 : 0,
                        y: y, y_stride: yStride)
                    set.multiply_rows(&product)
                }
            }
        }
    }
}
