import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// Metrics by their definitions, and that they do not depend on how samples come in batches.
@Suite struct StreamingMetricTests {
    let scores = randomTensor([97, 3], in: 0..<1, seed: 31)
    let truths = (randomTensor([97, 3], in: 0..<1, seed: 32) .> 0.6).cast(to: .float64)
    let weights = randomTensor([97], in: 0..<3, seed: 33)

    static let metrics: [@Sendable () -> Metric] = [
        { Precision(thresholds: [0.2, 0.7]) }, { Recall(topK: 2) }, { PrecisionAtRecall(recall: 0.4) },
        { RecallAtPrecision(precision: 0.4) }, { SensitivityAtSpecificity(specificity: 0.5) },
        { SpecificityAtSensitivity(sensitivity: 0.5) }, { AUC() },
        { AUC(curve: .precisionRecall, multiLabel: true) },
        { F1Score() }, { FBetaScore(average: .weighted, beta: 2) }, { TruePositives(thresholds: 0.3) },
        { FalseNegatives() }, { BinaryIoU() }, { OneHotMeanIoU(numClasses: 3) },
        { ConfusionMatrix(numClasses: 3) }, { R2Score(numRegressors: 2) }, { Sum() }, { CosineSimilarity() },
        { ConcordanceCorrelation() }, { BinaryCrossentropy() }, { MeanMetricWrapper(.huber()) },
    ]

    /// Counts and sums of float64, added one by one, are the same to the last bit; means are to its rounding.
    @Test(arguments: metrics.indices, [1, 2, 13, 96])
    func batchesDoNotMatter(_ index: Int, batchSize: Int) {
        let (whole, parts) = (Self.metrics[index](), Self.metrics[index]())
        for _ in 0..<2 {
            whole.reset()
            parts.reset()
            whole.update(predictions: scores, targets: truths, weights: weights)
            for start in stride(from: 0, to: 97, by: batchSize) {
                let range = start..<min(start + batchSize, 97)
                parts.update(
                    predictions: scores[range], targets: truths[range], weights: weights[range])
            }
            let isCount = whole is ThresholdMetric || whole is FScore || whole is ConfusionMatrix
            for (a, b) in zip(whole.results, parts.results) {
                #expect(isCount ? a == b : abs(a - b) <= 1e-14 * abs(a), "\(whole.name): \(a), \(b)")
            }
        }
        #expect(whole.goal != nil || whole is Sum)
    }

    /// A state that is not the metric's leaves it as after a reset.
    @Test(arguments: metrics.indices)
    func statesOfOthersAreRefused(_ index: Int) {
        let metric = Self.metrics[index]()
        let fresh = Self.metrics[index]().results
        metric.update(predictions: scores, targets: truths)
        for state in [[], [Tensor([1.0, 2, 3])], [Tensor([1, 2] as [Float])], [Tensor(zeros: [2, 2, 2])]] {
            metric.state = state
            #expect(
                zip(metric.results, fresh).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }, "\(metric.name)")
        }
    }

    /// Beside counting at each threshold anew.
    @Test func countsAtThresholds() {
        let thresholds = [0.9, 0.1, 0.5, 0.5]
        let predictions = Tensor([0.1, 0.5, 0.50001, 0.95, .nan, 0.9, -1, 2] as [Double])
        let targets = Tensor([1, 1, 0, 1, 1, 0, 0, 1] as [Int64])
        let weights = Tensor([1, 2, 4, 8, 16, 32, 64, 128] as [Double])
        for (make, isTrue, isAbove) in [
            ({ TruePositives(thresholds: Thresholds(thresholds)) as Metric }, true, true),
            ({ FalsePositives(thresholds: Thresholds(thresholds)) }, false, true),
            ({ FalseNegatives(thresholds: Thresholds(thresholds)) }, true, false),
            ({ TrueNegatives(thresholds: Thresholds(thresholds)) }, false, false),
        ] {
            let metric = make()
            metric.update(predictions: predictions, targets: targets, weights: weights)
            let expected = thresholds.map { threshold in
                (0..<8).reduce(0.0) { sum, index in
                    let above = predictions.elements(as: Double.self)[index] > threshold
                    let truth = targets.elements(as: Int64.self)[index] == 1
                    return truth == isTrue && above == isAbove
                        ? sum + weights.elements(as: Double.self)[index] : sum
                }
            }
            #expect(metric.results == expected, "\(metric.name)")
        }
    }

    /// In float32 a threshold is the number that float32 has for it: 0.1 is not above 0.1.
    @Test func thresholdsAreThePredictionsNumbers() {
        for predictions in [Tensor([0.1] as [Float]), Tensor([0.1] as [Double])] {
            let positives = TruePositives(thresholds: 0.1)
            positives.update(predictions: predictions, targets: Tensor([1] as [Int64]))
            #expect(positives.result == 0)
        }
    }

    /// Ten million samples of weight 1 and one of 10⁻³: counts in float32 would stand still.
    @Test func countsAreExact() {
        let positives = TruePositives()
        let predictions = Tensor(ones: [100_000])
        for _ in 0..<200 { positives.update(predictions: predictions, targets: predictions) }
        positives.update(
            predictions: Tensor(ones: [1]), targets: Tensor(ones: [1]), weights: Tensor([0.001] as [Double]))
        #expect(positives.result == 20_000_000.001)
    }

    @Test func theAreaIsTheFractionOfOrderedPairs() {
        let count = 60
        let scores = randomTensor([count], in: 0..<1, seed: 7)
        let truths = (randomTensor([count], in: 0..<1, seed: 8) .> 0.5).cast(to: .int64)
        let (s, t) = (scores.elements(as: Double.self), truths.elements(as: Int64.self))
        // A threshold at every score: the curve passes every sample.
        let area = AUC(thresholds: s)
        area.update(predictions: scores, targets: truths)
        var (ordered, pairs) = (0.0, 0.0)
        for i in 0..<count {
            for j in 0..<count where t[i] == 1 && t[j] == 0 {
                pairs += 1
                ordered += s[i] > s[j] ? 1 : s[i] == s[j] ? 0.5 : 0
            }
        }
        #expect(abs(area.result - ordered / pairs) < 1e-12)
    }

    @Test func confusionMatrices() {
        let confusion = ConfusionMatrix(numClasses: 3, classNames: ["cat", "dog", "a horse"])
        let predictions = Tensor([0, 1, 1, 2, 2] as [Int64]).oneHot(3)
        confusion.update(predictions: predictions, targets: Tensor([0, 1, 0, 2, 0] as [Int64]))
        #expect(confusion.counts == Tensor([1, 1, 1, 0, 1, 0, 0, 0, 1] as [Double], shape: [3, 3]))
        #expect(confusion.result == 0.6)
        #expect(confusion.fractions.elements(as: Double.self)[0] == 1.0 / 3)
        #expect(
            confusion.description == """
                true \\ predicted  cat  dog  a horse  recall
                cat                 1    1        1   0.333
                dog                 0    1        0   1.000
                a horse             0    0        1   1.000
                """)
        // One-hot targets are the same.
        let second = ConfusionMatrix(numClasses: 3)
        second.update(predictions: predictions, targets: Tensor([0, 1, 0, 2, 0] as [Int64]).oneHot(3))
        #expect(second.counts == confusion.counts)
    }

    /// Along an axis in the middle, which Keras accepts and then fails for.
    @Test func classesOfIoUAlongAnyAxis() {
        let predictions = randomTensor([4, 3, 5], in: 0..<1, seed: 3)
        let targets = randomTensor([4, 3, 5], in: 0..<1, seed: 4)
        let middle = IoU(
            numClasses: 3, targetClassIDs: [0, 2], sparseYTrue: false, sparseYPred: false, axis: 1)
        middle.update(predictions: predictions, targets: targets)
        let last = IoU(numClasses: 3, targetClassIDs: [0, 2], sparseYTrue: false, sparseYPred: false)
        last.update(predictions: predictions.permuted([0, 2, 1]), targets: targets.permuted([0, 2, 1]))
        #expect(middle.result == last.result && middle.result > 0 && middle.result < 1)
    }

    /// A large mean takes no digits from the variance: in the plain formula nothing of it would be left.
    @Test func determinationBesideALargeMean() {
        let score = R2Score()
        let targets = randomTensor([50, 1], in: 0..<1, seed: 5)
        let predictions = targets + randomTensor([50, 1], in: 0..<0.1, seed: 6)
        score.update(predictions: predictions, targets: targets)
        let far = R2Score()
        far.update(predictions: predictions + 1e8, targets: targets + 1e8)
        #expect(abs(score.result - far.result) < 1e-6)
    }

    /// Samples of the ignored class do not count, with weights or without.
    @Test func ignoredClassesDoNotCount() {
        let predictions = randomTensor([4, 3], in: 0.1..<1, seed: 9)
        let labels = Tensor([0, 2, 1, 2] as [Int64])
        let metric = SparseCategoricalCrossentropy(ignoreClass: 2)
        metric.update(predictions: predictions, targets: labels)
        let kept = SparseCategoricalCrossentropy()
        let rows = Tensor([0, 2] as [Int64])
        kept.update(predictions: predictions.taking(rows), targets: labels.taking(rows))
        #expect(abs(metric.result - kept.result) < 1e-12)
        let middle = SparseCategoricalCrossentropy(axis: 1)
        let steps = randomTensor([2, 3, 4], in: 0.1..<1, seed: 10)
        let stepLabels = Tensor([0, 2, 1, 2, 0, 0, 1, 1] as [Int64], shape: [2, 4])
        middle.update(predictions: steps, targets: stepLabels)
        kept.reset()
        kept.update(predictions: steps.permuted([0, 2, 1]), targets: stepLabels)
        #expect(abs(middle.result - kept.result) < 1e-12)
    }

    /// Nothing was taken in: no metric traps.
    @Test func emptyMetrics() {
        for make in Self.metrics {
            let metric = make()
            #expect(metric.result == 0 || metric.result.isNaN, "\(metric.name): \(metric.result)")
        }
    }
}
