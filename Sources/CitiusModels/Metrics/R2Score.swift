import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// 1 − Σ(target − prediction)² / Σ(target − mean)²: the fraction of the targets' variance that predictions explain.
/// Follows `keras.metrics.R2Score`.
///
/// Predictions and targets `[batch, outputs]`; the targets may lack a last axis of size 1.
///
/// The sums are of differences to each output's first target, so that a large mean takes no digits from the variance.
public final class R2Score: Metric, ConfigurableMetric {
    /// How the scores of several outputs become one. Values are Keras's.
    public enum ClassAggregation: String, Codable, Sendable {
        /// Their mean.
        case uniformAverage = "uniform_average"
        /// Their mean, weighted by the variance of the targets.
        case varianceWeightedAverage = "variance_weighted_average"
    }

    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        public var classAggregation: ClassAggregation?
        public var numRegressors = 0

        init(name: String, classAggregation: ClassAggregation?, numRegressors: Int) {
            (self.name, self.classAggregation, self.numRegressors) = (name, classAggregation, numRegressors)
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            classAggregation =
                container.contains(.classAggregation)
                ? try container.decodeIfPresent(ClassAggregation.self, forKey: .classAggregation)
                : .uniformAverage
            numRegressors = try container.value(.numRegressors, default: 0)
            try decoder.refuse(R2Score.fault(numRegressors))
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["r2_score"] }
    public let configuration: Configuration

    /// What is summed for each output.
    private struct Sums {
        /// The first target, to which `sum` and `squares` are relative.
        var origin = 0.0
        var weight = CompensatedSum()
        var sum = CompensatedSum()
        var squares = CompensatedSum()
        var residuals = CompensatedSum()

        /// Σ w·(target − mean)².
        var variation: Double { squares.value - sum.value * sum.value / weight.value }
        /// No number where targets and predictions are constant and alike; 0, as in Keras, where only the targets are.
        var score: Double {
            let score = 1 - residuals.value / variation
            return score.isInfinite ? 0 : score
        }
    }

    private var outputs: [Sums] = []
    private var sampleCount = 0

    public convenience init(configuration: Configuration) {
        self.init(
            classAggregation: configuration.classAggregation, numRegressors: configuration.numRegressors,
            name: configuration.name ?? "r2_score")
    }

    /// - Parameters:
    ///   - classAggregation: how the scores of several outputs become one; nil: `results` has each one's.
    ///   - numRegressors: how many features the predictions are made from, for the adjusted score; 0: the plain one.
    ///
    /// Traps if there are fewer than 0 features.
    public init(
        classAggregation: ClassAggregation? = .uniformAverage, numRegressors: Int = 0,
        name: String = "r2_score"
    ) {
        if let fault = Self.fault(numRegressors) { fail("\(name): \(fault)") }
        configuration = Configuration(
            name: name, classAggregation: classAggregation, numRegressors: numRegressors)
        super.init(name: name, goal: .highest)
    }

    private static func fault(_ numRegressors: Int) -> String? {
        numRegressors >= 0 ? nil : "numRegressors is \(numRegressors), expected 0 or more"
    }

    public override func update(predictions: Tensor, targets: Tensor, weights: Tensor? = nil) {
        let predictions = Loss.withLastAxis(Variable(predictions.converted(to: .float64)))
        require(
            predictions.shape.rank == 2,
            "\(name): predictions \(predictions.shape), expected [batch, outputs]")
        let targets = Loss.aligned(targets, with: predictions, name).elements(as: Double.self)
        let numbers = predictions.value.elements(as: Double.self)
        let weights = weights.map {
            Weighting.expanded($0.converted(to: .float64), to: predictions.value)
                .expanded(to: predictions.shape).elements(as: Double.self)
        }
        let count = predictions.shape[1]
        if outputs.isEmpty {
            outputs = (0..<count).map { Sums(origin: targets.isEmpty ? 0 : targets[$0]) }
        }
        require(
            count == outputs.count, "\(name): predictions of \(count) outputs after some of \(outputs.count)")
        for index in numbers.indices {
            let (output, weight) = (index % count, weights?[index] ?? 1)
            let (target, error) = (targets[index] - outputs[output].origin, targets[index] - numbers[index])
            outputs[output].weight += weight
            outputs[output].sum += weight * target
            outputs[output].squares += weight * target * target
            outputs[output].residuals += weight * error * error
        }
        sampleCount += numbers.count
    }

    /// Each output's score without an aggregation; else the one.
    public override var results: [Double] {
        configuration.classAggregation == nil ? outputs.map { adjusted($0.score) } : [result]
    }

    /// The score; without an aggregation the mean of the outputs', as logs show it. 0 before anything was taken in.
    public override var result: Double {
        guard !outputs.isEmpty else { return 0 }
        guard configuration.classAggregation == .varianceWeightedAverage else {
            return adjusted(outputs.reduce(0) { $0 + $1.score } / Double(outputs.count))
        }
        let variation = outputs.reduce(0) { $0 + $1.variation }
        return adjusted(outputs.reduce(0) { $0 + $1.variation * $1.score } / variation)
    }

    /// 1 − (1 − R²)·(n − 1)/(n − p − 1), n numbers and p features; the plain score where that divides by less than 1.
    private func adjusted(_ score: Double) -> Double {
        let rest = sampleCount - configuration.numRegressors - 1
        guard configuration.numRegressors > 0, rest > 0 else { return score }
        return 1 - (1 - score) * Double(sampleCount - 1) / Double(rest)
    }

    /// What was taken in so far, `[outputs, 9]`, and the number of samples.
    public override var state: [Tensor] {
        get {
            guard !outputs.isEmpty else { return [] }
            let numbers = outputs.flatMap { output in
                [output.origin]
                    + [output.weight, output.sum, output.squares, output.residuals].flatMap {
                        [$0.sum, $0.rest]
                    }
            }
            return [Tensor(numbers, shape: [outputs.count, 9]), Tensor([Int64(sampleCount)])]
        }
        set {
            reset()
            guard newValue.count == 2, newValue[0].dtype == .float64, newValue[0].rank == 2,
                newValue[0].shape[1] == 9, newValue[1].dtype == .int64, newValue[1].count == 1
            else { return }
            let numbers = newValue[0].elements(as: Double.self)
            outputs = (0..<newValue[0].shape[0]).map { output in
                func sum(_ index: Int) -> CompensatedSum {
                    CompensatedSum(
                        sum: numbers[output * 9 + 1 + 2 * index], rest: numbers[output * 9 + 2 + 2 * index])
                }
                return Sums(
                    origin: numbers[output * 9], weight: sum(0), sum: sum(1), squares: sum(2),
                    residuals: sum(3))
            }
            sampleCount = Int(newValue[1].scalar)
        }
    }

    public override func reset() { (outputs, sampleCount) = ([], 0) }
}

extension Metric {
    /// The fraction of the targets' variance that predictions explain; see `R2Score`.
    public static var r2Score: Metric { R2Score() }
}
