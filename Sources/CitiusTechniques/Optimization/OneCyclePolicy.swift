import CitiusModels
import CitiusPlatform
import CitiusTensor

/// The learning rate rises to a peak and falls to next to nothing at the end of the training (Smith and Topin 2017, arXiv
/// 1708.07120, with cosines as in fastai and PyTorch's `OneCycleLR`).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.oneCycle(peak: 0.01)])
/// ```
///
/// It goes by the progress of the training: epochs that are shorter by `randomSubsets` make a shorter cycle.
public final class OneCyclePolicy: Technique {
    public let peak: Double?
    public let warmup: Double
    public let initialFraction: Double
    public let finalFraction: Double
    public let stage = TechniqueStage.optimization
    public let claims: Set<TechniqueClaim> = [.learningRate]

    /// - Parameters:
    ///   - peak: the largest learning rate; nil: the optimizer's own.
    ///   - warmup: the fraction of the training in which it rises.
    ///   - initialFraction: the first learning rate, as a fraction of the peak.
    ///   - finalFraction: the last one.
    ///
    /// Traps if a number is out of range. `findLearningRate` finds a peak.
    public init(
        peak: Double? = nil, warmup: Double = 0.3, initialFraction: Double = 0.04, finalFraction: Double = 0
    ) {
        require(
            (peak ?? 1) > 0 && (peak ?? 1).isFinite && 0..<1 ~= warmup && 0...1 ~= initialFraction
                && 0...1 ~= finalFraction,
            "OneCyclePolicy: peak \(peak ?? 1), warmup \(warmup), fractions \(initialFraction) and \(finalFraction), expected a "
                + "peak above 0 and fractions from 0 to 1")
        self.peak = peak
        self.warmup = warmup
        self.initialFraction = initialFraction
        self.finalFraction = finalFraction
    }

    /// What the peak is multiplied by at some progress of the training.
    func factor(at progress: Double) -> Double {
        func between(_ a: Double, _ b: Double, _ t: Double) -> Double { a + (b - a) * (1 - cos(.pi * t)) / 2 }
        return progress < warmup
            ? between(initialFraction, 1, progress / warmup)
            : between(1, finalFraction, (progress - warmup) / (1 - warmup))
    }

    public func beginStep(in training: Training) {
        training.learningRateFactor *= factor(at: training.progress)
        if let peak, training.baseLearningRate > 0 {
            training.learningRateFactor *= peak / training.baseLearningRate
        }
    }
}

extension Technique where Self == OneCyclePolicy {
    /// The learning rate rises and falls once; see `OneCyclePolicy`.
    public static func oneCycle(
        peak: Double? = nil, warmup: Double = 0.3, initialFraction: Double = 0.04, finalFraction: Double = 0
    ) -> OneCyclePolicy {
        OneCyclePolicy(
            peak: peak, warmup: warmup, initialFraction: initialFraction, finalFraction: finalFraction)
    }

    /// The learning rate falls evenly, along half a cosine, to nothing at the end of the training (Loshchilov and Hutter
    /// 2016, arXiv 1608.03983): one cycle without a rise.
    public static func cosineDecay() -> OneCyclePolicy { OneCyclePolicy(warmup: 0) }
}
