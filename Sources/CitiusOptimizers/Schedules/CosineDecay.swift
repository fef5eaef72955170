import CitiusPlatform

/// A learning rate that falls along half a cosine wave, if asked for after a linear warm-up (Loshchilov and Hutter
/// 2016, arXiv:1608.03983; warm-up: Goyal et al. 2017, arXiv:1706.02677).
///
/// With f the fraction of `decaySteps` that has passed:
///
///     rate · ((1 − alpha) · (1 + cos πf) / 2 + alpha)
///
/// where rate is `initialLearningRate`, or `warmupTarget` if there is one: then the rate first rises from
/// `initialLearningRate` to it within `warmupSteps`. As `keras.optimizers.schedules.CosineDecay`.
public struct CosineDecay: ConfigurableSchedule {
    public static let module: String? = "keras.optimizers.schedules"
    public let initialLearningRate: Double
    public let decaySteps: Int
    public let alpha: Double
    public let name: String
    public let warmupTarget: Double?
    public let warmupSteps: Int

    /// - Parameters:
    ///   - alpha: the fraction of the rate that is left at the end.
    ///
    /// Traps if `decaySteps` is not positive or `warmupSteps` is negative.
    public init(
        initialLearningRate: Double, decaySteps: Int, alpha: Double = 0, warmupTarget: Double? = nil,
        warmupSteps: Int = 0, name: String = "CosineDecay"
    ) {
        self.initialLearningRate = initialLearningRate
        self.decaySteps = decaySteps
        self.alpha = alpha
        self.name = name
        self.warmupTarget = warmupTarget
        self.warmupSteps = warmupSteps
        require(self)
    }

    public var problem: String? {
        firstProblem(
            (decaySteps > 0, "decaySteps is \(decaySteps), expected 1 or more"),
            (warmupSteps >= 0, "warmupSteps is \(warmupSteps), expected 0 or more"))
    }

    public func callAsFunction(_ step: Int) -> Double {
        guard let warmupTarget else { return decay(initialLearningRate, step) }
        guard step < warmupSteps else { return decay(warmupTarget, step - warmupSteps) }
        return (warmupTarget - initialLearningRate) * (Double(step) / Double(warmupSteps))
            + initialLearningRate
    }

    private func decay(_ rate: Double, _ step: Int) -> Double {
        let fraction = Double(min(step, decaySteps)) / Double(decaySteps)
        return rate * ((1 - alpha) * 0.5 * (1 + cos(.pi * fraction)) + alpha)
    }
}
