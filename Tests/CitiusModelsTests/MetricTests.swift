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
}
