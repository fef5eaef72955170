import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct FlattenTests {
    @Test func keras() { checkGolden("Flatten") }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 3, 2]) { Flatten() }
        checkLayerContract(inputShape: []) { Flatten() }
    }
}
