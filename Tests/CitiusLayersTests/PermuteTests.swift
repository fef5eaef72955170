import CitiusConfiguration
import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct PermuteTests {
    @Test func keras() { checkGolden("Permute") }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 3]) { Permute(2, 1) }
        checkLayerContract(inputShape: [4, 3, 2]) { Permute(3, 1, 2) }
    }

    @Test func faults() {
        #expect(Permute(2, 1).fault(ofInputs: [[3]]) == "samples of shape [3] have rank 1, expected 2")
        for dims in [[0, 1], [1, 1], [2, 2], [1, 3]] as [JSON] {
            #expect(configurationFault(Permute(1), ["dims": dims])?.contains("dims") == true, "\(dims)")
        }
    }
}
