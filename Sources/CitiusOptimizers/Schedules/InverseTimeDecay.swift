import CitiusPlatform

/// A learning rate that falls as the inverse of the time.
///
///     initialLearningRate / (1 + decayRate · step / decaySteps)
///
/// As `keras.optimizers.schedules.InverseTimeDecay`.
public struct InverseTimeDecay: ConfigurableSchedule {
    public static let module: String? = "keras.optimizers.schedules"
    public let initialLearningRate: Double
    public let decaySteps: Int
    public let decayRate: Double
    public let staircase: Bool
    public let name: String

    /// - Parameters:
    ///   - staircase: whether the rate falls at once after `decaySteps` steps, not a little at each.
    ///
    /// Traps if `decaySteps` is not positive.
    public init(
        initialLearningRate: Double, decaySteps: Int, decayRate: Double, staircase: Bool = false,
        name: String = "InverseTimeDecay"
    ) {
        self.initialLearningRate = initialLearningRate
        self.decaySteps = decaySteps
        self.decayRate = decayRate
        self.staircase = staircase
        self.name = name
        require(self)
    }

    public var problem: String? {
        firstProblem(
            (decaySteps > 0, "decaySteps is \(decaySteps), expected 1 or more"))
    }

    public func callAsFunction(_ step: Int) -> Double {
        let periods = Double(step) / Double(decaySteps)
        return initialLearningRate / (1 + decayRate * (staircase ? periods.rounded(.down) : periods))
    }
}
