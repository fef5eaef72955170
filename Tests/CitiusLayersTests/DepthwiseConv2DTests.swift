import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct DepthwiseConv2DTests {
    @Test func keras() { checkGolden("DepthwiseConv2D") }

    @Test func contract() {
        let names = ["kernel", "bias"]
        checkLayerContract(inputShape: [6, 5, 3], parameters: names) { DepthwiseConv2D(3) }
        checkLayerContract(inputShape: [7, 7, 2], parameters: names) {
            DepthwiseConv2D(3, strides: 2, padding: .same, depthMultiplier: 3, activation: .relu)
        }
        checkLayerContract(inputShape: [7, 6, 3], parameters: ["kernel"]) {
            DepthwiseConv2D(Size2D(2, 3), dilation: 2, activation: .tanh, useBias: false)
        }
    }
}
