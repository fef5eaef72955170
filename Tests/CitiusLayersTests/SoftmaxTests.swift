import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct SoftmaxTests {
    @Test func keras() { checkGolden("Softmax") }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 3]) { Softmax() }
        checkLayerContract(inputShape: [4, 3]) { Softmax(axes: [1, 2]) }
    }

    /// A mask of scores leaves out keys; one of steps says nothing about channels.
    @Test func masks() {
        var scores = Variable(randomTensor([2, 2, 3, 4], seed: 1))
        scores.mask = Tensor([[true, false, true, true], [false, false, false, false]]).reshaped(to: [
            2, 1, 1, 4,
        ])
        let weights = Softmax()(scores).value
        let sums = weights.sum(axes: [-1])
        expectClose(sums[0], Tensor(ones: [2, 3], dtype: .float64), absolute: 1e-12)
        #expect(weights[1] == Tensor(zeros: [2, 3, 4], dtype: .float64))
        #expect(weights.sliced(1..<2, axis: 3) == Tensor(zeros: [2, 2, 3, 1], dtype: .float64))
        var steps = Variable(randomTensor([2, 3, 4], seed: 1))
        steps.mask = Tensor([[true, false, true], [true, false, true]])
        #expect(Softmax()(steps).value == steps.value.softmax())
    }

    @Test func faults() {
        #expect(Softmax(axis: 3).fault(ofInputs: [[4, 3]])?.contains("axis 3") == true)
        #expect(Softmax(axes: [2, -1]).fault(ofInputs: [[4, 3]])?.contains("twice") == true)
        #expect(configurationFault(Softmax(), ["axis": []])?.contains("no axis") == true)
    }
}
