import CitiusSIMD

/// One step of a block of rows through a cell, behind the products; or its gradient. Float32 goes through the
/// microkernels; this is the same for other types.
struct RecurrentStep<T: KernelReal> {
    private let recurrence: Recurrence
    private let operands: Recurrence.Operands<T>
    private let rows: Range<Int>
    /// Its place in the input, and in the order in which steps are taken.
    private let place: Int
    private let number: Int
    /// [rows, gates · units]
    private let products: UnsafeMutablePointer<T>

    @inline(__always)
    init(
        _ recurrence: Recurrence, _ operands: Recurrence.Operands<T>, rows: Range<Int>, number: Int,
        products: UnsafeMutablePointer<T>
    ) {
        self.recurrence = recurrence
        self.operands = operands
        self.rows = rows
        self.number = number
        place = recurrence.goesBackwards ? recurrence.steps - 1 - number : number
        self.products = products
    }

    private var units: Int { recurrence.units }
    private var steps: Int { recurrence.steps }
    private var gates: Int { recurrence.gates }

    /// The block's first row at this step, of [batch, steps, width].
    @inline(__always)
    private func first(_ pointer: UnsafeMutablePointer<T>, _ width: Int, at place: Int)
        -> UnsafeMutablePointer<T>
    {
        pointer + (rows.lowerBound * steps + place) * width
    }

    /// The block's states, [rows, units].
    var h: UnsafeMutablePointer<T> { operands.h! + rows.lowerBound * units }
    var dh: UnsafeMutablePointer<T> { operands.dh! + rows.lowerBound * units }
    private var c: UnsafeMutablePointer<T>? { operands.c.map { $0 + rows.lowerBound * units } }
    private var dc: UnsafeMutablePointer<T>? { operands.dc.map { $0 + rows.lowerBound * units } }
    /// The block's first row at this step; `steps` rows lie from one to the next.
    var dx: UnsafeMutablePointer<T> { first(operands.dx!, gates * units, at: place) }
    var record: UnsafeMutablePointer<T> { first(operands.record!, recurrence.recordWidth, at: place) }
    private var x: UnsafePointer<T> {
        operands.x! + (rows.lowerBound * steps + place) * gates * units
    }
    private var before: UnsafeMutablePointer<T>? {
        operands.before.map { first($0, units, at: place) }
    }
    private var y: UnsafeMutablePointer<T>? { operands.y.map { first($0, units, at: number) } }
    private var dy: UnsafePointer<T>? {
        operands.dy.map { $0 + (rows.lowerBound * steps + number) * units }
    }
    private var mask: UnsafePointer<Bool>? { operands.mask.map { $0 + rows.lowerBound * steps + place } }

    /// The carry before this step, and from one row to the next.
    private var carryBefore: (UnsafePointer<T>, stride: Int)? {
        guard case .lstm = recurrence.cell else { return nil }
        if number == 0 { return (operands.initialC! + rows.lowerBound * units, units) }
        let previous = recurrence.goesBackwards ? place + 1 : place - 1
        let record = first(operands.record!, recurrence.recordWidth, at: previous)
        return (UnsafePointer(record + 4 * units), steps * recurrence.recordWidth)
    }

    // MARK: By the microkernels

    private var forMicrokernels: citius_recurrent_step {
        func floats(_ pointer: UnsafePointer<T>?) -> UnsafePointer<Float>? {
            UnsafeRawPointer(pointer)?.assumingMemoryBound(to: Float.self)
        }
        func floats(_ pointer: UnsafeMutablePointer<T>?) -> UnsafeMutablePointer<Float>? {
            UnsafeMutableRawPointer(pointer)?.assumingMemoryBound(to: Float.self)
        }
        var step = citius_recurrent_step()
        step.rows = rows.count
        step.units = units
        step.activation = Int32(recurrence.activation.rawValue)
        step.recurrent_activation = Int32(recurrence.recurrentActivation.rawValue)
        step.mask = mask.map { UnsafeRawPointer($0).assumingMemoryBound(to: UInt8.self) }
        step.mask_stride = steps
        step.zeroes_masked = recurrence.zeroesMasked ? 1 : 0
        step.before = floats(before)
        step.before_stride = steps * units
        step.record = floats(operands.record == nil ? nil : record)
        step.record_stride = steps * recurrence.recordWidth
        return step
    }

    func run() {
        if T.self == Float.self {
            var step = forMicrokernels
            step.x = floats(x)
            step.x_stride = steps * gates * units
            step.products = floats(UnsafePointer(products))
            step.h = mutableFloats(h)
            step.c = c.map { mutableFloats($0) }
            step.y = y.map { mutableFloats($0) }
            step.y_stride = steps * units
            let set = InstructionSet.chosen.kernels
            switch recurrence.cell {
            case .simple: set.simple_step(&step)
            case .lstm: set.lstm_step(&step)
            case .gru: set.gru_step(&step)
            }
            return
        }
        for row in 0..<rows.count {
            guard begin(row) else { continue }
            for unit in 0..<units { advance(row, unit) }
        }
    }

    func differentiate() {
        if T.self == Float.self {
            var step = forMicrokernels
            step.dy = dy.map { floats($0) }
            step.dy_stride = steps * units
            step.dh = mutableFloats(dh)
            step.dc = dc.map { mutableFloats($0) }
            step.dx = mutableFloats(dx)
            step.dx_stride = steps * gates * units
            if let carry = carryBefore {
                step.c_before = floats(carry.0)
                step.c_before_stride = carry.stride
            }
            let set = InstructionSet.chosen.kernels
            switch recurrence.cell {
            case .simple: set.simple_gradient(&step)
            case .lstm: set.lstm_gradient(&step)
            case .gru: set.gru_gradient(&step)
            }
            return
        }
        for row in 0..<rows.count {
            guard beginGradient(row) else { continue }
            for unit in 0..<units { differentiate(row, unit) }
        }
    }

    // MARK: Element by element

    private func isMasked(_ row: Int) -> Bool { mask.map { !$0[row * steps] } ?? false }

    /// Keeps the state before the step; false if the step is masked.
    private func begin(_ row: Int) -> Bool {
        let state = h + row * units
        before.map { ($0 + row * steps * units).update(from: state, count: units) }
        guard isMasked(row) else { return true }
        if let y = y.map({ $0 + row * steps * units }) {
            if recurrence.zeroesMasked {
                y.update(repeating: 0, count: units)
            } else {
                y.update(from: state, count: units)
            }
        }
        if let c, operands.record != nil {
            (record + row * steps * recurrence.recordWidth + 4 * units).update(
                from: c + row * units, count: units)
        }
        return false
    }

    /// Adds the output's gradient to the state's; false if the step is masked, so that the state's passes.
    private func beginGradient(_ row: Int) -> Bool {
        let isMasked = isMasked(row)
        if let dy, !(isMasked && recurrence.zeroesMasked) {
            for unit in 0..<units { dh[row * units + unit] += dy[row * steps * units + unit] }
        }
        guard isMasked else { return true }
        (dx + row * steps * gates * units).update(repeating: 0, count: gates * units)
        if case .gru = recurrence.cell {
            (record + row * steps * recurrence.recordWidth + 3 * units).update(repeating: 0, count: units)
        }
        return false
    }

    @inline(__always)
    private func activated(_ x: T) -> T { recurrence.activation(x) }

    @inline(__always)
    private func gated(_ x: T) -> T { recurrence.recurrentActivation(x) }

    /// What is kept of a row's step.
    private func kept(_ row: Int) -> UnsafeMutablePointer<T>? {
        operands.record == nil ? nil : record + row * steps * recurrence.recordWidth
    }

    private func finish(_ row: Int, _ unit: Int, _ state: T) {
        h[row * units + unit] = state
        y.map { $0[row * steps * units + unit] = state }
    }

    @inline(__always)
    private func advance(_ row: Int, _ unit: Int) {
        let x = x + row * steps * gates * units
        let p = products + row * gates * units
        let kept = kept(row)
        func sum(_ gate: Int) -> T { x[gate * units + unit] + p[gate * units + unit] }
        func keep(_ values: T...) {
            guard let kept else { return }
            for (gate, value) in values.enumerated() { kept[gate * units + unit] = value }
        }
        switch recurrence.cell {
        case .simple:
            let state = activated(sum(0))
            keep(state)
            finish(row, unit, state)
        case .lstm:
            let (i, f, g, o) = (gated(sum(0)), gated(sum(1)), activated(sum(2)), gated(sum(3)))
            let carry = f * c![row * units + unit] + i * g
            c![row * units + unit] = carry
            keep(i, f, g, o, carry)
            finish(row, unit, o * activated(carry))
        case .gru:
            let (z, r) = (gated(sum(0)), gated(sum(1)))
            let q = p[2 * units + unit]
            let candidate = activated(x[2 * units + unit] + r * q)
            keep(z, r, candidate, q)
            finish(row, unit, z * h[row * units + unit] + (1 - z) * candidate)
        }
    }

    @inline(__always)
    private func differentiate(_ row: Int, _ unit: Int) {
        let kept = record + row * steps * recurrence.recordWidth
        let dx = dx + row * steps * gates * units
        let index = row * units + unit
        let dState = dh[index]
        func of(_ gate: Int) -> T { kept[gate * units + unit] }
        func give(_ gate: Int, _ value: T) { dx[gate * units + unit] = value }
        let (activation, recurrent) = (recurrence.activation, recurrence.recurrentActivation)
        switch recurrence.cell {
        case .simple:
            give(0, dState * activation.slope(of(0)))
            dh[index] = 0
        case .lstm:
            guard let dc, let (before, stride) = carryBefore else { return }
            let shown = activation(of(4))
            let dCarry = dc[index] + dState * of(3) * activation.slope(shown)
            give(0, dCarry * of(2) * recurrent.slope(of(0)))
            give(1, dCarry * before[row * stride + unit] * recurrent.slope(of(1)))
            give(2, dCarry * of(0) * activation.slope(of(2)))
            give(3, dState * shown * recurrent.slope(of(3)))
            dc[index] = dCarry * of(1)
            dh[index] = 0
        case .gru:
            guard let before else { return }
            let dCandidate = dState * (1 - of(0)) * activation.slope(of(2))
            give(0, dState * (before[row * steps * units + unit] - of(2)) * recurrent.slope(of(0)))
            give(1, dCandidate * of(3) * recurrent.slope(of(1)))
            give(2, dCandidate)
            kept[3 * units + unit] = dCandidate * of(1)
            dh[index] = dState * of(0)
        }
    }

    // MARK: A GRU that resets the state before its product

    /// z and r take the places of their products; `state` ← r · h, with dropout.
    func resetState(to state: UnsafeMutablePointer<T>) {
        let dropout = operands.dropout.map { $0 + (2 * recurrence.batch + rows.lowerBound) * units }
        for row in 0..<rows.count {
            let x = x + row * steps * gates * units
            let p = products + row * gates * units
            for unit in 0..<units {
                p[unit] = gated(x[unit] + p[unit])
                let r = gated(x[units + unit] + p[units + unit])
                p[units + unit] = r
                let index = row * units + unit
                state[index] = r * h[index] * (dropout?[index] ?? 1)
                if let kept = kept(row) { kept[3 * units + unit] = state[index] }
            }
        }
    }

    /// Behind the product of that state.
    func finishReset() {
        for row in 0..<rows.count {
            guard begin(row) else { continue }
            let x = x + row * steps * gates * units
            let p = products + row * gates * units
            for unit in 0..<units {
                let (z, r) = (p[unit], p[units + unit])
                let candidate = activated(x[2 * units + unit] + p[2 * units + unit])
                if let kept = kept(row) {
                    kept[unit] = z
                    kept[units + unit] = r
                    kept[2 * units + unit] = candidate
                }
                finish(row, unit, z * h[row * units + unit] + (1 - z) * candidate)
            }
        }
    }

    /// The gradients of z and of the candidate.
    func differentiateCandidate() {
        for row in 0..<rows.count {
            guard beginGradient(row), let before else { continue }
            let kept = record + row * steps * recurrence.recordWidth
            let dx = dx + row * steps * gates * units
            for unit in 0..<units {
                let index = row * units + unit
                let (z, candidate, dState) = (kept[unit], kept[2 * units + unit], dh[index])
                dx[unit] =
                    dState * (before[row * steps * units + unit] - candidate)
                    * recurrence.recurrentActivation.slope(z)
                dx[2 * units + unit] = dState * (1 - z) * recurrence.activation.slope(candidate)
                dh[index] = dState * z
            }
        }
    }

    /// The gradient of r and of the state, given that of r · h.
    func differentiateReset(_ gradient: UnsafeMutablePointer<T>) {
        for row in 0..<rows.count where !isMasked(row) {
            guard let before else { return }
            let kept = record + row * steps * recurrence.recordWidth
            let dx = dx + row * steps * gates * units
            for unit in 0..<units {
                let index = row * units + unit
                let r = kept[units + unit]
                dx[units + unit] =
                    gradient[index] * before[row * steps * units + unit]
                    * recurrence.recurrentActivation.slope(r)
                dh[index] += gradient[index] * r
            }
        }
    }
}

extension RecurrentActivation {
    @inline(__always)
    fileprivate func callAsFunction<T: KernelReal>(_ x: T) -> T {
        switch self {
        case .linear: x
        case .tanh: T.tanh(x)
        case .sigmoid:
            // exp(−|x|) does not overflow.
            x < 0 ? T.exp(x) / (1 + T.exp(x)) : 1 / (1 + T.exp(-x))
        case .relu: x < 0 ? 0 : x
        case .hardSigmoid: x + 3 < 0 ? 0 : (x + 3 > 6 ? 1 : (x + 3) / 6)
        }
    }

    /// The derivative, by the result.
    @inline(__always)
    fileprivate func slope<T: KernelReal>(_ y: T) -> T {
        switch self {
        case .linear: 1
        case .tanh: 1 - y * y
        case .sigmoid: y * (1 - y)
        case .relu: y > 0 ? 1 : 0
        case .hardSigmoid: y > 0 && y < 1 ? 1 / 6 : 0
        }
    }
}
