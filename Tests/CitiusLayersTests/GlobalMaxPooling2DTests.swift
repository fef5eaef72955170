import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct GlobalMaxPooling2DTests {
    @Test func keras() { checkGolden("GlobalMaxPooling2D") }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 5, 3]) { GlobalMaxPooling2D() }
        checkLayerContract(inputShape: [4, 5, 3]) { GlobalMaxPooling2D(keepDimensions: true) }
    }
}
