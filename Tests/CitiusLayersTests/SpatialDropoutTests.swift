import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct SpatialDropoutTests {
    @Test(arguments: ["SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]) func keras(layer: String) {
        checkGolden(layer)
    }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 5]) { SpatialDropout1D(0.4) }
        checkLayerContract(inputShape: [3, 4, 5]) { SpatialDropout2D(0.4, seed: 3) }
        checkLayerContract(inputShape: [2, 3, 2, 5]) { SpatialDropout3D(0.4) }
    }

    @Test func dropsChannels() {
        let input = Variable(Tensor(ones: [4, 5, 6, 50]))
        let output = SpatialDropout2D(0.5)(input, in: .training(Tape(), random: RandomStream(seed: 2))).value
        #expect(output.max(axes: [1, 2]) == output.min(axes: [1, 2]))
        #expect(Set(output.elements(as: Float.self)) == [0, 2])
        #expect(SpatialDropout2D(0.5)(input).value == input.value)
    }

    @Test func faults() {
        #expect(SpatialDropout1D(0.5).fault(ofInputs: [[3]])?.contains("[steps, channels]") == true)
        #expect(SpatialDropout3D(0.5).fault(ofInputs: [[3, 2]])?.contains("expected 4") == true)
        #expect(configurationFault(SpatialDropout2D(0), ["rate": -0.5])?.contains("rate is -0.5") == true)
    }
}
