import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct BatchNormalizationTests {
    @Test func keras() { checkGolden("BatchNormalization") }

    @Test func contract() {
        let names = ["gamma", "beta", "moving_mean", "moving_variance"]
        checkLayerContract(inputShape: [3, 4], parameters: names) { BatchNormalization() }
        checkLayerContract(inputShape: [4], parameters: ["moving_mean", "moving_variance"]) {
            BatchNormalization(center: false, scale: false)
        }
        checkLayerContract(inputShape: [3, 2, 4], parameters: names) { BatchNormalization(axis: 1) }
        checkLayerContract(inputShape: [3, 2, 4], parameters: names) { BatchNormalization(axis: -2) }
    }

    /// The gradient goes through the mean and the variance of what counts.
    @Test func maskedGradients() {
        let layer = BatchNormalization()
        layer.dtype = .float64
        _ = layer(Variable(randomTensor([2, 3, 2], seed: 2)))
        checkGradients(at: [randomTensor([2, 3, 2], seed: 1)]) { variables in
            var input = variables[0]
            input.mask = Tensor([[true, true, false], [true, false, false]])
            return layer(input, in: Context(tape: nil, isTraining: true))
        }
    }

    /// Steps that do not count say nothing, and a mask of images says as much as one of steps.
    @Test func maskedStatistics() {
        func statistics(_ input: Tensor, _ mask: Tensor?) -> [Tensor] {
            let layer = BatchNormalization(momentum: 0)
            var variable = Variable(input)
            variable.mask = mask
            _ = layer(variable, in: .training(Tape()))
            return [layer.movingMean, layer.movingVariance].compactMap { $0?.value }
        }
        let x = randomTensor([2, 3, 4, 2], dtype: .float32, seed: 1)
        let mask = Tensor([[true, true, false], [true, false, false]])
        let counted = Tensor.concatenate([x[0][0..<2], x[1][0..<1]])
        for (a, b) in zip(statistics(x, mask), statistics(counted, nil)) {
            expectClose(a, b, absolute: 1e-6)
        }
    }

    @Test func aFrozenNormalizationKeepsItsStatistics() {
        let layer = BatchNormalization()
        let input = Variable(randomTensor([8, 3], dtype: .float32, seed: 1))
        _ = layer(input, in: .training(Tape(), random: RandomStream(seed: 2)))
        let statistics = layer.parameters.map(\.value)
        #expect(statistics[2] != Tensor(zeros: [3]))
        layer.isTrainable = false
        _ = layer(input, in: .training(Tape(), random: RandomStream(seed: 2)))
        #expect(layer.parameters.map(\.value) == statistics)
    }

    /// A pass that holds updates leaves no trace until they are applied.
    @Test func heldUpdates() {
        let (layer, other) = (BatchNormalization(), BatchNormalization())
        let input = Variable(randomTensor([8, 3], dtype: .float32, seed: 1))
        _ = layer(input)
        _ = other(input, in: .training(Tape()))
        let before = layer.parameters.map(\.value)
        let context = Context.training(Tape())
        context.holdsUpdates = true
        _ = layer(input, in: context)
        #expect(layer.parameters.map(\.value) == before)
        context.applyUpdates()
        #expect(layer.parameters.map(\.value) == other.parameters.map(\.value))
        #expect(layer.parameters.map(\.value) != before)
        context.applyUpdates()
        #expect(layer.parameters.map(\.value) == other.parameters.map(\.value))
    }

    @Test func faults() {
        #expect(BatchNormalization(axis: 3).fault(ofInputs: [[4, 3]])?.contains("axis is 3") == true)
        #expect(BatchNormalization(axis: 0).fault(ofInputs: [[4, 3]])?.contains("axis is 0") == true)
        #expect(BatchNormalization(axis: -3).fault(ofInputs: [[4, 3]])?.contains("axis is -3") == true)
        #expect(
            configurationFault(BatchNormalization(), ["synchronized": true])?.contains("one machine") == true)
        #expect(configurationFault(BatchNormalization(), ["renorm": true])?.contains("renorm") == true)
        let layer = BatchNormalization(axis: 1)
        _ = layer(Tensor(zeros: [2, 3, 4]))
        #expect(layer.fault(ofInputs: [[3, 9]]) == nil)
        #expect(layer.fault(ofInputs: [[4, 3]])?.contains("4 channels") == true)
    }
}
