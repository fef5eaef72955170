import CitiusConfiguration
import CitiusPlatform

/// What metrics have in common that look for the best threshold under a condition: at evenly spaced thresholds from 0 to
/// 1, the largest value of a rate where another rate is at least a given number; 0 where it never is.
///
/// Predictions `[batch, …]`, probabilities; targets of that shape, of which a last axis of size 1 may be absent.
public class ConstrainedRate: ThresholdMetric {
    init(name: String, bound: Double, boundName: String, numThresholds: Int, classID: Int?) {
        if let fault = Self.fault(bound, boundName, numThresholds) { fail("\(name): \(fault)") }
        let last = Double(numThresholds - 1)
        super.init(
            name: name, goal: .highest,
            thresholds: numThresholds == 1 ? [0.5] : (0..<numThresholds).map { Double($0) / last },
            classID: classID)
    }

    static func fault(_ bound: Double, _ name: String, _ numThresholds: Int) -> String? {
        if !(0...1).contains(bound) { return "\(name) is \(bound), expected a number from 0 to 1" }
        // What a file asks for is memory.
        return (1...1_000_000).contains(numThresholds)
            ? nil : "numThresholds is \(numThresholds), expected 1 to 1,000,000"
    }

    /// The largest of `rates` where `constrained` is at least `bound`.
    static func best(_ rates: [Double], where constrained: [Double], atLeast bound: Double) -> Double {
        zip(rates, constrained).reduce(0) { $1.1 >= bound ? max($0, $1.0) : $0 }
    }

    /// True positives / positives.
    var sensitivities: [Double] {
        zip(counts.truePositives(), counts.falseNegatives()).map { quotient($0, $0 + $1) }
    }

    /// True negatives / negatives.
    var specificities: [Double] {
        zip(counts.trueNegatives(), counts.falsePositives()).map { quotient($0, $0 + $1) }
    }

    /// True positives / those predicted positive.
    var precisions: [Double] {
        zip(counts.truePositives(), counts.falsePositives()).map { quotient($0, $0 + $1) }
    }
}

/// The largest sensitivity at a threshold where the specificity is at least a given number. Follows
/// `keras.metrics.SensitivityAtSpecificity`.
public final class SensitivityAtSpecificity: ConstrainedRate, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        public var classID: Int?
        public var numThresholds = 200
        public var specificity: Double

        private enum CodingKeys: String, CodingKey {
            case name, dtype, numThresholds, specificity
            case classID = "classId"
        }

        init(name: String, specificity: Double, numThresholds: Int, classID: Int?) {
            (self.name, self.specificity) = (name, specificity)
            (self.numThresholds, self.classID) = (numThresholds, classID)
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            specificity = try container.decode(Double.self, forKey: .specificity)
            numThresholds = try container.value(.numThresholds, default: 200)
            classID = try container.decodeIfPresent(Int.self, forKey: .classID)
            try decoder.refuse(ConstrainedRate.fault(specificity, "specificity", numThresholds))
            try decoder.refuse(ThresholdMetric.fault(topK: nil, classID: classID))
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["sensitivity_at_specificity"] }
    public let configuration: Configuration

    public convenience init(configuration: Configuration) {
        self.init(
            specificity: configuration.specificity, numThresholds: configuration.numThresholds,
            classID: configuration.classID, name: configuration.name ?? "sensitivity_at_specificity")
    }

    /// Traps if the specificity is outside of 0…1, or a number is out of range.
    public init(
        specificity: Double, numThresholds: Int = 200, classID: Int? = nil,
        name: String = "sensitivity_at_specificity"
    ) {
        configuration = Configuration(
            name: name, specificity: specificity, numThresholds: numThresholds, classID: classID)
        super.init(
            name: name, bound: specificity, boundName: "specificity", numThresholds: numThresholds,
            classID: classID)
    }

    public override var results: [Double] {
        [Self.best(sensitivities, where: specificities, atLeast: configuration.specificity)]
    }
}

/// The largest specificity at a threshold where the sensitivity is at least a given number. Follows
/// `keras.metrics.SpecificityAtSensitivity`.
public final class SpecificityAtSensitivity: ConstrainedRate, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        public var classID: Int?
        public var numThresholds = 200
        public var sensitivity: Double

        private enum CodingKeys: String, CodingKey {
            case name, dtype, numThresholds, sensitivity
            case classID = "classId"
        }

        init(name: String, sensitivity: Double, numThresholds: Int, classID: Int?) {
            (self.name, self.sensitivity) = (name, sensitivity)
            (self.numThresholds, self.classID) = (numThresholds, classID)
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            sensitivity = try container.decode(Double.self, forKey: .sensitivity)
            numThresholds = try container.value(.numThresholds, default: 200)
            classID = try container.decodeIfPresent(Int.self, forKey: .classID)
            try decoder.refuse(ConstrainedRate.fault(sensitivity, "sensitivity", numThresholds))
            try decoder.refuse(ThresholdMetric.fault(topK: nil, classID: classID))
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["specificity_at_sensitivity"] }
    public let configuration: Configuration

    public convenience init(configuration: Configuration) {
        self.init(
            sensitivity: configuration.sensitivity, numThresholds: configuration.numThresholds,
            classID: configuration.classID, name: configuration.name ?? "specificity_at_sensitivity")
    }

    /// Traps if the sensitivity is outside of 0…1, or a number is out of range.
    public init(
        sensitivity: Double, numThresholds: Int = 200, classID: Int? = nil,
        name: String = "specificity_at_sensitivity"
    ) {
        configuration = Configuration(
            name: name, sensitivity: sensitivity, numThresholds: numThresholds, classID: classID)
        super.init(
            name: name, bound: sensitivity, boundName: "sensitivity", numThresholds: numThresholds,
            classID: classID)
    }

    public override var results: [Double] {
        [Self.best(specificities, where: sensitivities, atLeast: configuration.sensitivity)]
    }
}

/// The largest precision at a threshold where the recall is at least a given number. Follows
/// `keras.metrics.PrecisionAtRecall`.
public final class PrecisionAtRecall: ConstrainedRate, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        public var classID: Int?
        public var numThresholds = 200
        public var recall: Double

        private enum CodingKeys: String, CodingKey {
            case name, dtype, numThresholds, recall
            case classID = "classId"
        }

        init(name: String, recall: Double, numThresholds: Int, classID: Int?) {
            (self.name, self.recall) = (name, recall)
            (self.numThresholds, self.classID) = (numThresholds, classID)
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            recall = try container.decode(Double.self, forKey: .recall)
            numThresholds = try container.value(.numThresholds, default: 200)
            classID = try container.decodeIfPresent(Int.self, forKey: .classID)
            try decoder.refuse(ConstrainedRate.fault(recall, "recall", numThresholds))
            try decoder.refuse(ThresholdMetric.fault(topK: nil, classID: classID))
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["precision_at_recall"] }
    public let configuration: Configuration

    public convenience init(configuration: Configuration) {
        self.init(
            recall: configuration.recall, numThresholds: configuration.numThresholds,
            classID: configuration.classID, name: configuration.name ?? "precision_at_recall")
    }

    /// Traps if the recall is outside of 0…1, or a number is out of range.
    public init(
        recall: Double, numThresholds: Int = 200, classID: Int? = nil,
        name: String = "precision_at_recall"
    ) {
        configuration = Configuration(
            name: name, recall: recall, numThresholds: numThresholds, classID: classID)
        super.init(
            name: name, bound: recall, boundName: "recall", numThresholds: numThresholds,
            classID: classID)
    }

    public override var results: [Double] {
        [Self.best(precisions, where: sensitivities, atLeast: configuration.recall)]
    }
}

/// The largest recall at a threshold where the precision is at least a given number. Follows
/// `keras.metrics.RecallAtPrecision`.
public final class RecallAtPrecision: ConstrainedRate, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        public var classID: Int?
        public var numThresholds = 200
        public var precision: Double

        private enum CodingKeys: String, CodingKey {
            case name, dtype, numThresholds, precision
            case classID = "classId"
        }

        init(name: String, precision: Double, numThresholds: Int, classID: Int?) {
            (self.name, self.precision) = (name, precision)
            (self.numThresholds, self.classID) = (numThresholds, classID)
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            precision = try container.decode(Double.self, forKey: .precision)
            numThresholds = try container.value(.numThresholds, default: 200)
            classID = try container.decodeIfPresent(Int.self, forKey: .classID)
            try decoder.refuse(ConstrainedRate.fault(precision, "precision", numThresholds))
            try decoder.refuse(ThresholdMetric.fault(topK: nil, classID: classID))
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["recall_at_precision"] }
    public let configuration: Configuration

    public convenience init(configuration: Configuration) {
        self.init(
            precision: configuration.precision, numThresholds: configuration.numThresholds,
            classID: configuration.classID, name: configuration.name ?? "recall_at_precision")
    }

    /// Traps if the precision is outside of 0…1, or a number is out of range.
    public init(
        precision: Double, numThresholds: Int = 200, classID: Int? = nil,
        name: String = "recall_at_precision"
    ) {
        configuration = Configuration(
            name: name, precision: precision, numThresholds: numThresholds, classID: classID)
        super.init(
            name: name, bound: precision, boundName: "precision", numThresholds: numThresholds,
            classID: classID)
    }

    public override var results: [Double] {
        [Self.best(sensitivities, where: precisions, atLeast: configuration.precision)]
    }
}
