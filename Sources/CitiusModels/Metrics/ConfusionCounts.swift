import CitiusConfiguration
import CitiusPlatform

/// What metrics are made with that count at thresholds.
public struct ThresholdConfiguration: Codable, Sendable {
    public var name: String?
    public var dtype: String? = "float32"
    /// Predictions above them are positive; nil: 0.5.
    public var thresholds: Thresholds?

    public init(name: String?, thresholds: Thresholds?) {
        (self.name, self.thresholds) = (name, thresholds)
    }
}

/// The weight of the samples on one side of a threshold, those whose target agrees or those whose target does not.
///
/// Predictions `[batch, …]`, usually probabilities; targets of that shape, of which a last axis of size 1 may be absent.
/// With several thresholds there is a number for each in `results`, and `result` is their mean.
public class ConfusionCount: ThresholdMetric {
    public let configuration: ThresholdConfiguration

    init(name: String, goal: Goal, thresholds: Thresholds?) {
        if let fault = thresholds?.fault { fail("\(name): \(fault)") }
        configuration = ThresholdConfiguration(name: name, thresholds: thresholds)
        super.init(name: name, goal: goal, thresholds: thresholds?.numbers ?? [0.5])
    }
}

/// How many positive samples are predicted so, by weight. Follows `keras.metrics.TruePositives`.
public final class TruePositives: ConfusionCount, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["true_positives"] }

    public convenience init(configuration: ThresholdConfiguration) {
        self.init(thresholds: configuration.thresholds, name: configuration.name ?? "true_positives")
    }

    /// - Parameter thresholds: predictions above them are positive; nil: 0.5. Traps outside of 0…1.
    public init(thresholds: Thresholds? = nil, name: String = "true_positives") {
        super.init(name: name, goal: .highest, thresholds: thresholds)
    }

    public override var results: [Double] { counts.truePositives() }
}

/// How many negative samples are predicted so, by weight. Follows `keras.metrics.TrueNegatives`.
public final class TrueNegatives: ConfusionCount, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["true_negatives"] }

    public convenience init(configuration: ThresholdConfiguration) {
        self.init(thresholds: configuration.thresholds, name: configuration.name ?? "true_negatives")
    }

    /// - Parameter thresholds: predictions above them are positive; nil: 0.5. Traps outside of 0…1.
    public init(thresholds: Thresholds? = nil, name: String = "true_negatives") {
        super.init(name: name, goal: .highest, thresholds: thresholds)
    }

    public override var results: [Double] { counts.trueNegatives() }
}

/// How many negative samples are predicted positive, by weight. Follows `keras.metrics.FalsePositives`.
public final class FalsePositives: ConfusionCount, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["false_positives"] }

    public convenience init(configuration: ThresholdConfiguration) {
        self.init(thresholds: configuration.thresholds, name: configuration.name ?? "false_positives")
    }

    /// - Parameter thresholds: predictions above them are positive; nil: 0.5. Traps outside of 0…1.
    public init(thresholds: Thresholds? = nil, name: String = "false_positives") {
        super.init(name: name, goal: .lowest, thresholds: thresholds)
    }

    public override var results: [Double] { counts.falsePositives() }
}

/// How many positive samples are predicted negative, by weight. Follows `keras.metrics.FalseNegatives`.
public final class FalseNegatives: ConfusionCount, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["false_negatives"] }

    public convenience init(configuration: ThresholdConfiguration) {
        self.init(thresholds: configuration.thresholds, name: configuration.name ?? "false_negatives")
    }

    /// - Parameter thresholds: predictions above them are positive; nil: 0.5. Traps outside of 0…1.
    public init(thresholds: Thresholds? = nil, name: String = "false_negatives") {
        super.init(name: name, goal: .lowest, thresholds: thresholds)
    }

    public override var results: [Double] { counts.falseNegatives() }
}
