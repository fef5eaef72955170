import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// Steps that a mask leaves out count neither in the loss nor in metrics, whatever the samples' weights: as in Keras
/// (Tests/Golden/masks.py).
@Suite struct MaskTests {
    @Test(arguments: GoldenFile.load("masks").cases) func asInKeras(golden: GoldenCase) throws {
        let isOfNumbers = golden.text("kind") == "numbers"
        let model = Sequential(
            [
                Input(5, 3), Masking(), Dense(4, activation: .tanh),
                isOfNumbers ? Dense(2) : Dense(3, activation: .softmax),
            ], dtype: .float64)
        let names = (0..<4).map { "weight\($0)" }
        model.weights = names.map { golden.tensor($0) }
        func metric(_ name: String) -> Metric {
            isOfNumbers ? MeanAbsoluteError(name: name) : Accuracy(name: name)
        }
        model.compile(
            optimizer: SGD(learningRate: 0.5),
            loss: isOfNumbers ? .meanSquaredError : .sparseCategoricalCrossentropy,
            metrics: [metric("plain")],
            weightedMetrics: [metric("weighted")])
        let batch = Batch(
            inputs: golden.tensor("inputs"),
            targets: golden.tensor("targets", dtype: isOfNumbers ? .float64 : .int64),
            // Keras wants [batch, 1] where a mask is [batch, steps].
            sampleWeights: golden.optionalTensor("sample_weights").map {
                $0.shape[1] == 1 ? $0.squeezed() : $0
            })
        let expected = golden.tensor("scores").elements(as: Double.self)
        let data = Dataset(inputs: batch.inputs, targets: batch.targets, sampleWeights: batch.sampleWeights)
        let scores = try model.evaluate(data, batchSize: 4, verbose: .silent)
        #expect(scores.names == ["loss", "plain", "weighted"])
        for ((name, score), expected) in zip(scores.entries, expected) {
            // Metrics of Keras are float32.
            #expect(abs(score - expected) < 2e-6, "\(golden) \(name): \(score), \(expected)")
        }
        let losses = try (0..<3).map { _ in try model.trainOnBatch(batch).loss }
        expectClose(Tensor(losses), golden.tensor("losses"), absolute: 1e-9, relative: 1e-9)
        for (weight, name) in zip(model.weights, names) {
            expectClose(weight, golden.tensor(name + "_after"), absolute: 1e-9, relative: 1e-9, name)
        }
    }
}
