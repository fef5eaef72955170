import CitiusConfiguration
import CitiusPlatform

/// What `Precision` and `Recall` are made with.
public struct PrecisionConfiguration: Codable, Sendable {
    public var name: String?
    public var dtype: String? = "float32"
    /// Predictions above them are positive; nil: 0.5, or, with `topK`, any number.
    public var thresholds: Thresholds?
    public var topK: Int?
    public var classID: Int?

    private enum CodingKeys: String, CodingKey {
        case name, dtype, thresholds, topK
        case classID = "classId"
    }

    public init(name: String?, thresholds: Thresholds?, topK: Int?, classID: Int?) {
        (self.name, self.thresholds, self.topK, self.classID) = (name, thresholds, topK, classID)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        thresholds = try container.decodeIfPresent(Thresholds.self, forKey: .thresholds)
        topK = try container.decodeIfPresent(Int.self, forKey: .topK)
        classID = try container.decodeIfPresent(Int.self, forKey: .classID)
        try decoder.refuse(ThresholdMetric.fault(topK: topK, classID: classID))
    }

    fileprivate var numbers: [Double] {
        thresholds?.numbers ?? [topK == nil ? 0.5 : ThresholdMetric.lowest]
    }
}

/// Which fraction of the samples that are predicted positive is: true positives / (true + false positives), by weight; 0
/// where nothing is predicted positive. Follows `keras.metrics.Precision`.
///
/// Predictions `[batch, …]`, usually probabilities; targets of that shape, of which a last axis of size 1 may be absent.
/// With several thresholds there is a number for each in `results`, and `result` is their mean.
///
/// ```swift
/// model.compile(optimizer: .adam, loss: .binaryCrossentropy, metrics: [Precision(thresholds: 0.7), Recall()])
/// ```
public final class Precision: ThresholdMetric, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["precision"] }
    public let configuration: PrecisionConfiguration

    public convenience init(configuration: PrecisionConfiguration) {
        self.init(
            thresholds: configuration.thresholds, topK: configuration.topK, classID: configuration.classID,
            name: configuration.name ?? "precision")
    }

    /// - Parameters:
    ///   - thresholds: predictions above them are positive; nil: 0.5, or, with `topK`, any number.
    ///   - topK: the largest so many predictions of the last axis alone can be positive.
    ///   - classID: the only element of the last axis that is looked at.
    ///
    /// Traps if a threshold is outside of 0…1, or a number is out of range.
    public init(
        thresholds: Thresholds? = nil, topK: Int? = nil, classID: Int? = nil, name: String = "precision"
    ) {
        if let fault = thresholds?.fault { fail("\(name): \(fault)") }
        configuration = PrecisionConfiguration(
            name: name, thresholds: thresholds, topK: topK, classID: classID)
        super.init(
            name: name, goal: .highest, thresholds: configuration.numbers, topK: topK, classID: classID)
    }

    public override var results: [Double] {
        zip(counts.truePositives(), counts.falsePositives()).map { quotient($0, $0 + $1) }
    }
}

/// Which fraction of the positive samples is predicted so: true positives / (true positives + false negatives), by
/// weight; 0 where there are none. Follows `keras.metrics.Recall`.
///
/// Predictions, targets and thresholds as of `Precision`.
public final class Recall: ThresholdMetric, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["recall"] }
    public let configuration: PrecisionConfiguration

    public convenience init(configuration: PrecisionConfiguration) {
        self.init(
            thresholds: configuration.thresholds, topK: configuration.topK, classID: configuration.classID,
            name: configuration.name ?? "recall")
    }

    /// - Parameters:
    ///   - thresholds: predictions above them are positive; nil: 0.5, or, with `topK`, any number.
    ///   - topK: the largest so many predictions of the last axis alone can be positive.
    ///   - classID: the only element of the last axis that is looked at.
    ///
    /// Traps if a threshold is outside of 0…1, or a number is out of range.
    public init(
        thresholds: Thresholds? = nil, topK: Int? = nil, classID: Int? = nil, name: String = "recall"
    ) {
        if let fault = thresholds?.fault { fail("\(name): \(fault)") }
        configuration = PrecisionConfiguration(
            name: name, thresholds: thresholds, topK: topK, classID: classID)
        super.init(
            name: name, goal: .highest, thresholds: configuration.numbers, topK: topK, classID: classID)
    }

    public override var results: [Double] {
        zip(counts.truePositives(), counts.falseNegatives()).map { quotient($0, $0 + $1) }
    }
}

extension Metric {
    /// Which fraction of the samples that are predicted positive is; see `Precision`.
    public static var precision: Metric { Precision() }
    /// Which fraction of the positive samples is predicted so; see `Recall`.
    public static var recall: Metric { Recall() }
}
