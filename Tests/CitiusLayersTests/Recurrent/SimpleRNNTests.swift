import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct SimpleRNNTests {
    @Test func keras() {
        checkGolden("SimpleRNN")
        checkGolden("SimpleRNNCell")
    }

    @Test func contract() {
        let names = ["kernel", "recurrent_kernel", "bias"]
        checkLayerContract(inputShape: [4, 3], parameters: names) { SimpleRNN(2) }
        checkLayerContract(inputShape: [4, 3], parameters: names) {
            SimpleRNN(2, dropout: 0.3, recurrentDropout: 0.4, returnSequences: true, goBackwards: true)
        }
    }

    /// xₜ summed up.
    @Test func sumsUp() {
        let layer = SimpleRNN(
            1, activation: .linear, kernelInitializer: .ones, recurrentInitializer: .ones,
            returnSequences: true)
        let output = layer(Tensor([1, 2, 3, 4] as [Float], shape: [1, 4, 1]))
        #expect(output.elements(as: Float.self) == [1, 3, 6, 10])
    }
}
