import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct ELUTests {
    @Test func keras() { checkGolden("ELU") }

    @Test func contract() { checkLayerContract(inputShape: [4, 3]) { ELU(alpha: 0.5) } }
}
