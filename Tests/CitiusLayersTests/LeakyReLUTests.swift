import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct LeakyReLUTests {
    @Test func keras() { checkGolden("LeakyReLU") }

    @Test func contract() { checkLayerContract(inputShape: [4, 3]) { LeakyReLU() } }
}
