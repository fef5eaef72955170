import CitiusAutograd
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// Losses, their gradients and metrics against Keras's values (Tests/Golden/generate.py).
@Suite struct GoldenTests {
    @Test(arguments: GoldenFile.load("losses").cases)
    func lossesAreKeras(_ golden: GoldenCase) throws {
        let fromLogits = golden.flag("from_logits")
        let smoothing = golden.number("label_smoothing") ?? 0
        let name = String(golden.name.split(separator: " ")[0])
        let loss: Loss
        switch name {
        case "sparse_categorical_crossentropy":
            loss = .sparseCategoricalCrossentropy(fromLogits: fromLogits)
        case "categorical_crossentropy":
            loss = .categoricalCrossentropy(fromLogits: fromLogits, labelSmoothing: smoothing)
        case "binary_crossentropy":
            loss = .binaryCrossentropy(fromLogits: fromLogits, labelSmoothing: smoothing)
        default: loss = .meanSquaredError
        }
        #expect(loss.name == name)
        let weights = golden.optionalTensor("sample_weight")
        #expect((weights != nil) == golden.name.hasSuffix("weighted"))
        let (value, gradient) = valueWithGradient(at: golden.tensor("prediction")) {
            loss($0, golden.tensor("target"), sampleWeights: weights)
        }
        expectClose(value, golden.tensor("value"), absolute: 1e-12, relative: 1e-11)
        expectClose(gradient, golden.tensor("gradient"), absolute: 1e-12, relative: 1e-11)
    }

    @Test(arguments: GoldenFile.load("metrics").cases)
    func metricsAreKeras(_ golden: GoldenCase) throws {
        let metrics: [Metric]
        switch golden.name {
        case "sparse_categorical_accuracy": metrics = [.sparseCategoricalAccuracy, .accuracy]
        case "categorical_accuracy": metrics = [.categoricalAccuracy, .accuracy]
        default: metrics = [.binaryAccuracy]
        }
        #expect(metrics[0].name == golden.name)
        for metric in metrics {
            metric.update(
                predictions: golden.tensor("prediction"), targets: golden.tensor("target"),
                weights: golden.optionalTensor("sample_weight"))
            #expect(abs(metric.result - golden.tensor("value").scalar) < 1e-6)
        }
    }
}
