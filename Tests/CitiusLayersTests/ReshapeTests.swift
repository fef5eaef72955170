import CitiusConfiguration
import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct ReshapeTests {
    @Test func keras() { checkGolden("Reshape") }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 3]) { Reshape(2, 6) }
        checkLayerContract(inputShape: [4, 3]) { Reshape(-1, 2) }
        checkLayerContract(inputShape: [1]) { Reshape([]) }
    }

    @Test func faults() throws {
        #expect(Reshape(5).fault(ofInputs: [[4, 3]])?.contains("12 elements") == true)
        #expect(Reshape(-1, 5).fault(ofInputs: [[4, 3]])?.contains("12 elements") == true)
        for sizes in ["-1, -1", "0", "-2", "2147483648", "1073741824, 1073741824"] {
            let config = try #require(JSON(parsing: "{\"target_shape\": [\(sizes)]}").object)
            #expect(configurationFault(Reshape(1), config)?.contains("targetShape") == true, "\(sizes)")
        }
    }

    @Test func emptyBatch() {
        #expect(Reshape(-1, 2)(Tensor(zeros: [0, 4, 3])).shape == [0, 6, 2])
    }
}
