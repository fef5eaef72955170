import CitiusAutograd
import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct GroupNormalizationTests {
    @Test func keras() { checkGolden("GroupNormalization") }

    @Test func contract() {
        checkLayerContract(inputShape: [3, 4], parameters: ["gamma", "beta"]) {
            GroupNormalization(groups: 2)
        }
        checkLayerContract(inputShape: [4, 2, 3], parameters: ["gamma"]) {
            GroupNormalization(groups: -1, axis: 1, center: false)
        }
    }

    @Test func wrongGroupsTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = GroupNormalization(groups: 3)(Variable(Tensor(zeros: [2, 5, 4])))
        }
        #expect(
            message(of: result).contains(
                "GroupNormalization: samples of 4 channels, expected a multiple of the 3 groups"))
    }
}
