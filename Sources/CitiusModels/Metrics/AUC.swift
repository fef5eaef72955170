import CitiusAutograd
import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

/// The area under a curve that thresholds draw: of the receiver operating characteristic (true over false positive rate),
/// of precision over recall, or of their gains. Follows `keras.metrics.AUC`.
///
/// ```swift
/// model.compile(optimizer: .adam, loss: .binaryCrossentropy, metrics: [AUC(), AUC(curve: .precisionRecall, name: "pr")])
/// ```
///
/// Predictions `[batch, …]`, probabilities or, with `fromLogits`, logits; targets of that shape, of which a last axis of
/// size 1 may be absent. With `multiLabel`, both are `[batch, labels]`.
///
/// As in Keras, the curve has points at the thresholds, so that an area is as exact as there are thresholds; counts are
/// exact, however samples come in batches. Sources: Davis and Goadrich 2006, doi:10.1145/1143844.1143874, for the
/// interpolation of precision; Flach and Kull 2015, "Precision-Recall-Gain Curves", for the gains.
public final class AUC: ThresholdMetric, ConfigurableMetric {
    /// Which curve the area lies under. Values are Keras's.
    public enum Curve: String, Codable, Sendable {
        case receiverOperatingCharacteristic = "ROC"
        case precisionRecall = "PR"
        case precisionRecallGain = "PRGAIN"
    }

    /// How the curve runs between two of its points. Values are Keras's.
    public enum SummationMethod: String, Codable, Sendable {
        /// In a straight line; of precision over recall, as precision itself runs.
        case interpolation
        /// At the larger of the two.
        case majoring
        /// At the smaller of the two.
        case minoring
    }

    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        public var numThresholds = 200
        public var curve = Curve.receiverOperatingCharacteristic
        public var summationMethod = SummationMethod.interpolation
        /// Between 0 and 1, which are thresholds too; nil: `numThresholds` evenly spaced ones.
        public var thresholds: [Double]?
        public var multiLabel = false
        public var numLabels: Int?
        public var labelWeights: [Double]?
        public var fromLogits = false

        private enum CodingKeys: String, CodingKey {
            case name, dtype, numThresholds, curve, summationMethod, thresholds, multiLabel, numLabels
            case labelWeights, fromLogits
        }

        public init() {}

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            numThresholds = try container.value(.numThresholds, default: 200)
            curve = try container.value(.curve, default: .receiverOperatingCharacteristic)
            summationMethod = try container.value(.summationMethod, default: .interpolation)
            thresholds = try container.decodeIfPresent([Double].self, forKey: .thresholds)
            multiLabel = try container.value(.multiLabel, default: false)
            numLabels = try container.decodeIfPresent(Int.self, forKey: .numLabels)
            labelWeights = try container.decodeIfPresent(WrittenTensor.self, forKey: .labelWeights)?.value
            fromLogits = try container.value(.fromLogits, default: false)
            try decoder.refuse(fault)
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try container.encode(dtype, forKey: .dtype)
            try container.encode(thresholds.map { $0.count + 2 } ?? numThresholds, forKey: .numThresholds)
            try container.encode(curve, forKey: .curve)
            try container.encode(summationMethod, forKey: .summationMethod)
            try container.encode(multiLabel, forKey: .multiLabel)
            try container.encode(numLabels, forKey: .numLabels)
            try container.encode(labelWeights.map { WrittenTensor(value: $0) }, forKey: .labelWeights)
            try container.encode(fromLogits, forKey: .fromLogits)
            try container.encodeIfPresent(thresholds, forKey: .thresholds)
        }

        var fault: String? {
            if let thresholds {
                // None are allowed: 0 and 1 remain.
                if let fault = Thresholds(thresholds).fault, !thresholds.isEmpty { return fault }
            } else if !(2...1_000_000).contains(numThresholds) {
                return "numThresholds is \(numThresholds), expected 2 to 1,000,000"
            }
            if let numLabels, !multiLabel || numLabels < 1 {
                return "numLabels is \(numLabels)"
                    + (multiLabel ? ", expected 1 or more" : ", which goes with multiLabel: true alone")
            }
            if let labelWeights {
                if let weight = labelWeights.first(where: { !($0 >= 0) }) {
                    return "a label's weight is \(weight), expected 0 or more"
                }
                if let numLabels, labelWeights.count != numLabels {
                    return "\(labelWeights.count) label weights for \(numLabels) labels"
                }
            }
            return nil
        }

        /// The ends lie beyond 0 and 1, so that every prediction is above the first and none above the last.
        fileprivate var allThresholds: [Double] {
            let between =
                thresholds?.sorted()
                ?? (1..<max(1, numThresholds - 1)).map { Double($0) / Double(numThresholds - 1) }
            return [-1e-7] + between + [1 + 1e-7]
        }
    }

    /// Numbers as Keras writes a tensor within a configuration.
    private struct WrittenTensor: Codable {
        struct Config: Codable {
            var value: [Double]
            var dtype = "float32"
        }
        var className = "__tensor__"
        var config: Config

        var value: [Double] { config.value }

        init(value: [Double]) { config = Config(value: value) }

        init(from decoder: any Decoder) throws {
            if let list = try? decoder.singleValueContainer().decode([Double].self) {
                config = Config(value: list)
            } else {
                config = try decoder.container(keyedBy: CodingKeys.self).decode(Config.self, forKey: .config)
            }
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["auc"] }
    public let configuration: Configuration

    public init(configuration: Configuration) {
        let name = configuration.name ?? "auc"
        if let fault = configuration.fault { fail("\(name): \(fault)") }
        var configuration = configuration
        configuration.name = name
        self.configuration = configuration
        super.init(name: name, goal: .highest, thresholds: configuration.allThresholds)
    }

    /// - Parameters:
    ///   - numThresholds: how many points the curve has, evenly spaced from 0 to 1.
    ///   - thresholds: the points between 0 and 1, in place of `numThresholds`.
    ///   - multiLabel: whether each element of the last axis has a curve of its own; the area is then their mean, by
    ///     `labelWeights` if there are any, and `results` has each one's.
    ///   - numLabels: how many labels there are; by default as many as the first predictions have.
    ///   - labelWeights: without `multiLabel`, what the elements of the last axis count.
    ///   - fromLogits: whether the predictions are logits, of which the sigmoid is still to be taken.
    ///
    /// Traps if a number is out of range.
    public convenience init(
        numThresholds: Int = 200, curve: Curve = .receiverOperatingCharacteristic,
        summationMethod: SummationMethod = .interpolation, thresholds: [Double]? = nil,
        multiLabel: Bool = false, numLabels: Int? = nil, labelWeights: [Double]? = nil,
        fromLogits: Bool = false, name: String = "auc"
    ) {
        var configuration = Configuration()
        configuration.name = name
        configuration.numThresholds = numThresholds
        configuration.curve = curve
        configuration.summationMethod = summationMethod
        configuration.thresholds = thresholds
        configuration.multiLabel = multiLabel
        configuration.numLabels = numLabels
        configuration.labelWeights = labelWeights
        configuration.fromLogits = fromLogits
        self.init(configuration: configuration)
    }

    public override func update(predictions: Tensor, targets: Tensor, weights: Tensor? = nil) {
        var predictions =
            predictions.dtype.isFloatingPoint ? predictions : predictions.cast(to: .float32)
        if configuration.fromLogits { predictions = predictions.sigmoid() }
        let labels = predictions.rank > 1 ? predictions.shape[-1] : 1
        if let expected = configuration.labelWeights?.count ?? configuration.numLabels {
            require(
                labels == expected, "\(name): predictions \(predictions.shape), expected \(expected) labels")
        }
        guard !configuration.multiLabel else {
            require(
                predictions.rank == 2,
                "\(name): predictions \(predictions.shape), expected [batch, labels] with multiLabel")
            return add(predictions, targets, weights, labelCount: labels)
        }
        var weights = weights
        if let labelWeights = configuration.labelWeights {
            let ofLabels = Tensor(labelWeights).expanded(to: predictions.shape)
            weights =
                weights.map { ofLabels * Weighting.expanded($0.converted(to: .float64), to: ofLabels) }
                ?? ofLabels
        }
        add(predictions, targets, weights, labelCount: 1)
    }

    /// The area of each label with `multiLabel`; else one.
    public override var results: [Double] { (0..<max(1, counts.labelCount)).map { area(ofLabel: $0) } }

    /// The area; with `multiLabel`, the mean of the labels' areas.
    public override var result: Double {
        let areas = results
        guard configuration.multiLabel, let weights = configuration.labelWeights,
            weights.count == areas.count
        else { return areas.reduce(0, +) / Double(areas.count) }
        return quotient(zip(areas, weights).reduce(0) { $0 + $1.0 * $1.1 }, weights.reduce(0, +))
    }

    private func area(ofLabel label: Int) -> Double {
        let truePositives = counts.truePositives(label: label)
        let falsePositives = counts.falsePositives(label: label)
        let falseNegatives = counts.falseNegatives(label: label)
        let trueNegatives = counts.trueNegatives(label: label)
        let recall = zip(truePositives, falseNegatives).map { quotient($0, $0 + $1) }
        let precision = zip(truePositives, falsePositives).map { quotient($0, $0 + $1) }
        switch configuration.curve {
        case .receiverOperatingCharacteristic:
            return area(zip(falsePositives, trueNegatives).map { quotient($0, $0 + $1) }, recall)
        case .precisionRecall where configuration.summationMethod == .interpolation:
            return Self.interpolatedPrecisionArea(truePositives, falsePositives, falseNegatives)
        case .precisionRecall:
            return area(recall, precision)
        case .precisionRecallGain:
            let points = truePositives.indices.map { index -> (Double, Double) in
                let positives = truePositives[index]
                // Both gains diverge without true positives.
                guard positives > 0 else { return (0, 1) }
                let scale = quotient(
                    positives + falseNegatives[index], trueNegatives[index] + falsePositives[index])
                return (
                    max(0, 1 - scale * falseNegatives[index] / positives),
                    1 - scale * falsePositives[index] / positives
                )
            }
            return area(points.map { $0.0 }, points.map { $0.1 })
        }
    }

    /// The area under a curve whose points come with falling x.
    private func area(_ x: [Double], _ y: [Double]) -> Double {
        x.indices.dropLast().reduce(0) { sum, index in
            let height =
                switch configuration.summationMethod {
                case .interpolation: (y[index] + y[index + 1]) / 2
                case .majoring: max(y[index], y[index + 1])
                case .minoring: min(y[index], y[index + 1])
                }
            return sum + (x[index] - x[index + 1]) * height
        }
    }

    /// Between two thresholds true positives TP grow linearly with the predicted positives P, so that precision runs as
    /// (TP₁ + slope·(P − P₁)) / P, whose integral over recall is slope·(ΔTP + intercept·log(P₀/P₁)) / positives.
    private static func interpolatedPrecisionArea(
        _ truePositives: [Double], _ falsePositives: [Double], _ falseNegatives: [Double]
    ) -> Double {
        let predicted = zip(truePositives, falsePositives).map { $0 + $1 }
        return truePositives.indices.dropLast().reduce(0) { sum, index in
            let gained = truePositives[index] - truePositives[index + 1]
            let slope = quotient(gained, max(0, predicted[index] - predicted[index + 1]))
            let intercept = truePositives[index + 1] - slope * predicted[index + 1]
            let ratio =
                predicted[index] > 0 && predicted[index + 1] > 0
                ? predicted[index] / predicted[index + 1] : 1
            return sum
                + quotient(
                    slope * (gained + intercept * log(ratio)),
                    max(0, truePositives[index + 1] + falseNegatives[index + 1]))
        }
    }
}

extension Metric {
    /// The area under the receiver operating characteristic; see `AUC`.
    public static var auc: Metric { AUC() }
}
