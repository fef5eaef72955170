import CitiusAutograd
import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct TapeTests {
    private func message(of result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    @Test func aLeafUsedTwiceGetsBothGradients() {
        let x = Tensor([1, 2, 3] as [Float])
        let (value, gradient) = valueWithGradient(at: x) { ($0 * $0 + $0).sum() }
        #expect(value == Tensor(20 as Float))
        #expect(gradient == Tensor([3, 5, 7] as [Float]))
    }

    @Test func aParameterUsedTwiceIsOneLeaf() {
        let tape = Tape()
        let parameter = Parameter(name: "w", value: Tensor([2] as [Float]))
        let frozen = Parameter(name: "f", value: Tensor([5] as [Float]))
        frozen.isFrozen = true
        let result = tape.watch(parameter) * tape.watch(parameter) * tape.watch(frozen)
        let gradients = tape.gradients(of: result)
        #expect(gradients[parameter] == Tensor([20] as [Float]))
        #expect(gradients[frozen] == nil)
    }

    @Test func constantsAndStoppedGradients() {
        let tape = Tape()
        let x = tape.watch(Tensor(3 as Double))
        let y = tape.watch(Tensor(4 as Double))
        let z = x * x.stopGradient() + Variable(Tensor(7 as Double))
        #expect(!(Variable(Tensor(1 as Double)) * 2).isTracked)
        let gradients = tape.gradients(of: z)
        #expect(gradients[x].scalar == 3)
        #expect(gradients[y].scalar == 0)
    }

    @Test func resultsOfManyElementsTakeACotangent() {
        let tape = Tape()
        let x = tape.watch(Tensor([1, 2] as [Float]))
        let gradients = tape.gradients(of: x.squared(), cotangent: Tensor([10, 100] as [Float]))
        #expect(gradients[x] == Tensor([20, 400] as [Float]))
    }

    @Test func longChainsDoNotOverflowTheStack() {
        let (value, gradient) = valueWithGradient(at: Tensor(1 as Double)) { x in
            var y = x
            for _ in 0..<100_000 { y = y + 1e-5 }
            return y * 2
        }
        #expect(abs(value.scalar - 4) < 1e-9)
        #expect(gradient.scalar == 2)
    }

    @Test func severalResultsOfOneOperation() {
        let tape = Tape()
        let x = tape.watch(Tensor([1, 2, 3, 4] as [Double]))
        let parts = Variable.computed([x.value[0..<2], x.value[2..<4]], from: [x]) { cotangents in
            let zeros = Tensor(zeros: [2], dtype: .float64)
            return [Tensor.concatenate([cotangents[0] ?? zeros, cotangents[1] ?? zeros])]
        }
        #expect(tape.gradients(of: (parts[1] * 3).sum())[x] == Tensor([0, 0, 3, 3] as [Double]))
    }

    @Test func valuesAreFreedOnTheWayBack() {
        let size = 1 << 20
        let tape = Tape()
        var y = tape.watch(Tensor(zeros: [size]))
        for _ in 0..<20 { y = y.exp() }
        let result = y.sum()
        y = result
        let before = Allocator.statistics.bytesInUse
        _ = tape.gradients(of: result)
        #expect(Allocator.statistics.bytesInUse < before - 15 * size * 4)
    }

    @Test func anotherTapesVariableTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let (one, other) = (Tape(), Tape())
            _ = one.watch(Tensor(1 as Float)) + other.watch(Tensor(1 as Float))
        }
        #expect(message(of: result).contains("mixes variables of two tapes"))
    }

    @Test func aSpentTapeTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let tape = Tape()
            let x = tape.watch(Tensor(1 as Float))
            _ = tape.gradients(of: x * 2)
            _ = x * 3
        }
        #expect(message(of: result).contains("differentiated already"))
    }

    @Test func manyElementsWithoutCotangentTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let tape = Tape()
            _ = tape.gradients(of: tape.watch(Tensor(zeros: [3])))
        }
        #expect(message(of: result).contains("the result has shape [3], expected one element or a cotangent"))
    }
}
