import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct BidirectionalTests {
    @Test func keras() { checkGolden("Bidirectional") }

    @Test func contract() {
        let names = ["kernel", "recurrent_kernel", "bias"]
        for mode in Bidirectional.MergeMode.allCases {
            checkLayerContract(inputShape: [4, 3], parameters: names + names) {
                Bidirectional(GRU(2, returnSequences: true), mergeMode: mode)
            }
        }
        checkLayerContract(inputShape: [4, 3], parameters: names + names) {
            Bidirectional(LSTM(2), backwardLayer: GRU(3, goBackwards: true))
        }
    }

    @Test func names() {
        let layer = Bidirectional(LSTM(2))
        var generator = RandomGenerator(seed: 1)
        layer.buildIfNeeded(inputShape: [5, 2], generator: &generator)
        #expect(
            layer.namedParameters.map(\.path).filter { $0.hasSuffix("bias") } == [
                "forward_lstm/lstm_cell/bias", "backward_lstm/lstm_cell/bias",
            ])
        #expect(Bidirectional(GRU(2, name: "a")).sublayers.map(\.name) == ["forward_a", "backward_a"])
        #expect(
            Bidirectional(GRU(2, name: "a"), backwardLayer: GRU(2, goBackwards: true, name: "b")).sublayers
                .map(\.name)
                == ["forward_a", "b"])
    }

    @Test func faults() async {
        #expect(
            Bidirectional.Configuration(
                mergeMode: nil, layer: NestedLayer(GRU(2)), backwardLayer: NestedLayer(GRU(2))
            ).fault?.contains("one way") == true)
        #expect(
            Bidirectional.Configuration(
                mergeMode: .sum, layer: NestedLayer(GRU(2)),
                backwardLayer: NestedLayer(GRU(3, goBackwards: true))
            ).fault?.contains("outputs of 2 and 3") == true)
        #expect(
            Bidirectional.Configuration(
                mergeMode: .sum, layer: NestedLayer(GRU(2)), backwardLayer: NestedLayer(Dense(3))
            ).fault?.contains("expected recurrent ones") == true)
        #expect(
            Bidirectional.Configuration(
                mergeMode: .sum, layer: NestedLayer(GRU(2)),
                backwardLayer: NestedLayer(GRU(2, returnState: true, goBackwards: true))
            ).fault?.contains("differ") == true)
        #expect(Bidirectional(GRU(2)).fault(ofInputs: [[4, 3], [2]])?.contains("both directions") == true)
        #expect(Bidirectional(GRU(2)).fault(ofInputs: [[4, 3], [2], [3]]) != nil)
        #expect(Bidirectional(GRU(2)).fault(ofInputs: [[4, 3], [2], [2]]) == nil)
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Bidirectional(RNN(HalvingCell()))
        }
        #expect(message(of: result).contains("does not describe itself"))
    }

    @Test func statesOfBothDirections() {
        let layer = Bidirectional(GRU(2, returnState: true, stateful: true), mergeMode: nil)
        let outputs = layer.outputs(of: [Variable(randomTensor([3, 4, 2], dtype: .float32, seed: 1))])
        #expect(outputs.map(\.shape) == [[3, 2], [3, 2], [3, 2], [3, 2]])
        #expect(layer.forwardLayer.states != nil && layer.backwardLayer.states != nil)
        layer.resetState()
        #expect(layer.forwardLayer.states == nil && layer.backwardLayer.states == nil)
    }
}

private final class HalvingCell: RecurrentCell {
    override var stateSizes: [Int] { [1] }
    override func step(
        _ input: Variable, states: [Variable], in context: Context
    ) -> (output: Variable, states: [Variable]) {
        (states[0] / 2, [states[0] / 2])
    }
}
