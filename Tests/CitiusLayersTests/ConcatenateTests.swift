import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct ConcatenateTests {
    private func values(_ shapes: Shape...) -> [Tensor] {
        shapes.enumerated().map { randomTensor($1, seed: UInt64($0)) }
    }

    @Test func keras() { checkGolden("Concatenate") }

    @Test func followOneAnother() {
        let (a, b) = (
            Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]), Tensor([5, 6] as [Float], shape: [2, 1])
        )
        let joined = Concatenate()(Variable(a), Variable(b)).value
        #expect(joined == Tensor([1, 2, 5, 3, 4, 6] as [Float], shape: [2, 3]))
        let rows = Concatenate(axis: 1)([
            Variable(a.reshaped(to: [1, 2, 2])), Variable(a.reshaped(to: [1, 2, 2])),
        ])
        #expect(rows.value == Tensor([1, 2, 3, 4, 1, 2, 3, 4] as [Float], shape: [1, 4, 2]))
    }

    @Test(arguments: [-1, 2, -2, 1]) func gradients(axis: Int) {
        let inputs =
            axis == -1 || axis == 2
            ? values([2, 3, 4], [2, 3, 1], [2, 3, 2]) : values([2, 3, 4], [2, 1, 4], [2, 2, 4])
        checkGradients(at: inputs) { Concatenate(axis: axis)($0) }
        checkGradients(at: [inputs[0]]) { Concatenate(axis: axis)($0[0], $0[0] * 2, in: .inference) }
    }

    @Test func shapes() {
        #expect(Concatenate().mergedShape(of: [[3, 4], [3, 2], [3, 1]]) == [3, 7])
        #expect(Concatenate(axis: 1).mergedShape(of: [[3, 4], [2, 4]]) == [5, 4])
        #expect(Concatenate(axis: -2).mergedShape(of: [[3, 4], [2, 4]]) == [5, 4])
        #expect(Concatenate()(Input(5), Dense(2)(Input(7))).shape == [7])
    }

    @Test func mistakesTrap() async {
        let batch = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Concatenate(axis: 0)
        }
        #expect(
            message(of: batch).contains(
                "Concatenate: axis is 0, the batch's, expected one within the samples"))
        let hidden = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Concatenate(axis: -2)(Input(3), Input(3))
        }
        #expect(
            message(of: hidden).contains(
                "Concatenate: axis -2 is none of samples of shape [3], whose batch is axis 0"))
        let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Concatenate()(Input(3, 4), Input(2, 4))
        }
        #expect(
            message(of: shapes).contains(
                "Concatenate: samples of shapes [3, 4] and [2, 4] differ in more than axis 2"))
    }
}
