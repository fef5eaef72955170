import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Validates with, and ends with, the exponential moving average of the weights (Polyak and Juditsky 1992; as usual in
/// training networks since Szegedy et al. 2015, arXiv 1512.00567): average ← d · average + (1 − d) · weights.
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.ema(0.999)])
/// ```
///
/// The average lies where a decayed learning rate would lead, steps before it decays. In the first steps, which know
/// nothing, d is at most (1 + t) / (10 + t), t being the steps. Moving statistics of batch normalization are averaged
/// with the weights. An optimizer's `useEMA` keeps an average too, as Keras does, and validates with the raw weights.
public final class ExponentialMovingAverage: Technique {
    public let decay: Double
    public let frequency: Int
    public let span: Range<Double>
    public let stage = TechniqueStage.weights
    public let claims: Set<TechniqueClaim> = [.weightsToEvaluate]
    private var average = WeightAverage()

    /// - Parameters:
    ///   - decay: d, what a step keeps of the average.
    ///   - frequency: takes the weights in after every so many steps, with a decay of d to that power. The average costs a
    ///     pass over the weights.
    ///   - span: the part of the training that is averaged; after it the average stays as it is.
    ///
    /// Traps if a number is out of range.
    public init(
        _ decay: Double = 0.999, every frequency: Int = 1, during span: Range<Double> = .wholeTraining
    ) {
        require(
            decay >= 0 && decay < 1 && frequency >= 1,
            "ExponentialMovingAverage: decay \(decay) and frequency \(frequency), expected 0..<1 and at least 1"
        )
        self.decay = decay
        self.frequency = frequency
        self.span = span
    }

    public func begin(_ training: Training) { average = WeightAverage() }

    public func endStep(in training: Training) {
        guard training.stepsTaken % frequency == 0 else { return }
        let steps = Double(average.count)
        let kept = min(pow(decay, Double(frequency)), (1 + steps) / (10 + steps))
        average.add(training.model.weights, fraction: 1 - kept)
    }

    public func weightsToEvaluate(in training: Training) -> [Tensor]? {
        average.count > 0 ? average.weights : nil
    }

    public var state: [String: Tensor] { average.state }

    public func restore(_ state: [String: Tensor], in training: Training) throws {
        average = try WeightAverage(state, like: training.model.weights)
    }
}

extension Technique where Self == ExponentialMovingAverage {
    /// Validates and ends with the moving average of the weights; see `ExponentialMovingAverage`.
    public static func ema(
        _ decay: Double = 0.999, every frequency: Int = 1, during span: Range<Double> = .wholeTraining
    ) -> ExponentialMovingAverage { ExponentialMovingAverage(decay, every: frequency, during: span) }
}
