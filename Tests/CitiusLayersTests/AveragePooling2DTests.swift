import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct AveragePooling2DTests {
    @Test func keras() { checkGolden("AveragePooling2D") }

    @Test func contract() {
        checkLayerContract(inputShape: [7, 6, 3]) { AveragePooling2D(Size2D(2, 3)) }
        checkLayerContract(inputShape: [7, 6, 3]) { AveragePooling2D(3, strides: 1, padding: .same) }
    }
}
