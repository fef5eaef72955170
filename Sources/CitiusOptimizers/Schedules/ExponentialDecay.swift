import CitiusPlatform

/// A learning rate that falls by a factor every so many steps.
///
///     initialLearningRate · decayRate ^ (step / decaySteps)
///
/// As `keras.optimizers.schedules.ExponentialDecay`.
public struct ExponentialDecay: ConfigurableSchedule {
    public static let module: String? = "keras.optimizers.schedules"
    public let initialLearningRate: Double
    public let decaySteps: Int
    public let decayRate: Double
    public let staircase: Bool
    public let name: String

    /// - Parameters:
    ///   - decaySteps: the steps in which the rate falls by the factor `decayRate`.
    ///   - staircase: whether it falls at once at the end of these steps, not a little at each.
    ///
    /// Traps if `decaySteps` is not positive.
    public init(
        initialLearningRate: Double, decaySteps: Int, decayRate: Double, staircase: Bool = false,
        name: String = "ExponentialDecay"
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
        return initialLearningRate * pow(decayRate, staircase ? periods.rounded(.down) : periods)
    }
}
