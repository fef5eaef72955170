import CitiusAutograd
import CitiusLayers
import CitiusTensor
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusModels

/// Naive formulas, and gradients against central differences.
@Suite struct LossTests {
    let logits = randomTensor([3, 4], in: -3..<3, seed: 1)
    let labels = Tensor([2, 0, 3] as [Int64])
    let shares = randomTensor([3, 4], in: 0..<1, seed: 2)

    private func rows(_ tensor: Tensor) -> [[Double]] {
        let elements = tensor.elements(as: Double.self)
        let width = tensor.shape[-1]
        return (0..<tensor.count / width).map { Array(elements[$0 * width..<($0 + 1) * width]) }
    }

    private func softmax(_ row: [Double]) -> [Double] {
        let sum = row.reduce(0) { $0 + exp($1) }
        return row.map { exp($0) / sum }
    }

    @Test func sparseCrossentropyIsMinusTheLogarithmOfTheLabelsProbability() {
        let expected = Tensor(
            zip(rows(logits), [2, 0, 3]).map { row, label in -log(softmax(row)[label]) } as [Double])
        let fromLogits = Loss.sparseCategoricalCrossentropy(fromLogits: true)
        expectClose(fromLogits.losses(Variable(logits), labels).value, expected, relative: 1e-12)
        let loss = Loss.sparseCategoricalCrossentropy
        expectClose(loss.losses(Variable(logits).softmax(), labels).value, expected, relative: 1e-12)
        // Plain probabilities, of which nothing is known.
        let plain = Variable(logits.softmax())
        expectClose(loss.losses(plain, labels).value, expected, relative: 1e-12)
        expectClose(
            loss.losses(plain, labels.reshaped(to: [3, 1]).cast(to: .float32)).value, expected,
            relative: 1e-12)
        // The mean of a batch.
        #expect(abs(loss(plain, labels).value.scalar - expected.mean().scalar) < 1e-12)
    }

    @Test func softmaxOutputsGoThroughTheLogits() {
        // The probability of the label rounds to 0: only the logits still know the loss.
        let extreme = Variable(Tensor([200, 0] as [Float], shape: [1, 2]))
        let label = Tensor([1] as [Int32])
        #expect(Loss.sparseCategoricalCrossentropy(extreme.softmax(), label).value.scalar == 200)
        let oneHot = Tensor([0, 1] as [Float], shape: [1, 2])
        #expect(Loss.categoricalCrossentropy(extreme.softmax(), oneHot).value.scalar == 200)
        let one = Variable(Tensor([-200] as [Float], shape: [1, 1]))
        #expect(Loss.binaryCrossentropy(one.sigmoid(), Tensor([1] as [Int64])).value.scalar == 200)
        // Probabilities out of nowhere are clipped.
        let zero = Variable(Tensor([0] as [Double], shape: [1, 1]))
        let clipped = Loss.binaryCrossentropy(zero, Tensor([1] as [Int64])).value.scalar
        #expect(abs(clipped + log(1e-7)) < 1e-9)
    }

    @Test func categoricalCrossentropySmoothsAndScales() {
        let smoothing = 0.2
        var losses: [Double] = []
        for (row, target) in zip(rows(logits), rows(shares)) {
            let smoothed = target.map { $0 * (1 - smoothing) + smoothing / 4 }
            losses.append(-zip(softmax(row), smoothed).reduce(0) { $0 + $1.1 * log($1.0) })
        }
        let expected = Tensor(losses)
        let fromLogits = Loss.categoricalCrossentropy(fromLogits: true, labelSmoothing: smoothing)
        expectClose(fromLogits.losses(Variable(logits), shares).value, expected, relative: 1e-12)
        let loss = Loss.categoricalCrossentropy(labelSmoothing: smoothing)
        // Probabilities that do not sum to one are scaled.
        expectClose(loss.losses(Variable(logits.softmax() * 2), shares).value, expected, relative: 1e-12)
    }

    @Test func binaryCrossentropyAveragesOverOutputs() {
        let smoothing = 0.1
        var losses: [Double] = []
        for (row, target) in zip(rows(logits), rows(shares)) {
            var sum = 0.0
            for (x, share) in zip(row, target) {
                let p = 1 / (1 + exp(-x))
                let t = share * (1 - smoothing) + smoothing / 2
                sum -= t * log(p) + (1 - t) * log(1 - p)
            }
            losses.append(sum / 4)
        }
        let expected = Tensor(losses)
        let loss = Loss.binaryCrossentropy(fromLogits: true, labelSmoothing: smoothing)
        expectClose(loss.losses(Variable(logits), shares).value, expected, relative: 1e-12)
        let probabilities = Loss.binaryCrossentropy(labelSmoothing: smoothing)
        expectClose(
            probabilities.losses(Variable(logits.sigmoid()), shares).value, expected, relative: 1e-10)
    }

    @Test func meanSquaredErrorTakesTargetsWithoutTheLastAxis() {
        let prediction = Variable(Tensor([1, 2, 4] as [Double], shape: [3, 1]))
        let loss = Loss.meanSquaredError
        let target = Tensor([1, 4, 1] as [Int64])
        #expect(loss.losses(prediction, target).value.elements(as: Double.self) == [0, 4, 9])
        let flat = prediction.reshaped(to: [3])
        #expect(loss.losses(flat, target).value.elements(as: Double.self) == [0, 4, 9])
    }

    @Test func gradients() {
        checkGradients(at: [logits]) { Loss.sparseCategoricalCrossentropy(fromLogits: true)($0[0], labels) }
        checkGradients(at: [logits]) { Loss.sparseCategoricalCrossentropy.losses($0[0].softmax(), labels) }
        checkGradients(at: [logits]) {
            Loss.categoricalCrossentropy(labelSmoothing: 0.1).losses($0[0].softmax(), shares)
        }
        checkGradients(at: [shares + 0.1]) { Loss.categoricalCrossentropy.losses($0[0], shares) }
        checkGradients(at: [shares * 0.8 + 0.1]) { Loss.binaryCrossentropy.losses($0[0], shares) }
        checkGradients(at: [logits]) {
            Loss.binaryCrossentropy(fromLogits: true, labelSmoothing: 0.2).losses($0[0], shares)
        }
        checkGradients(at: [logits]) { Loss.meanSquaredError($0[0], shares) }
        let weights = Tensor([0.5, 2, 0] as [Float])
        checkGradients(at: [logits]) { Loss.meanSquaredError($0[0], shares, sampleWeights: weights) }
    }

    @Test func theBinaryGradientAtZeroIsExact() {
        let (_, gradient) = valueWithGradient(at: Tensor([0] as [Double], shape: [1, 1])) {
            Loss.binaryCrossentropy(fromLogits: true)($0, Tensor([1] as [Double], shape: [1, 1]))
        }
        #expect(gradient.scalar == -0.5)
    }

    @Test func weightsMultiplyAndTheNumberOfSamplesDivides() {
        let prediction = Variable(Tensor([1, 2, 4] as [Double], shape: [3, 1]))
        let target = Tensor([1, 4, 1] as [Double])
        let weights = Tensor([7, 2, 0] as [Float])
        let loss = Loss.meanSquaredError(prediction, target, sampleWeights: weights)
        #expect(loss.value.scalar == 8.0 / 3)
    }

    @Test func customLossesAreFunctions() {
        let absolute = Loss("mean_absolute_error") { prediction, target in
            (prediction - Variable(target)).abs().mean(axes: [-1])
        }
        let prediction = Variable(Tensor([1, 2, 4] as [Double], shape: [3, 1]))
        #expect(absolute(prediction, Tensor([1, 4, 1] as [Double], shape: [3, 1])).value.scalar == 5.0 / 3)
    }

    @Test func misfitsTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Loss.meanSquaredError(Variable(Tensor(zeros: [3, 2])), Tensor(zeros: [3, 4]))
        }
        #expect(
            errorText(of: result)
                .contains("meanSquaredError: targets [3, 4] do not fit predictions [3, 2]"))
    }

    /// A softmax along another axis is no distribution of the last one, whose logits would do.
    @Test func softmaxesOfOtherAxesAreProbabilitiesOutOfNowhere() {
        let columns = Variable(logits).softmax(axis: 0)
        let plain = Variable(columns.value)
        let loss = Loss.sparseCategoricalCrossentropy
        #expect(loss(columns, labels).value == loss(plain, labels).value)
    }

    // MARK: Masks

    /// As Keras: a mean over what the mask lets through, with and without weights; the sum of what it lets through.
    @Test func masks() {
        var prediction = Variable(Tensor([1, 2, 3, 4, 5, 6] as [Double], shape: [2, 3, 1]))
        let target = Tensor(zeros: [2, 3, 1], dtype: .float64)
        prediction.mask = Tensor([true, true, false, true, false, false], shape: [2, 3])
        let loss = Loss.meanAbsoluteError
        #expect(abs(loss(prediction, target).value.scalar - 7.0 / 3) < 1e-14)
        let weights = Tensor([1, 0.5] as [Double])
        #expect(abs(loss(prediction, target, sampleWeights: weights).value.scalar - 5.0 / 3) < 1e-14)
        let sum = Loss(Loss.MeanAbsoluteError(), reduction: .sum)
        #expect(sum(prediction, target).value.scalar == 7)
        let byWeight = Loss(Loss.MeanAbsoluteError(), reduction: .meanWithSampleWeight)
        #expect(abs(byWeight(prediction, target, sampleWeights: weights).value.scalar - 5 / 2.5) < 1e-14)
        prediction.mask = Tensor(repeating: false, shape: [2, 3])
        #expect(loss(prediction, target).value.scalar == 0)
    }

    @Test func labelsThatAreNoNumbersOfClassesTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let probabilities = Variable(Tensor(ones: [2, 2]) * 0.5)
            _ = Loss.sparseCategoricalCrossentropy(probabilities, Tensor([1, 1.5] as [Float]))
        }
        #expect(
            errorText(of: result)
                .contains("sparseCategoricalCrossentropy: target 1 is 1.5, expected the number of a class"))
        let ofNaN = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Loss.sparseCategoricalCrossentropy(
                Variable(Tensor(ones: [1, 2]) * 0.5), Tensor([.nan] as [Float]))
        }
        #expect(errorText(of: ofNaN).contains("target 0 is nan"))
    }

    @Test func truthValuesAreLabels() {
        let probabilities = Variable(Tensor([0.25, 0.75, 0.5, 0.5] as [Double], shape: [2, 2]))
        let truths = Loss.sparseCategoricalCrossentropy(probabilities, Tensor([true, false]))
        #expect(
            truths.value
                == Loss.sparseCategoricalCrossentropy(probabilities, Tensor([1, 0] as [Int64])).value)
        let binary = Variable(Tensor([0.25, 0.75] as [Double], shape: [2, 1]))
        #expect(
            Loss.binaryCrossentropy(binary, Tensor([true, false])).value
                == Loss.binaryCrossentropy(binary, Tensor([1, 0] as [Double])).value)
    }
}
