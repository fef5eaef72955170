import CitiusPlatform

/// A learning rate that goes from one number to another along a power of the time; straight with power 1.
///
///     (initialLearningRate − endLearningRate) · (1 − step / decaySteps) ^ power + endLearningRate
///
/// From then on it stays; with `cycle`, it starts again with `decaySteps` twice, three times, … as long. As
/// `keras.optimizers.schedules.PolynomialDecay`.
public struct PolynomialDecay: ConfigurableSchedule {
    public static let module: String? = "keras.optimizers.schedules"
    public let initialLearningRate: Double
    public let decaySteps: Int
    public let endLearningRate: Double
    public let power: Double
    public let cycle: Bool
    public let name: String

    /// Traps if `decaySteps` is not positive.
    public init(
        initialLearningRate: Double, decaySteps: Int, endLearningRate: Double = 0.0001, power: Double = 1,
        cycle: Bool = false, name: String = "PolynomialDecay"
    ) {
        self.initialLearningRate = initialLearningRate
        self.decaySteps = decaySteps
        self.endLearningRate = endLearningRate
        self.power = power
        self.cycle = cycle
        self.name = name
        require(self)
    }

    public var problem: String? {
        firstProblem(
            (decaySteps > 0, "decaySteps is \(decaySteps), expected 1 or more"))
    }

    public func callAsFunction(_ step: Int) -> Double {
        let periods = Double(step) / Double(decaySteps)
        let fraction = cycle ? periods / max(periods.rounded(.up), 1) : min(periods, 1)
        return (initialLearningRate - endLearningRate) * pow(1 - fraction, power) + endLearningRate
    }
}
