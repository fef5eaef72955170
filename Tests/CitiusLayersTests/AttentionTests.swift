import CitiusAutograd
import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct AttentionTests {
    @Test func keras() { checkGolden("Attention") }

    @Test func gradientsOfInputs() {
        let layer = Attention(useScale: true, useCausalMask: true)
        layer.dtype = .float64
        let inputs = [
            randomTensor([2, 4, 3], seed: 1), randomTensor([2, 5, 3], seed: 2),
            randomTensor([2, 5, 3], seed: 3),
        ]
        _ = layer(inputs.map { Variable($0) })
        checkGradients(at: inputs) { layer($0) }
    }

    @Test func wrongInputsTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Attention()(Variable(Tensor(zeros: [2, 4, 3])), Variable(Tensor(zeros: [2, 4, 5])))
        }
        #expect(
            message(of: result).contains(
                "Attention: queries of shape [4, 3] and keys of shape [4, 5], expected equally many features")
        )
    }
}
