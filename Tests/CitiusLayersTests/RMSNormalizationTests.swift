import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct RMSNormalizationTests {
    @Test func keras() { checkGolden("RMSNormalization") }

    @Test func contract() {
        checkLayerContract(inputShape: [7], parameters: ["scale"]) { RMSNormalization() }
        // Another axis than the last, where Keras broadcasts the scale along the wrong one.
        checkLayerContract(inputShape: [3, 4], parameters: ["scale"]) { RMSNormalization(axis: 1) }
    }
}
