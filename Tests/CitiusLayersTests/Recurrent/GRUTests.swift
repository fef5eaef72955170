import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct GRUTests {
    @Test func keras() {
        checkGolden("GRU")
        checkGolden("GRUCell")
    }

    @Test func contract() {
        let names = ["kernel", "recurrent_kernel", "bias"]
        checkLayerContract(inputShape: [4, 3], parameters: names) { GRU(2) }
        checkLayerContract(inputShape: [4, 3], parameters: names) {
            GRU(2, dropout: 0.3, recurrentDropout: 0.4, returnSequences: true)
        }
        checkLayerContract(inputShape: [4, 3], parameters: names) {
            GRU(2, recurrentDropout: 0.4, resetAfter: false, goBackwards: true)
        }
    }

    @Test func parameters() {
        var generator = RandomGenerator(seed: 1)
        let layer = GRU(3)
        layer.buildIfNeeded(inputShape: [5, 2], generator: &generator)
        #expect(layer.parameters.map(\.shape) == [[2, 9], [3, 9], [2, 9]])
        let before = GRU(3, resetAfter: false)
        before.buildIfNeeded(inputShape: [5, 2], generator: &generator)
        #expect(before.parameters.map(\.shape) == [[2, 9], [3, 9], [9]])
    }

    /// Step by step, with dropout of inputs and states, the same comes out.
    @Test(arguments: [false, true]) func ownActivations(resetAfter: Bool) {
        func outputs(_ activation: ActivationFunction) -> [Tensor] {
            let layer = GRU(
                4, activation: activation, dropout: 0.4, recurrentDropout: 0.3, resetAfter: resetAfter,
                returnSequences: true)
            layer.dtype = .float64
            var generator = RandomGenerator(seed: 3)
            layer.buildIfNeeded(inputShape: [6, 2], generator: &generator)
            let tape = Tape()
            let context = Context.training(tape, random: RandomStream(seed: 4))
            let output = layer(Variable(randomTensor([3, 6, 2], seed: 1)), in: context)
            let gradients = tape.gradients(of: output.tanh().sum())
            return [output.value] + layer.parameters.compactMap { gradients[$0] }
        }
        let own = outputs(ActivationFunction("mine") { $0.tanh() })
        for (a, b) in zip(own, outputs(.tanh)) { expectClose(a, b, absolute: 1e-12, relative: 1e-11) }
    }
}
