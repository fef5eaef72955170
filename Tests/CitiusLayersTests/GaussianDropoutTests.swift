import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct GaussianDropoutTests {
    @Test func keras() { checkGolden("GaussianDropout") }

    @Test func contract() { checkLayerContract(inputShape: [4, 3]) { GaussianDropout(0.25, seed: 3) } }

    @Test func distribution() {
        let input = Variable(Tensor(ones: [100_000]) * 2)
        let output = GaussianDropout(0.2)(input, in: .training(Tape(), random: RandomStream(seed: 2))).value
        #expect(abs(output.mean().scalar - 2) < 0.02)
        #expect(abs(output.variance().scalar - 4 * 0.25) < 0.03)
        #expect(GaussianDropout(0.2)(input).value == input.value)
        #expect(configurationFault(GaussianDropout(0), ["rate": 1])?.contains("below 1") == true)
    }
}
