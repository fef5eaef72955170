import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct DropoutTests {
    @Test func keras() { checkGolden("Dropout") }

    private func training(_ seed: UInt64 = 2) -> Context {
        .training(Tape(), random: RandomStream(seed: seed))
    }

    @Test func contract() {
        checkLayerContract(inputShape: [40]) { Dropout(0.4) }
        checkLayerContract(inputShape: [4, 10]) { Dropout(0.4, noiseShape: [nil, 1, nil], seed: 3) }
        checkLayerContract(inputShape: [4, 10]) { Dropout(1) }
    }

    @Test func dropsInTrainingAlone() {
        let layer = Dropout(0.5)
        let input = Variable(Tensor(ones: [10, 100]))
        #expect(layer(input).value == input.value)
        let output = layer(input, in: training()).value
        #expect(Set(output.elements(as: Float.self)) == [0, 2])
        #expect(Dropout(1)(input, in: training()).value == Tensor(zeros: [10, 100]))
    }

    @Test func aNoiseShapeDropsTogether() {
        let input = Variable(Tensor(ones: [8, 5, 100]))
        let output = Dropout(0.5, noiseShape: [nil, 1, nil])(input, in: training()).value
        #expect(output.max(axes: [1]) == output.min(axes: [1]))
        #expect(Set(output.elements(as: Float.self)) == [0, 2])
        let rate = output.mean().scalar
        #expect(abs(rate - 1) < 0.15, "\(rate)")
    }

    /// A seed of its own gives the same whatever the stream's, other numbers at each call, and takes from the stream
    /// what any dropout takes, so that a resumed training goes on as it would have.
    @Test func seeds() {
        let input = Variable(Tensor(ones: [64]))
        func outputs(_ layer: Dropout, _ seed: UInt64) -> ([Tensor], RandomGenerator) {
            let context = training(seed)
            return ((0..<2).map { _ in layer(input, in: context).value }, context.random.generator)
        }
        let (first, second) = (outputs(Dropout(0.5, seed: 7), 1), outputs(Dropout(0.5, seed: 7), 2))
        #expect(first.0 == second.0)
        #expect(first.0[0] != first.0[1])
        #expect(outputs(Dropout(0.5, seed: 8), 1).0 != first.0)
        #expect(outputs(Dropout(0.5), 1).1 == first.1)
        #expect(outputs(Dropout(0.5), 1).0 != first.0)
    }

    @Test func faults() {
        #expect(configurationFault(Dropout(0), ["rate": 1.5])?.contains("rate is 1.5") == true)
        #expect(
            configurationFault(Dropout(0), ["rate": 0.5, "noise_shape": [nil, 0]])?.contains("[nil, 0]")
                == true)
        #expect(Dropout(0.5, noiseShape: [nil, 1]).fault(ofInputs: [[3, 4]])?.contains("[nil, 1]") == true)
        #expect(Dropout(0.5, noiseShape: [nil, 2, nil]).fault(ofInputs: [[3, 4]]) != nil)
        #expect(Dropout(0.5, noiseShape: [2, 1, nil]).fault(ofInputs: [[3, 4]]) == nil)
    }
}
