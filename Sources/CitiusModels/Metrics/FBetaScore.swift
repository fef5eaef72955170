import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

/// How the scores of classes become one.
public enum ClassAverage: String, Codable, Sendable {
    /// The score of the classes' counts, added up.
    case micro
    /// The mean of the classes' scores.
    case macro
    /// The mean of the classes' scores, weighted by their targets.
    case weighted
}

/// What F-scores have in common.
public class FScore: Metric {
    let average: ClassAverage?
    let beta: Double
    let threshold: Double?
    /// `[classes]` each, by weight.
    private var truePositives: [Double] = []
    private var falsePositives: [Double] = []
    private var falseNegatives: [Double] = []

    init(name: String, average: ClassAverage?, beta: Double, threshold: Double?) {
        if let fault = Self.fault(beta, threshold) { fail("\(name): \(fault)") }
        (self.average, self.beta, self.threshold) = (average, beta, threshold)
        super.init(name: name, goal: .highest)
    }

    static func fault(_ beta: Double, _ threshold: Double?) -> String? {
        if !(beta > 0 && beta.isFinite) { return "beta is \(beta), expected a positive number" }
        return threshold.flatMap {
            $0 > 0 && $0 <= 1 ? nil : "the threshold is \($0), expected a number above 0, up to 1"
        }
    }

    public override func update(predictions: Tensor, targets: Tensor, weights: Tensor? = nil) {
        require(
            predictions.rank == 2 && targets.shape == predictions.shape,
            "\(name): predictions \(predictions.shape) and targets \(targets.shape), expected [batch, classes]"
        )
        let classes = predictions.shape[1]
        if truePositives.isEmpty {
            truePositives = [Double](repeating: 0, count: classes)
            (falsePositives, falseNegatives) = (truePositives, truePositives)
        }
        require(
            classes == truePositives.count,
            "\(name): predictions of \(classes) classes after some of \(truePositives.count)")
        let numbers = predictions.converted(to: .float64).elements(as: Double.self)
        let truths = targets.converted(to: .float64).elements(as: Double.self)
        let weights = weights.map {
            Weighting.expanded(
                $0.converted(to: .float64), to: Tensor(zeros: predictions.shape, dtype: .float64)
            )
            .expanded(to: predictions.shape).elements(as: Double.self)
        }
        for row in 0..<predictions.shape[0] {
            let range = row * classes..<(row + 1) * classes
            let largest = numbers[range].reduce(-Double.infinity) { max($0, $1) }
            for (label, index) in range.enumerated() {
                let number = numbers[index]
                let isPositive = threshold.map { number > $0 } ?? (number >= largest && abs(number) > 1e-9)
                let weight = weights?[index] ?? 1
                if isPositive {
                    truePositives[label] += weight * truths[index]
                    falsePositives[label] += weight * (1 - truths[index])
                } else {
                    falseNegatives[label] += weight * truths[index]
                }
            }
        }
    }

    private func score(_ truePositive: Double, _ falsePositive: Double, _ falseNegative: Double) -> Double {
        let (precision, recall) = (
            quotient(truePositive, truePositive + falsePositive),
            quotient(truePositive, truePositive + falseNegative)
        )
        return quotient((1 + beta * beta) * precision * recall, beta * beta * precision + recall)
    }

    /// Each class's score; with an average that alone.
    public override var results: [Double] { average == nil ? scores : [result] }

    private var scores: [Double] {
        truePositives.indices.map { score(truePositives[$0], falsePositives[$0], falseNegatives[$0]) }
    }

    /// The score; without an average the mean of the classes' scores, as logs show it.
    public override var result: Double {
        guard !truePositives.isEmpty else { return 0 }
        switch average {
        case .micro:
            return score(
                truePositives.reduce(0, +), falsePositives.reduce(0, +), falseNegatives.reduce(0, +))
        case nil, .macro:
            return scores.reduce(0, +) / Double(truePositives.count)
        case .weighted:
            let support = zip(truePositives, falseNegatives).map { $0 + $1 }
            return quotient(zip(scores, support).reduce(0) { $0 + $1.0 * $1.1 }, support.reduce(0, +))
        }
    }

    /// What was taken in so far, `[3, classes]`.
    public override var state: [Tensor] {
        get {
            truePositives.isEmpty
                ? []
                : [
                    Tensor(
                        truePositives + falsePositives + falseNegatives, shape: [3, truePositives.count])
                ]
        }
        set {
            reset()
            guard let counts = newValue.first, counts.dtype == .float64, counts.rank == 2,
                counts.shape[0] == 3
            else { return }
            let numbers = counts.elements(as: Double.self)
            let classes = counts.shape[1]
            truePositives = Array(numbers[..<classes])
            falsePositives = Array(numbers[classes..<2 * classes])
            falseNegatives = Array(numbers[(2 * classes)...])
        }
    }

    public override func reset() { (truePositives, falsePositives, falseNegatives) = ([], [], []) }
}

/// (1 + β²)·precision·recall / (β²·precision + recall) of each class: their harmonic mean, in which recall counts β times
/// as much. Follows `keras.metrics.FBetaScore`.
///
/// Predictions `[batch, classes]`; targets `[batch, classes]`, 0 or 1.
///
/// Keras adds 1e-7 to what it divides by; here what has no samples scores 0, and a perfect score is 1.
public final class FBetaScore: FScore, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        public var average: ClassAverage?
        public var beta = 1.0
        public var threshold: Double?

        init(name: String, average: ClassAverage?, beta: Double, threshold: Double?) {
            (self.name, self.average, self.beta, self.threshold) = (name, average, beta, threshold)
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            average = try container.decodeIfPresent(ClassAverage.self, forKey: .average)
            beta = try container.value(.beta, default: 1)
            threshold = try container.decodeIfPresent(Double.self, forKey: .threshold)
            try decoder.refuse(FScore.fault(beta, threshold))
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["fbeta_score", "f_beta_score"] }
    public let configuration: Configuration

    public convenience init(configuration: Configuration) {
        self.init(
            average: configuration.average, beta: configuration.beta, threshold: configuration.threshold,
            name: configuration.name ?? "fbeta_score")
    }

    /// - Parameters:
    ///   - average: how the classes' scores become one; nil: not at all, `results` has each one's.
    ///   - beta: how many times as much recall counts as precision.
    ///   - threshold: predictions above it are positive; nil: the largest of each sample.
    ///
    /// Traps unless beta is positive and the threshold in 0…1, without 0.
    public init(
        average: ClassAverage? = nil, beta: Double = 1, threshold: Double? = nil, name: String = "fbeta_score"
    ) {
        configuration = Configuration(name: name, average: average, beta: beta, threshold: threshold)
        super.init(name: name, average: average, beta: beta, threshold: threshold)
    }
}

/// 2·precision·recall / (precision + recall) of each class: their harmonic mean. Follows `keras.metrics.F1Score`.
///
/// Predictions `[batch, classes]`; targets `[batch, classes]`, 0 or 1. See `FBetaScore`.
public final class F1Score: FScore, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        public var average: ClassAverage?
        public var threshold: Double?

        init(name: String, average: ClassAverage?, threshold: Double?) {
            (self.name, self.average, self.threshold) = (name, average, threshold)
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            average = try container.decodeIfPresent(ClassAverage.self, forKey: .average)
            threshold = try container.decodeIfPresent(Double.self, forKey: .threshold)
            try decoder.refuse(FScore.fault(1, threshold))
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["f1_score"] }
    public let configuration: Configuration

    public convenience init(configuration: Configuration) {
        self.init(
            average: configuration.average, threshold: configuration.threshold,
            name: configuration.name ?? "f1_score")
    }

    /// - Parameters:
    ///   - average: how the classes' scores become one; nil: not at all, `results` has each one's.
    ///   - threshold: predictions above it are positive; nil: the largest of each sample.
    ///
    /// Traps unless the threshold is in 0…1, without 0.
    public init(average: ClassAverage? = nil, threshold: Double? = nil, name: String = "f1_score") {
        configuration = Configuration(name: name, average: average, threshold: threshold)
        super.init(name: name, average: average, beta: 1, threshold: threshold)
    }
}

extension Metric {
    /// The harmonic mean of precision and recall; see `F1Score`.
    public static var f1Score: Metric { F1Score() }
}
