import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct Conv2DTests {
    @Test func keras() { checkGolden("Conv2D") }

    @Test func contract() {
        let names = ["kernel", "bias"]
        checkLayerContract(inputShape: [6, 5, 3], parameters: names) { Conv2D(4, kernelSize: 3) }
        checkLayerContract(inputShape: [6, 5, 3], parameters: names) {
            Conv2D(4, kernelSize: Size2D(2, 3), strides: 2, padding: .same, activation: .relu)
        }
        checkLayerContract(inputShape: [7, 7, 4], parameters: ["kernel"]) {
            Conv2D(6, kernelSize: 2, dilation: 2, groups: 2, activation: .tanh, useBias: false)
        }
    }

    @Test func wrongSamplesTrap() async {
        let rank = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv2D(4, kernelSize: 3)(Variable(Tensor(zeros: [32, 28, 28])))
        }
        #expect(
            message(of: rank).contains(
                "Conv2D: samples of shape [28, 28] have rank 2, expected 3 [height, width, channels]"))
    }
}
