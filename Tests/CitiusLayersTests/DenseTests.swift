import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct DenseTests {
    @Test func keras() { checkGolden("Dense") }

    @Test func contract() {
        checkLayerContract(inputShape: [5], parameters: ["kernel", "bias"]) { Dense(3, activation: .relu) }
        checkLayerContract(inputShape: [2, 5], parameters: ["kernel"]) {
            Dense(3, activation: .softmax, useBias: false)
        }
    }

    @Test func wrongSamplesTrap() async {
        let inputs = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let layer = Dense(3, name: "head")
            _ = layer(Variable(Tensor(zeros: [2, 5])))
            _ = layer(Variable(Tensor(zeros: [2, 6])))
        }
        #expect(
            message(of: inputs).contains("Dense \"head\": input [2, 6], expected the last axis to be the 5"))
    }
}
