import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct IdentityTests {
    @Test func keras() { checkGolden("Identity") }

    @Test func contract() { checkLayerContract(inputShape: [4, 3]) { Identity() } }
}
