import Citius
import CitiusTechniques
import CitiusTestSupport
import Testing

@Suite struct PruningTests {
    @Test func makesTheSmallestZero() {
        let model = Sequential(seed: 1) {
            Input(3)
            Dense(2, kernelConstraint: .maxNorm(100))
        }
        model.parameters[0].value = Tensor([0.1, -2, 3, -0.2, 0.3, -1]).reshaped(to: [3, 2])
        model.parameters[1].value = Tensor([0.01, 0.02])
        model.prune(to: 0.5)
        #expect(model.parameters[0].value.elements(as: Float.self) == [0, -2, 3, 0, 0, -1])
        #expect(model.parameters[1].value.elements(as: Float.self) == [0.01, 0.02])
        #expect(model.sparsity == 0.5)
        // Those that were pruned stay so.
        model.prune(to: 4.0 / 6)
        #expect(model.parameters[0].value.elements(as: Float.self) == [0, -2, 3, 0, 0, 0])
    }

    /// Whatever the optimizer, steps leave pruned weights 0, and move the others.
    @Test(arguments: ["sgd", "adam", "muon"]) func stepsKeepTheMask(name: String) throws {
        let optimizers: [String: Optimizer] = [
            "sgd": SGD(learningRate: 0.1, momentum: 0.9), "adam": AdamW(), "muon": Muon(),
        ]
        let network = CompressibleNetwork.document
        let model = network.make(seed: 2)
        model.compile(optimizer: try #require(optimizers[name]), loss: .meanSquaredError)
        let targets = randomTensor([64, 10], dtype: .float32, in: 0..<1, seed: 8)
        // The optimizer keeps something of weights that are pruned later.
        try model.fit(network.samples, targets, batchSize: 16, epochs: 1, verbose: .silent)
        model.prune(to: 0.7)
        let before = model.weights
        try model.fit(network.samples, targets, batchSize: 16, epochs: 2, verbose: .silent)
        #expect(abs(model.sparsity - 0.7) < 0.01)
        for (old, parameter) in zip(before, model.parameters) where parameter.shape.rank >= 2 {
            #expect((old .== 0) == (parameter.value .== 0))
            #expect(old != parameter.value)
        }
        let path = temporaryPath()
        try model.save(to: path)
        let loaded = try Model.load(from: path)
        loaded.keepZeros()
        try loaded.fit(network.samples, targets, batchSize: 16, epochs: 1, verbose: .silent)
        #expect(loaded.sparsity == model.sparsity)
    }

    @Test func followsItsSchedule() throws {
        let pruning = MagnitudePruning(to: 0.8, from: 0.2, fromStep: 2, toStep: 12, frequency: 5)
        for step in 0...2 { #expect(abs(pruning.sparsity(at: step) - 0.2) < 1e-12) }
        #expect(abs(pruning.sparsity(at: 7) - (0.8 - 0.6 * 0.125)) < 1e-12)
        #expect(pruning.sparsity(at: 12) == 0.8 && pruning.sparsity(at: 99) == 0.8)
        let network = CompressibleNetwork.dense
        let model = network.make(seed: 2)
        model.compile(optimizer: Adam(), loss: .meanSquaredError)
        let targets = randomTensor([64, 10], dtype: .float32, in: 0..<1, seed: 8)
        let watch = SparsityWatch()
        try model.fit(
            network.samples, targets, batchSize: 4, epochs: 1, verbose: .silent, callbacks: [pruning, watch])
        let expected = [
            0, 0.2, 0.2, 0.2, 0.2, 0.2, 0.725, 0.725, 0.725, 0.725, 0.725, 0.8, 0.8, 0.8, 0.8, 0.8,
        ]
        #expect(watch.seen.count == expected.count)
        for (seen, expected) in zip(watch.seen, expected) { #expect(abs(seen - expected) < 0.002) }
    }
}

private final class SparsityWatch: Callback {
    private(set) var seen: [Double] = []
    override func onTrainBatchEnd(_ batch: Int, logs: Scores) { seen.append(model.sparsity) }
}
