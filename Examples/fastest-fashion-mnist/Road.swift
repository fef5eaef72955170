import Citius
import CitiusExampleSupport
import CitiusTechniques

/// A way to a test accuracy: a network, and how it is trained. The learning rate goes up and down once, and the running
/// average of the weights predicts.
struct Road: Sendable {
    /// The test accuracy that its mean over many seeds reaches.
    let percent: Int
    /// Batches of the whole training; one pass is 938 of 64.
    let steps: Int
    let peakLearningRate: Double
    /// Adam's β₂.
    let beta2: Double
    /// How much of the running average a step keeps.
    let averaging: Double
    /// With what probability `InfoBatch` leaves a sample that is learned out of a pass; nil: it is not used.
    let pruning: Double?
    /// Whether images are mirrored at random in training, and a prediction is the mean of an image's and its mirror
    /// image's.
    let mirrors: Bool
    /// Filters of both convolutions, and units of the dense layer.
    let widths: (Int, Int, Int)

    static let batchSize = 64

    static let all = [
        // A narrower relative of the document's network, and learned samples left out of the second pass.
        Road(
            percent: 90, steps: 1_800, peakLearningRate: 0.006, beta2: 0.99, averaging: 0.98, pruning: 0.6,
            mirrors: false, widths: (16, 32, 128)),
        Road(
            percent: 92, steps: 6_560, peakLearningRate: 0.004, beta2: 0.999, averaging: 0.99, pruning: nil,
            mirrors: true, widths: (32, 64, 128)),
    ]

    /// - Parameter fraction: trains for this fraction of the steps, on as many of the images.
    func run(_ train: Dataset, _ test: Dataset, fraction: Double, seed: UInt64) throws -> Result {
        // Behind the pools most gradients are zero, and are not computed.
        let model = Sequential(seed: seed) {
            Input(28, 28, 1)
            if mirrors { RandomFlip(.horizontal) }
            // Pixels of mean 0 and variance 1, over the training images.
            Rescaling(1 / 0.353, offset: -0.286 / 0.353)
            Conv2D(widths.0, kernelSize: 3, activation: .relu)
            MaxPooling2D(2)
            Conv2D(widths.1, kernelSize: 3, activation: .relu)
            MaxPooling2D(2)
            Flatten()
            Dense(widths.2, activation: .relu)
            Dense(10, activation: .softmax)
        }
        let steps = max(2, Int(Double(steps) * fraction))
        model.compile(
            optimizer: Adam(
                learningRate: OneCycle(
                    maximumLearningRate: peakLearningRate, totalSteps: steps, warmupFraction: 0.15,
                    divisor: 10, finalDivisor: 10),
                beta2: beta2, useEMA: true, emaMomentum: averaging),
            loss: .sparseCategoricalCrossentropy)
        try model.fit(
            train, batchSize: Self.batchSize, verbose: .silent, stepsPerEpoch: steps,
            techniques: pruning.map { [.infoBatch(pruning: $0)] } ?? [])
        var probabilities = try model.predict(test, batchSize: 250)
        if mirrors {
            let mirrored = test.inputs.flipped(axes: [2])
            probabilities = try probabilities + model.predict(mirrored, batchSize: 250)
        }
        return Result(testAccuracy: accuracy(probabilities, on: test), length: "\(steps) steps")
    }
}

/// The document's network and program, epoch by epoch until the test accuracy is reached.
func plainProgram(to target: Double, _ train: Dataset, _ test: Dataset, seed: UInt64) throws -> Result {
    let model = Sequential(seed: seed) {
        Input(28, 28, 1)
        Conv2D(32, kernelSize: 3)
        Activation(.relu)
        MaxPooling2D(2)
        Conv2D(64, kernelSize: 3)
        Activation(.relu)
        MaxPooling2D(2)
        Flatten()
        Dense(64, activation: .relu)
        Dropout(0.25)
        Dense(10, activation: .softmax)
    }
    model.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy)
    var result = Result(testAccuracy: 0, length: "no epoch")
    for epoch in 1...longestPlainTraining {
        try model.fit(train, batchSize: 32, verbose: .silent)
        let start = steadySeconds()
        result.testAccuracy = accuracy(try model.predict(test, batchSize: 250), on: test)
        result.length = "\(epoch) epochs"
        if result.testAccuracy >= target { break }
        result.secondsOffTheClock += steadySeconds() - start
    }
    return result
}

/// Epochs after which the plain program gives up.
private let longestPlainTraining = 30

/// What a training came to.
struct Result: Encodable {
    var testAccuracy: Double
    /// How long it trained, for people.
    var length: String
    /// Evaluations that only tell whether the target is reached.
    var secondsOffTheClock = 0.0
}

private func accuracy(_ probabilities: Tensor, on test: Dataset) -> Double {
    let predicted = probabilities.argMax(axis: 1).elements(as: Int64.self)
    let right = zip(predicted, test.targets.elements(as: Int64.self)).count { $0 == $1 }
    return Double(right) / Double(predicted.count)
}
