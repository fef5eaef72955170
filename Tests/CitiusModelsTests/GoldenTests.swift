import CitiusAutograd
import CitiusConfiguration
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// Losses and metrics read from Keras's description of them, and their values and gradients beside Keras's
/// (Tests/Golden/losses.py, metrics.py).
@Suite struct GoldenTests {
    @Test(arguments: GoldenFile.cases(in: "losses"))
    func lossesAreKeras(_ golden: GoldenCase) throws {
        var loss = try ConfigurationJSON.decode(
            Loss.self, from: golden.text("configuration"), types: .library)
        try ConfigurationJSON.expectSame(loss, as: golden.text("configuration"))
        if let delta = golden.number("delta") { loss = .huber(delta: delta) }
        let weights = golden.optionalTensor("sample_weight")
        let (value, gradient) = valueWithGradient(at: golden.tensor("prediction")) {
            loss($0, golden.tensor("target"), sampleWeights: weights)
        }
        let isWeighted = weights == nil ? "" : ", weighted"
        // Keras rounds log 2 to float32, even in float64.
        expectClose(
            value, golden.tensor("value"), absolute: golden.name == "LogCosh" ? 1e-7 : 1e-12, relative: 1e-10,
            "\(golden)\(isWeighted)")
        expectClose(
            gradient, golden.tensor("gradient"), absolute: 1e-12, relative: 1e-10, "\(golden)\(isWeighted)")
    }

    @Test(arguments: GoldenFile.cases(in: "metrics"))
    func metricsAreKeras(_ golden: GoldenCase) throws {
        let text = golden.text("configuration")
        let metric = try ConfigurationJSON.decode(MetricEnvelope.self, from: text, types: .library).metric
        if metric.name != golden.name {
            try ConfigurationJSON.expectSame(MetricEnvelope(metric), as: text)
        }
        let (predictions, targets) = (golden.tensor("prediction"), golden.tensor("target"))
        let weights = golden.optionalTensor("sample_weight")
        // Saved and restored between two batches.
        metric.update(
            predictions: predictions.sliced(0..<5, axis: 0), targets: targets.sliced(0..<5, axis: 0),
            weights: weights?.sliced(0..<5, axis: 0))
        let resumed = try ConfigurationJSON.decode(MetricEnvelope.self, from: text, types: .library).metric
        resumed.state = metric.state
        resumed.update(
            predictions: predictions.sliced(5..<8, axis: 0), targets: targets.sliced(5..<8, axis: 0),
            weights: weights?.sliced(5..<8, axis: 0))
        let values = golden.tensor("value").flattened()
        // Keras adds 1e-7 to what it divides by.
        if values.count > 1 {
            expectClose(Tensor(resumed.results), values, absolute: 1e-6, relative: 1e-6, "\(golden) \(text)")
        }
        // Of several, what Keras's progress bar shows.
        expectClose(
            Tensor(resumed.result), values.mean(), absolute: 1e-6, relative: 1e-6, "\(golden) \(text)")
    }

    /// Every loss and metric in the table has values from Keras beside it.
    @Test func allAreCovered() {
        let losses = Set(GoldenFile.cases(in: "losses").map { $0.name })
        // Keras has none for labels of which some are wrong but the generalized cross-entropy.
        #expect(
            losses.union(["SymmetricCrossEntropy", "Bootstrapping"])
                == Set(ConfigurationTypes.library.names(in: (any LossKind.Type).self)))
        let metrics = Set(GoldenFile.cases(in: "metrics").map { $0.name })
        // Keras has no class that chooses by the shapes, and no confusion matrix.
        #expect(
            metrics.union(["accuracy", "ConfusionMatrix"])
                == Set(ConfigurationTypes.library.names(in: (any ConfigurableMetric.Type).self)))
    }
}
