import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct MaxPooling2DTests {
    @Test func keras() { checkGolden("MaxPooling2D") }

    @Test func contract() {
        checkLayerContract(inputShape: [7, 6, 3]) { MaxPooling2D(2) }
        checkLayerContract(inputShape: [7, 6, 3]) { MaxPooling2D(3, strides: 2, padding: .same) }
    }

    @Test func wrongSamplesTrap() async {
        let window = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = MaxPooling2D(5)(Input(4, 9, 1))
        }
        #expect(
            message(of: window).contains(
                "MaxPooling2D: a window of 5×5 does not fit into samples of shape [4, 9, 1]"))
    }
}
