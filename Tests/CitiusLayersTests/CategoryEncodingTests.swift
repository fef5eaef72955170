import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct CategoryEncodingTests {
    @Test func keras() { checkGolden("CategoryEncoding") }

    /// The example of Keras's documentation.
    @Test func weights() {
        let numbers = Variable(Tensor([[0, 1], [0, 0], [1, 2], [3, 1]]))
        let weights = Variable(Tensor([[0.1, 0.2], [0.1, 0.1], [0.2, 0.3], [0.4, 0.2]]))
        let counts = CategoryEncoding(numTokens: 4, outputMode: .count)(numbers, weights)
        expectClose(
            counts.value,
            Tensor([[0.1, 0.2, 0, 0], [0.2, 0, 0, 0], [0, 0.2, 0.3, 0], [0, 0.2, 0, 0.4]]), absolute: 1e-6)
    }

    @Test func weightsHaveGradients() {
        let numbers = Variable(Tensor([[0, 1, 1], [2, -3, 9]]))
        checkGradients(at: [randomTensor([2, 3], seed: 4)]) {
            let layer = CategoryEncoding(numTokens: 4, outputMode: .count)
            layer.dtype = .float64
            return layer(numbers, $0[0])
        }
    }

    /// Scalars count as samples of one number, and further axes stay.
    @Test func shapes() {
        for mode in [OutputMode.oneHot, .multiHot, .count] {
            let layer = CategoryEncoding(numTokens: 3, outputMode: mode)
            #expect(layer(Tensor([2, 0])) == Tensor([[0, 0, 1], [1, 0, 0]], dtype: .float32))
        }
        let counts = CategoryEncoding(numTokens: 2, outputMode: .count)(Tensor([[[0, 0], [1, 0]]]))
        #expect(counts == Tensor([[[2, 0], [1, 1]]], dtype: .float32))
    }

    @Test func mistakesSaySo() async {
        let mode = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = CategoryEncoding(numTokens: 3)(Variable(Tensor([[1]])), Variable(Tensor([[1.0]])))
        }
        #expect(message(of: mode).contains("weights are given, which the output mode multi_hot does not use"))
    }
}
