import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct GaussianNoiseTests {
    @Test func keras() { checkGolden("GaussianNoise") }

    @Test func contract() { checkLayerContract(inputShape: [4, 3]) { GaussianNoise(0.5, seed: 3) } }

    @Test func distribution() {
        let input = Variable(Tensor(zeros: [100_000]))
        let noise = GaussianNoise(0.5)(input, in: .training(Tape(), random: RandomStream(seed: 2))).value
        #expect(abs(noise.mean().scalar) < 0.01)
        #expect(abs(noise.variance().scalar - 0.25) < 0.01)
        #expect(GaussianNoise(0.5)(input).value == input.value)
        #expect(configurationFault(GaussianNoise(0), ["stddev": 1.5])?.contains("stddev is 1.5") == true)
    }
}
