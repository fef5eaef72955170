import CitiusKernels
import CitiusTestSupport
import Testing

@testable import CitiusAutograd
@testable import CitiusTensor

/// A recurrent cell over sequences in one operation, against the same composed of operations of one step.
@Suite struct RecurrenceTests {
    struct Case: CustomTestStringConvertible {
        var cell: Recurrence.Cell
        var activation = RecurrentActivation.tanh
        var recurrentActivation = RecurrentActivation.sigmoid
        var goesBackwards = false
        var zeroesMasked = false
        var returnsSequences = true
        var isMasked = false
        var drops = false
        var hasStates = true
        var batch = 3
        var steps = 4
        var units = 5

        var testDescription: String {
            "\(cell) \(batch)×\(steps), \(units) units, \(activation) \(recurrentActivation)"
                + (goesBackwards ? ", backwards" : "") + (isMasked ? ", masked" : "")
                + (zeroesMasked ? " with zeros" : "")
                + (returnsSequences ? ", all outputs" : "") + (drops ? ", dropout" : "")
                + (hasStates ? ", states" : "")
        }

        var hasBias: Bool { if case .gru(resetsAfter: true) = cell { true } else { false } }

        /// Inputs' products, kernel, bias, states.
        func arguments(_ dtype: DType = .float64) -> [Tensor] {
            let width = cell.gates * units
            var arguments = [
                randomTensor([batch, steps, width], seed: 1),
                randomTensor([units, width], seed: 2) * (2 / Double(units).squareRoot()),
            ]
            if hasBias { arguments.append(randomTensor([width], seed: 3)) }
            if hasStates {
                arguments += (0..<cell.states).map { randomTensor([batch, units], seed: 4 + UInt64($0)) }
            }
            return arguments.map { $0.cast(to: dtype) }
        }

        func pass(_ dtype: DType = .float64) -> RecurrentPass {
            var pass = RecurrentPass(cell: cell)
            pass.activation = activation
            pass.recurrentActivation = recurrentActivation
            pass.goesBackwards = goesBackwards
            pass.zeroesMasked = zeroesMasked
            pass.returnsSequences = returnsSequences
            if isMasked { pass.mask = (randomTensor([batch, steps], seed: 6) .> -0.3) }
            if drops {
                pass.dropout = Tensor.where(
                    randomTensor([cell.gates, batch, units], seed: 7) .> 0, Tensor(2.0), Tensor(0.0)
                ).cast(to: dtype)
            }
            return pass
        }

        /// Output and states.
        func fused(_ v: [Variable]) -> [Variable] {
            let (output, states) = v[0].recurrent(
                pass(v[0].dtype), kernel: v[1], bias: hasBias ? v[2] : nil,
                states: hasStates ? Array(v.suffix(cell.states)) : [])
            return [output] + states
        }

        /// The definition.
        func composed(_ v: [Variable]) -> [Variable] {
            let pass = pass(v[0].dtype)
            func applied(_ x: Variable, _ kind: RecurrentActivation) -> Variable {
                switch kind {
                case .linear: x
                case .tanh: x.tanh()
                case .sigmoid: x.sigmoid()
                case .relu: x.relu()
                case .hardSigmoid: x.hardSigmoid()
                }
            }
            func act(_ x: Variable) -> Variable { applied(x, activation) }
            func gate(_ x: Variable) -> Variable { applied(x, recurrentActivation) }
            let zero = Variable(Tensor(zeros: [batch, units], dtype: v[0].dtype))
            var states = hasStates ? Array(v.suffix(cell.states)) : Array(repeating: zero, count: cell.states)
            var outputs: [Variable] = []
            for number in 0..<steps {
                let place = goesBackwards ? steps - 1 - number : number
                let x = v[0].sliced(place..<place + 1, axis: 1).squeezed(axis: 1)
                func column(_ x: Variable, _ gate: Int) -> Variable {
                    x.sliced(gate * units..<(gate + 1) * units, axis: -1)
                }
                func product(_ state: Variable, _ gate: Int) -> Variable {
                    let kept = pass.dropout.map { state * Variable($0[gate]) } ?? state
                    let result = kept.matmul(column(v[1], gate))
                    return hasBias ? result + column(v[2], gate) : result
                }
                func sum(_ gate: Int) -> Variable { column(x, gate) + product(states[0], gate) }
                var next: [Variable]
                switch cell {
                case .simple: next = [act(sum(0))]
                case .lstm:
                    let carry = gate(sum(1)) * states[1] + gate(sum(0)) * act(sum(2))
                    next = [gate(sum(3)) * act(carry), carry]
                case .gru(let resetsAfter):
                    let (z, r) = (gate(sum(0)), gate(sum(1)))
                    let candidate = act(
                        column(x, 2) + (resetsAfter ? r * product(states[0], 2) : product(r * states[0], 2)))
                    next = [z * states[0] + (1 - z) * candidate]
                }
                var output = next[0]
                if let mask = pass.mask {
                    let counts = mask.sliced(place..<place + 1, axis: 1)
                    output = Variable.where(counts, output, zeroesMasked ? zero : states[0])
                    next = zip(next, states).map { Variable.where(counts, $0, $1) }
                }
                states = next
                outputs.append(output)
            }
            return [returnsSequences ? Variable.stack(outputs, axis: 1) : outputs[steps - 1]] + states
        }
    }

    static let cells: [Recurrence.Cell] = [
        .simple, .lstm, .gru(resetsAfter: true), .gru(resetsAfter: false),
    ]

    static let cases: [Case] = cells.flatMap { cell -> [Case] in
        var cases: [Case] = []
        for flags in 0..<16 {
            cases.append(
                Case(
                    cell: cell, goesBackwards: flags & 1 != 0, returnsSequences: flags & 2 != 0,
                    isMasked: flags & 4 != 0, hasStates: flags & 8 != 0))
        }
        for sequences in [true, false] {
            cases.append(
                Case(cell: cell, zeroesMasked: true, returnsSequences: sequences, isMasked: true))
            cases.append(Case(cell: cell, returnsSequences: sequences, isMasked: true, drops: true))
        }
        for activation in RecurrentActivation.allCases {
            cases.append(Case(cell: cell, activation: activation))
            if case .simple = cell { continue }
            cases.append(Case(cell: cell, recurrentActivation: activation))
        }
        // Rows of several blocks; units about the vectors' lengths.
        for (batch, units) in [(1, 1), (17, 3), (40, 16), (70, 33), (9, 64), (2, 300)] {
            cases.append(Case(cell: cell, isMasked: true, batch: batch, steps: 3, units: units))
        }
        return cases
    }

    private func results(
        _ arguments: [Tensor], _ function: ([Variable]) -> [Variable]
    ) -> (values: [Tensor], gradients: [Tensor]) {
        let tape = Tape()
        let variables = arguments.map { tape.watch($0) }
        let outputs = function(variables)
        let terms = outputs.enumerated().map { index, output in
            (output
                * Variable(randomTensor(output.shape, seed: 20 + UInt64(index)).cast(to: output.dtype)))
                .sum()
        }
        let total = terms.dropFirst().reduce(terms[0]) { $0 + $1 }
        let gradients = tape.gradients(of: total)
        return (outputs.map(\.value), variables.map { gradients[$0] })
    }

    @Test(arguments: cases) func equalsItsDefinition(it: Case) {
        let expected = results(it.arguments(), it.composed)
        let actual = results(it.arguments(), it.fused)
        for (a, b) in zip(actual.values + actual.gradients, expected.values + expected.gradients) {
            expectClose(a, b, absolute: 1e-12, relative: 1e-11, it.testDescription)
        }
        // In float32, by the microkernels.
        let single = results(it.arguments(.float32), it.fused)
        for (a, b) in zip(single.values + single.gradients, expected.values + expected.gradients) {
            let scale = b.abs().max().scalar
            expectClose(
                a.cast(to: .float64), b, absolute: 2e-5 * (1 + scale), relative: 1e-5, it.testDescription)
        }
        // Where nothing is recorded.
        let inference = it.fused(it.arguments(.float32).map { Variable($0) })
        #expect(inference.map(\.value) == single.values)
    }

    @Test(arguments: cells) func gradients(cell: Recurrence.Cell) {
        for isMasked in [false, true] {
            let it = Case(cell: cell, isMasked: isMasked, drops: true, batch: 2, steps: 3, units: 3)
            checkGradients(at: it.arguments()) { v in
                let outputs = it.fused(v)
                return Variable.concatenate(outputs.map { $0.flattened() })
            }
        }
    }

    /// Some outputs may be of no use to anybody.
    @Test(arguments: cells) func unusedOutputs(cell: Recurrence.Cell) {
        let it = Case(cell: cell)
        for used in 0...cell.states {
            let expected = results(it.arguments()) { [it.composed($0)[used]] }
            let actual = results(it.arguments()) { [it.fused($0)[used]] }
            for (a, b) in zip(actual.gradients, expected.gradients) {
                expectClose(a, b, absolute: 1e-12, relative: 1e-11)
            }
        }
    }

    @Test(arguments: cells) func longSequences(cell: Recurrence.Cell) {
        let it = Case(cell: cell, returnsSequences: false, batch: 4, steps: 700, units: 20)
        let expected = results(it.arguments(), it.fused)
        let actual = results(it.arguments(.float32), it.fused)
        #expect(actual.values.allSatisfy { $0.isFinite().all().elements(as: Bool.self) == [true] })
        for (a, b) in zip(actual.values, expected.values) {
            expectClose(a.cast(to: .float64), b, absolute: 1e-3, relative: 1e-3)
        }
    }

    @Test(arguments: cells) func sameBitsOnAnyNumberOfThreads(cell: Recurrence.Cell) throws {
        for dtype in [DType.float32, .float64] {
            for (batch, units) in [(1, 20), (5, 33), (33, 40), (100, 24)] {
                let it = Case(cell: cell, isMasked: true, drops: true, batch: batch, steps: 5, units: units)
                try expectSameBitsOnAnyThreads("\(it.testDescription) \(dtype)") {
                    let (values, gradients) = results(it.arguments(dtype), it.fused)
                    return values + gradients
                }
            }
        }
    }

    /// What is beside the batch does not change a sample's result beyond rounding.
    @Test(arguments: cells) func samplesAreIndependent(cell: Recurrence.Cell) {
        var it = Case(cell: cell, isMasked: true, batch: 37, steps: 6, units: 19)
        let arguments = it.arguments(.float32)
        let all = it.fused(arguments.map { Variable($0) })[0].value
        let mask = it.pass().mask
        it.batch = 5
        let rows = 20..<25
        let few = arguments.enumerated().map { index, tensor in
            tensor.shape.rank > 1 && tensor.shape[0] == 37 ? tensor[rows] : tensor
        }
        var pass = it.pass(.float32)
        pass.mask = mask?[rows]
        let states = Array(few.suffix(cell.states)).map { Variable($0) }
        let part = Variable(few[0]).recurrent(
            pass, kernel: Variable(few[1]), bias: it.hasBias ? Variable(few[2]) : nil, states: states)
        expectClose(part.output.value, all[rows], absolute: 1e-6, relative: 1e-5)
    }

    @Test func wrongShapesTrap() async {
        let kernel = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Variable(Tensor(zeros: [2, 3, 8])).recurrent(
                RecurrentPass(cell: .lstm), kernel: Variable(Tensor(zeros: [3, 12])))
        }
        let state = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Variable(Tensor(zeros: [2, 3, 8])).recurrent(
                RecurrentPass(cell: .lstm), kernel: Variable(Tensor(zeros: [2, 8])),
                states: [Variable(Tensor(zeros: [2, 2]))])
        }
        let messages = [kernel, state].map {
            String(decoding: $0?.standardErrorContent ?? [], as: UTF8.self)
        }
        #expect(
            messages[0].contains(
                "recurrent: inputs [2, 3, 8] and kernel [3, 12], expected [batch, steps, 4 · units]"))
        #expect(messages[1].contains("recurrent: 1 states, expected 2"))
    }
}
