import CitiusAutograd
import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct LayerNormalizationTests {
    @Test func keras() { checkGolden("LayerNormalization") }

    @Test func contract() {
        checkLayerContract(inputShape: [7], parameters: ["gamma", "beta"]) { LayerNormalization() }
        checkLayerContract(inputShape: [3, 4], parameters: ["gamma", "beta"]) {
            LayerNormalization(axis: 1, 2, epsilon: 0.5)
        }
        checkLayerContract(inputShape: [3, 4], parameters: ["beta"]) {
            LayerNormalization(axis: 1, scale: false)
        }
    }

    @Test func wrongAxesTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = LayerNormalization(axis: 3)(Variable(Tensor(zeros: [2, 3, 4])))
        }
        #expect(
            message(of: result).contains(
                "LayerNormalization: axis is 3, expected one of the samples' 2, 1 to 2 or -1 to -2"))
        let batch = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = LayerNormalization(axis: 0)(Variable(Tensor(zeros: [2, 3])))
        }
        #expect(message(of: batch).contains("LayerNormalization: axis is 0"))
    }
}
