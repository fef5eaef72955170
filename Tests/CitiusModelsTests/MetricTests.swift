import CitiusTensor
import Testing

@testable import CitiusModels

@Suite struct MetricTests {
    let predictions = Tensor([0.1, 0.7, 0.2, 0.5, 0.5, 0, 0.2, 0.3, 0.5] as [Float], shape: [3, 3])

    @Test func accuracyIsSparseForLabels() {
        for targets in [Tensor([1, 1, 2] as [UInt8]), Tensor([1, 1, 2] as [Float], shape: [3, 1])] {
            let accuracy = Accuracy()
            accuracy.update(predictions: predictions, targets: targets)
            // Row 1 ties: its first class counts, which is not the label.
            #expect(accuracy.result == 2.0 / 3)
        }
    }

    @Test func accuracyIsCategoricalForOneHotTargets() {
        let accuracy = Accuracy()
        accuracy.update(predictions: predictions, targets: Tensor([1, 0, 2] as [Int64]).oneHot(3))
        #expect(accuracy.result == 1)
    }

    @Test func accuracyIsBinaryForOneOutput() {
        let outputs = Tensor([0.4, 0.5, 0.6, 0.9] as [Float], shape: [4, 1])
        for targets in [Tensor([0, 1, 1, 0] as [Int64]), Tensor([0, 1, 1, 0] as [Int64], shape: [4, 1])] {
            let accuracy = Accuracy()
            accuracy.update(predictions: outputs, targets: targets)
            #expect(accuracy.result == 0.5)
        }
        let strict = BinaryAccuracy(threshold: 0.3)
        strict.update(predictions: outputs, targets: Tensor([1, 1, 1, 1] as [Int64]))
        #expect(strict.result == 1)
    }

    @Test func weightsCount() {
        let accuracy = SparseCategoricalAccuracy()
        accuracy.update(
            predictions: predictions, targets: Tensor([1, 1, 2] as [Int64]),
            weights: Tensor([1, 5, 2] as [Float]))
        #expect(accuracy.result == 3.0 / 8)
    }

    @Test func meansRunUntilReset() {
        let mean = Mean()
        #expect(mean.result == 0)
        mean.add(2)
        mean.add(8, weight: 3)
        #expect(mean.result == 6.5)
        mean.add(Tensor([1, 2, 3, 4] as [Int32], shape: [2, 2]), weights: Tensor([1, 0] as [Double]))
        #expect(mean.result == 29.0 / 6)
        mean.reset()
        mean.add(Tensor([true, false, true, true]))
        #expect(mean.result == 0.75)
    }

    @Test func ownMeansAreClosures() {
        let confidence = Mean(name: "confidence") { predictions, _ in predictions.max(axes: [-1]) }
        confidence.update(predictions: predictions, targets: Tensor([1, 1, 2] as [Int64]))
        #expect(abs(confidence.result - 1.7 / 3) < 1e-6)
    }

    /// What rounding takes away from a long sum is kept: added plainly, a million times 0.1 is off in the twelfth digit,
    /// and beside 10¹⁶ it is lost.
    @Test func meansAreExactOverManyBatches() {
        let plain = Mean()
        for _ in 0..<1_000_000 { plain.add(0.1) }
        #expect(abs(plain.result - 0.1) < 1e-16)
        let mean = Mean()
        mean.add(1e16)
        for _ in 0..<1_000_000 { mean.add(0.1) }
        mean.add(-1e16)
        #expect(abs(mean.result - 100_000 / 1_000_002) < 1e-9)
        let copy = Mean()
        copy.state = mean.state
        #expect(copy.result == mean.result)
        copy.state = []
        #expect(copy.result == 0)
    }

    /// What a mask leaves out weighs nothing, step by step.
    @Test func weightsOfSteps() {
        let error = MeanAbsoluteError()
        error.update(
            predictions: Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3, 1]),
            targets: Tensor(zeros: [2, 3, 1]),
            weights: Tensor([1, 1, 0, 0.5, 0, 0] as [Float], shape: [2, 3]))
        #expect(error.result == 2)
    }

    @Test func equallyProbableClassesCount() {
        let metric = SparseTopKCategoricalAccuracy(k: 1)
        metric.update(predictions: predictions, targets: Tensor([1, 1, 0] as [Int64]))
        // Row 1 ties between 0 and 1.
        #expect(metric.result == 2.0 / 3)
    }
}
