import CitiusAutograd
import CitiusLayers
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Ends with the mean of the weights at the last epochs' ends, along which a constant learning rate walks about the
/// minimum (SWA: Izmailov et al. 2018, arXiv 1803.05407).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 20, techniques: [.swa(from: 0.75)])
/// ```
///
/// Batch normalization gathers its statistics anew for the averaged weights, in a pass over some of the data.
public final class StochasticWeightAveraging: Technique {
    public let span: Range<Double>
    public let learningRateFactor: Double
    public let stage = TechniqueStage.weights
    public let claims: Set<TechniqueClaim> = [.weightsToEvaluate]
    private var average = WeightAverage()

    /// - Parameters:
    ///   - start: the fraction of the training from which on the weights are averaged.
    ///   - learningRateFactor: what the learning rate is multiplied by from there on.
    ///
    /// Traps if a number is out of range.
    public init(from start: Double = 0.75, learningRateFactor: Double = 1) {
        require(
            start >= 0 && start < 1 && learningRateFactor > 0 && learningRateFactor.isFinite,
            "StochasticWeightAveraging: start \(start) and factor \(learningRateFactor), expected 0..<1 and above 0"
        )
        span = start..<1
        self.learningRateFactor = learningRateFactor
    }

    public func begin(_ training: Training) { average = WeightAverage() }

    public func beginStep(in training: Training) { training.learningRateFactor *= learningRateFactor }

    public func endStep(in training: Training) {
        if training.step == training.stepsInEpoch - 1 { average.add(training.model.weights) }
    }

    public func weightsToEvaluate(in training: Training) -> [Tensor]? {
        average.count > 0 ? training.withStatistics(of: average.weights) : nil
    }

    public var state: [String: Tensor] { average.state }

    public func restore(_ state: [String: Tensor], in training: Training) throws {
        average = try WeightAverage(state, like: training.model.weights)
    }
}

extension Technique where Self == StochasticWeightAveraging {
    /// Ends with the mean of the last epochs' weights; see `StochasticWeightAveraging`.
    public static func swa(
        from start: Double = 0.75, learningRateFactor: Double = 1
    ) -> StochasticWeightAveraging {
        StochasticWeightAveraging(from: start, learningRateFactor: learningRateFactor)
    }
}

/// Validates with, and ends with, the mean of the last few checkpoints (LAWA: Kaddour 2022, arXiv 2209.14981).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 20, techniques: [.lawa(of: 5, every: 100)])
/// ```
public final class LatestWeightAveraging: Technique {
    public let count: Int
    public let frequency: Int
    public let span: Range<Double>
    public let stage = TechniqueStage.weights
    public let claims: Set<TechniqueClaim> = [.weightsToEvaluate]
    /// The oldest first.
    private var checkpoints: [[Tensor]] = []

    /// - Parameters:
    ///   - count: of the checkpoints that are averaged.
    ///   - frequency: steps from one to the next.
    ///   - span: the part of the training.
    ///
    /// Traps if a number is below 1.
    public init(of count: Int = 6, every frequency: Int = 100, during span: Range<Double> = .wholeTraining) {
        require(
            count >= 1 && frequency >= 1,
            "LatestWeightAveraging: count \(count) and frequency \(frequency), expected at least 1")
        self.count = count
        self.frequency = frequency
        self.span = span
    }

    public func begin(_ training: Training) { checkpoints = [] }

    public func endStep(in training: Training) {
        guard training.stepsTaken % frequency == 0 else { return }
        if checkpoints.count == count { checkpoints.removeFirst() }
        checkpoints.append(training.model.weights)
    }

    public func weightsToEvaluate(in training: Training) -> [Tensor]? {
        guard !checkpoints.isEmpty else { return nil }
        var average = WeightAverage()
        for checkpoint in checkpoints { average.add(checkpoint) }
        return training.withStatistics(of: average.weights)
    }

    public var state: [String: Tensor] { [String: Tensor](savingModels: checkpoints) }

    public func restore(_ state: [String: Tensor], in training: Training) throws {
        checkpoints = try state.savedModels(like: training.model.weights, atMost: count, "checkpoints")
    }
}

extension Technique where Self == LatestWeightAveraging {
    /// Validates and ends with the mean of the last checkpoints; see `LatestWeightAveraging`.
    public static func lawa(
        of count: Int = 6, every frequency: Int = 100, during span: Range<Double> = .wholeTraining
    ) -> LatestWeightAveraging { LatestWeightAveraging(of: count, every: frequency, during: span) }
}

extension Training {
    /// These weights with moving statistics that are gathered anew, as the mean over batches; themselves if the model has
    /// no layers that keep any.
    ///
    /// - Parameter batches: as many at most.
    func withStatistics(of weights: [Tensor], batches: Int = 64) -> [Tensor] {
        // One that keeps all of its statistics is told none.
        let layers = model.normalizationLayers.filter { $0.momentum < 1 }
        guard !layers.isEmpty else { return weights }
        let own = model.weights
        model.weights = weights
        defer { model.weights = own }
        let statistics = layers.flatMap { $0.ownParameters.filter { !$0.isLearned } }
        var sums: [Tensor?] = statistics.map { _ in nil }
        var count = 0
        // Its own random numbers: a validation must not change what is trained after it.
        let random = RandomStream(seed: 0)
        for batch in data.batched(max(batchSize, 128)).prefix(batches) {
            let context = Context(
                tape: nil, isTraining: true, random: random, acceleration: model.acceleration)
            let before = statistics.map(\.value)
            _ = model.outputs(of: model.modelInputs(batch), in: context)
            // A step moves a statistic by (1 − m) of the way to the batch's own.
            count += 1
            for (index, parameter) in statistics.enumerated() {
                let momentum = layers.first { $0.ownParameters.contains { $0 === parameter } }?.momentum ?? 0
                let own = (parameter.value - before[index] * momentum) / (1 - momentum)
                sums[index] = sums[index].map { $0 + own } ?? own
            }
        }
        for (parameter, sum) in zip(statistics, sums) { if let sum { parameter.value = sum / Double(count) } }
        return model.weights
    }
}

extension Layer {
    /// All layers of batch normalization within.
    var normalizationLayers: [BatchNormalization] {
        sublayers.flatMap { layer in (layer as? BatchNormalization).map { [$0] } ?? layer.normalizationLayers
        }
    }
}

extension BatchNormalization {
    fileprivate var momentum: Double { configuration.momentum }
}
