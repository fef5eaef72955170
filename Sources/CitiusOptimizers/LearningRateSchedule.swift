import CitiusConfiguration
import CitiusPlatform

/// A learning rate as a function of the step: a schedule, or a number, which is the same at every step.
///
/// Every optimizer takes one:
///
/// ```swift
/// Adam(0.001)
/// SGD(learningRate: 0.1, momentum: 0.9)
/// ```
///
/// A schedule of your own is a type with one method. To be saved with a model it is a `ConfigurableSchedule` too.
///
/// ```swift
/// struct Halving: LearningRateSchedule {
///     func callAsFunction(_ step: Int) -> Double { 0.1 / Double(1 << (step / 1_000)) }
/// }
/// ```
public protocol LearningRateSchedule: Sendable {
    /// The learning rate of a step. The first step is 0, as in Keras.
    func callAsFunction(_ step: Int) -> Double
}

extension Double: LearningRateSchedule {
    /// Itself: a constant learning rate.
    public func callAsFunction(_ step: Int) -> Double { self }
}

/// So that `SGD(1)` means what it says.
extension Int: LearningRateSchedule {
    /// Itself: a constant learning rate.
    public func callAsFunction(_ step: Int) -> Double { Double(self) }
}

/// A schedule that can be saved with a model: its stored properties are its configuration.
///
/// ```swift
/// struct Halving: ConfigurableSchedule {
///     let initialLearningRate: Double
///     let period: Int
///
///     func callAsFunction(_ step: Int) -> Double { initialLearningRate / Double(1 << (step / period)) }
/// }
/// ```
public protocol ConfigurableSchedule: LearningRateSchedule, Configurable {
    /// What is wrong with the properties, `decaySteps is 0, expected 1 or more`; nil if nothing is. A file with such a
    /// schedule is refused.
    var problem: String? { get }
}

extension ConfigurableSchedule {
    public var problem: String? { nil }

    /// Traps if something is wrong with the schedule.
    func require(_ schedule: Self) {
        if let problem = schedule.problem { fail("\(Self.self): \(problem)") }
    }
}
