import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct RepeatVectorTests {
    @Test func keras() { checkGolden("RepeatVector") }

    @Test func contract() { checkLayerContract(inputShape: [4]) { RepeatVector(3) } }

    @Test func faults() {
        #expect(RepeatVector(3).fault(ofInputs: [[3, 4]])?.contains("rank 2, expected 1") == true)
        #expect(RepeatVector(1 << 30).fault(ofInputs: [[1 << 20]])?.contains("memory") == true)
        #expect(configurationFault(RepeatVector(1), ["n": 0])?.contains("n is 0") == true)
    }
}
