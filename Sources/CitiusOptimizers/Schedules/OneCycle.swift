import CitiusPlatform

/// A learning rate that rises to a peak and falls to next to nothing, once in a training (Smith and Topin 2017, arXiv
/// 1708.07120).
///
/// It rises from `maximumLearningRate / divisor` within the first `warmupFraction` of `totalSteps`, and falls from the peak
/// to `maximumLearningRate / divisor / finalDivisor` in the rest; both along half a cosine wave, or straight. Afterwards it
/// stays. With the parameters and the rates of PyTorch's `OneCycleLR`; Keras has no such schedule.
///
/// ```swift
/// let steps = 5 * 1_875  // 5 epochs of 60,000 samples by 32
/// let optimizer = SGD(learningRate: OneCycle(maximumLearningRate: 0.1, totalSteps: steps), momentum: 0.9)
/// ```
public struct OneCycle: ConfigurableSchedule {
    public static let module: String? = nil

    /// How the rate goes from one to another.
    public enum Annealing: String, Sendable, Codable {
        /// Along half a cosine wave.
        case cosine
        /// Straight.
        case linear
    }

    public let maximumLearningRate: Double
    public let totalSteps: Int
    public let warmupFraction: Double
    public let divisor: Double
    public let finalDivisor: Double
    public let annealing: Annealing
    public let name: String

    /// - Parameters:
    ///   - totalSteps: of the whole training: epochs times batches an epoch.
    ///   - warmupFraction: the fraction of the steps in which the rate rises.
    ///   - divisor: the peak over the first rate.
    ///   - finalDivisor: the first rate over the last.
    ///
    /// Traps if `totalSteps` is below 2, a divisor not positive, or `warmupFraction` not from 0 to 1.
    public init(
        maximumLearningRate: Double, totalSteps: Int, warmupFraction: Double = 0.3, divisor: Double = 25,
        finalDivisor: Double = 10_000, annealing: Annealing = .cosine, name: String = "OneCycle"
    ) {
        self.maximumLearningRate = maximumLearningRate
        self.totalSteps = totalSteps
        self.warmupFraction = warmupFraction
        self.divisor = divisor
        self.finalDivisor = finalDivisor
        self.annealing = annealing
        self.name = name
        require(self)
    }

    public var problem: String? {
        firstProblem(
            (totalSteps >= 2, "totalSteps is \(totalSteps), expected 2 or more"),
            (0...1 ~= warmupFraction, "warmupFraction is \(warmupFraction), expected from 0 to 1"),
            (divisor > 0 && divisor.isFinite, "divisor is \(divisor), expected above 0"),
            (finalDivisor > 0 && finalDivisor.isFinite, "finalDivisor is \(finalDivisor), expected above 0"))
    }

    public func callAsFunction(_ step: Int) -> Double {
        let first = maximumLearningRate / divisor
        let (peak, last) = (warmupFraction * Double(totalSteps) - 1, Double(totalSteps - 1))
        let step = min(Double(step), last)
        if step <= peak { return rate(from: first, to: maximumLearningRate, at: peak > 0 ? step / peak : 1) }
        return rate(from: maximumLearningRate, to: first / finalDivisor, at: (step - peak) / (last - peak))
    }

    private func rate(from start: Double, to end: Double, at fraction: Double) -> Double {
        switch annealing {
        case .cosine: end + (start - end) / 2 * (1 + cos(.pi * fraction))
        case .linear: (end - start) * fraction + start
        }
    }
}
