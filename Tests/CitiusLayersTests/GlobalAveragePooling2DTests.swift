import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct GlobalAveragePooling2DTests {
    @Test func keras() { checkGolden("GlobalAveragePooling2D") }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 5, 3]) { GlobalAveragePooling2D() }
        checkLayerContract(inputShape: [4, 5, 3]) { GlobalAveragePooling2D(keepDimensions: true) }
    }
}
