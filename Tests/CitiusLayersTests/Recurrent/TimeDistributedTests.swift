import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

@Suite struct TimeDistributedTests {
    @Test func keras() { checkGolden("TimeDistributed") }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 3], parameters: ["kernel", "bias"]) { TimeDistributed(Dense(2)) }
        checkLayerContract(inputShape: [2, 4, 4, 1], parameters: ["kernel", "bias"]) {
            TimeDistributed(Conv2D(2, kernelSize: 3))
        }
        checkLayerContract(inputShape: [3, 4, 2], parameters: ["kernel", "recurrent_kernel", "bias"]) {
            TimeDistributed(GRU(2))
        }
    }

    @Test func modelsWithin() throws {
        let inner = Sequential([Input(3), Dense(4, activation: .relu), Dense(2)])
        let model = Sequential([Input(5, 3), TimeDistributed(inner), Flatten()], seed: 1)
        let loaded = try Model.make(from: model.architecture(), seed: 2)
        loaded.weights = model.weights
        let input = randomTensor([2, 5, 3], dtype: .float32, seed: 1)
        #expect(try loaded.predict(input) == model.predict(input))
        let first = try model.predict(input).reshaped(to: [2, 5, 2]).sliced(0..<1, axis: 1)
        expectClose(
            first.squeezed(axis: 1), inner(Variable(input.sliced(0..<1, axis: 1).squeezed(axis: 1))).value)
    }

    @Test func statefulLayersGoStepByStep() {
        let layer = TimeDistributed(GRU(2, stateful: true))
        let input = randomTensor([2, 3, 4, 1], dtype: .float32, seed: 1)
        let output = layer(Variable(input)).value
        let gru = layer.layer as! GRU
        gru.resetState()
        let joined = gru(Variable(input.reshaped(to: [2, 12, 1]))).value
        expectClose(output.sliced(2..<3, axis: 1).squeezed(axis: 1), joined)
    }

    @Test func faults() {
        #expect(TimeDistributed(Dense(2)).fault(ofInputs: [[4]])?.contains("expected [steps, …]") == true)
        #expect(TimeDistributed(Conv2D(2, kernelSize: 3)).fault(ofInputs: [[4, 5, 5]]) != nil)
    }
}
