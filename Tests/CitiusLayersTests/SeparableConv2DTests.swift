import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct SeparableConv2DTests {
    @Test func keras() { checkGolden("SeparableConv2D") }

    @Test func contract() {
        let names = ["depthwise_kernel", "pointwise_kernel", "bias"]
        checkLayerContract(inputShape: [6, 5, 3], parameters: names) { SeparableConv2D(4, kernelSize: 3) }
        checkLayerContract(inputShape: [7, 7, 2], parameters: names.dropLast()) {
            SeparableConv2D(
                3, kernelSize: 3, strides: 2, padding: .same, depthMultiplier: 2, activation: .relu,
                useBias: false)
        }
    }
}
