import CitiusPlatform

/// A learning rate that falls along half a cosine wave, again and again: stochastic gradient descent with warm restarts
/// (Loshchilov and Hutter 2016, arXiv:1608.03983).
///
/// In period i, of which the fraction f has passed:
///
///     initialLearningRate · ((1 − alpha) · rateMultiplierⁱ · (1 + cos πf) / 2 + alpha)
///
/// The first period has `firstDecaySteps` steps, each further one `periodMultiplier` times those of the one before. As
/// `keras.optimizers.schedules.CosineDecayRestarts`, which calls the multipliers `t_mul` and `m_mul`.
public struct CosineDecayRestarts: ConfigurableSchedule {
    public static let module: String? = "keras.optimizers.schedules"
    public let initialLearningRate: Double
    public let firstDecaySteps: Int
    public let periodMultiplier: Double
    public let rateMultiplier: Double
    public let alpha: Double
    public let name: String

    enum CodingKeys: String, CodingKey {
        case initialLearningRate, firstDecaySteps, alpha, name
        case periodMultiplier = "t_mul"
        case rateMultiplier = "m_mul"
    }

    /// - Parameters:
    ///   - periodMultiplier: how much longer each period is than the one before, 1 or more.
    ///   - rateMultiplier: by what the learning rate is multiplied from period to period.
    ///   - alpha: the fraction of `initialLearningRate` that is left at the end of a period.
    ///
    /// Traps if `firstDecaySteps` is not positive or `periodMultiplier` is below 1.
    public init(
        initialLearningRate: Double, firstDecaySteps: Int, periodMultiplier: Double = 2,
        rateMultiplier: Double = 1, alpha: Double = 0, name: String = "SGDRDecay"
    ) {
        self.initialLearningRate = initialLearningRate
        self.firstDecaySteps = firstDecaySteps
        self.periodMultiplier = periodMultiplier
        self.rateMultiplier = rateMultiplier
        self.alpha = alpha
        self.name = name
        require(self)
    }

    public var problem: String? {
        firstProblem(
            (firstDecaySteps > 0, "firstDecaySteps is \(firstDecaySteps), expected 1 or more"),
            (periodMultiplier >= 1, "periodMultiplier is \(periodMultiplier), expected 1 or more"))
    }

    public func callAsFunction(_ step: Int) -> Double {
        let (period, fraction) = position(Double(step) / Double(firstDecaySteps))
        let decayed = 0.5 * pow(rateMultiplier, period) * (1 + cos(.pi * fraction))
        return initialLearningRate * ((1 - alpha) * decayed + alpha)
    }

    /// The number of the period and the fraction of it that has passed, from the time in first periods.
    private func position(_ time: Double) -> (period: Double, fraction: Double) {
        guard periodMultiplier != 1 else { return (time.rounded(.down), time - time.rounded(.down)) }
        // Period i starts at (1 − mⁱ) / (1 − m). The logarithm finds i up to rounding, which a step may cost.
        func start(_ period: Double) -> Double {
            (1 - pow(periodMultiplier, period)) / (1 - periodMultiplier)
        }
        var period = (log(1 - time * (1 - periodMultiplier)) / log(periodMultiplier)).rounded(.down)
        if start(period + 1) <= time { period += 1 }
        if start(period) > time { period -= 1 }
        return (period, (time - start(period)) / pow(periodMultiplier, period))
    }
}
