import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct AlphaDropoutTests {
    @Test func keras() { checkGolden("AlphaDropout") }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 3]) { AlphaDropout(0.25, noiseShape: [nil, 1, nil], seed: 3) }
    }

    /// Mean and variance stay, and what is dropped has one value.
    @Test func distribution() {
        var generator = RandomGenerator(seed: 1)
        let input = Variable(Tensor(normal: [100_000], using: &generator))
        let output = AlphaDropout(0.3)(input, in: .training(Tape(), random: RandomStream(seed: 2))).value
        #expect(abs(output.mean().scalar) < 0.02)
        #expect(abs(output.variance().scalar - 1) < 0.02)
        let dropped = -1.7580993408473766
        let scale = 1 / (0.7 * (1 + 0.3 * dropped * dropped)).squareRoot()
        let value = scale * dropped * 0.7
        let count = ((output - value).abs() .< 1e-6).cast(to: .float32).mean().scalar
        #expect(abs(count - 0.3) < 0.01, "\(count)")
        #expect(configurationFault(AlphaDropout(0), ["rate": 1])?.contains("below 1") == true)
    }
}
