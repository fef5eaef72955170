import CitiusAutograd
import CitiusData
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Tells samples that are unlike those that a classifier was trained on, so that it can refuse to answer.
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// let (known, held) = train.split(at: 0.9)
/// let detector = try OutlierDetector(.energy(), for: model, trainedOn: known, validation: held, falseAlarms: 0.05)
/// let answers = try model.predict(train.inputs, rejecting: detector)
/// print(answers.isRejected.filter { $0 }.count)
/// ```
public struct OutlierDetector: Sendable {
    /// What a sample is judged by.
    public enum Kind: Sendable, Equatable {
        /// 1 − the largest probability (Hendrycks and Gimpel 2016, arXiv 1610.02136).
        case maximumSoftmax
        /// −T · log Σ exp(logits / T) (Liu et al. 2020, arXiv 2010.03759).
        case energy(temperature: Double = 1)
        /// The Mahalanobis distance of the features before the last layer from the nearest class's mean, with a covariance
        /// that all classes share (Lee et al. 2018, arXiv 1807.03888).
        case mahalanobis
    }

    public let kind: Kind
    /// Samples of a larger score are refused.
    public let threshold: Double

    /// Of each class the mean of the features, and the inverse of the covariance.
    private let gaussians: (means: Tensor, precision: Tensor)?

    /// - Parameters:
    ///   - kind: what a sample is judged by.
    ///   - model: a classifier whose outputs are probabilities, or logits if its loss says so.
    ///   - data: what it was trained on.
    ///   - validation: samples like these that it was not trained on; the threshold is set on them.
    ///   - rate: the fraction of samples like the training's that are refused.
    /// - Throws: a `TrainingError` if the data does not fit, or a `TechniqueError` if the targets are no classes.
    ///
    /// Traps if the rate is not within 0...1, or a temperature is not positive.
    public init(
        _ kind: Kind, for model: Model, trainedOn data: Dataset, validation: Dataset,
        falseAlarms rate: Double = 0.05
    ) throws {
        require(
            0...1 ~= rate, "OutlierDetector: the rate of false alarms is \(rate), expected one from 0 to 1")
        if case .energy(let temperature) = kind {
            require(
                temperature > 0 && temperature.isFinite,
                "OutlierDetector: the temperature is \(temperature), expected a positive number")
        }
        let gaussians = kind == .mahalanobis ? try Self.gaussians(model, data) : nil
        guard !validation.isEmpty else {
            throw TechniqueError("OutlierDetector: there are no samples to set the threshold on")
        }
        let scores = try Self.scores(kind, gaussians, of: validation.inputs, by: model).sorted()
        // As many as the rate says lie above.
        let place = Int((Double(scores.count) * (1 - rate)).rounded(.up)) - 1
        threshold = place < 0 ? -.infinity : Double(scores[min(place, scores.count - 1)])
        (self.kind, self.gaussians) = (kind, gaussians)
    }

    /// How unlike the training's each sample is; larger is more.
    ///
    /// - Throws: a `TrainingError` if the samples do not fit the model.
    public func scores(of inputs: Tensor, by model: Model) throws -> [Float] {
        try Self.scores(kind, gaussians, of: inputs, by: model)
    }

    private static func scores(
        _ kind: Kind, _ gaussians: (means: Tensor, precision: Tensor)?, of inputs: Tensor, by model: Model
    ) throws -> [Float] {
        guard inputs.rank > 0, inputs.shape[0] > 0 else { return [] }
        switch kind {
        case .maximumSoftmax:
            let probabilities = try model.logits(of: inputs).softmax()
            return (1 - probabilities.max(axes: [-1])).cast(to: .float32).elements(as: Float.self)
        case .energy(let temperature):
            let logits = try model.logits(of: inputs) / temperature
            return (logits.logSumExp(axes: [-1]) * -temperature).cast(to: .float32).elements(as: Float.self)
        case .mahalanobis:
            guard let gaussians else { fail("OutlierDetector: it has no means") }
            let features = try features(of: inputs, by: model)
            var smallest: Tensor?
            for mean in 0..<gaussians.means.shape[0] {
                let offset = features - gaussians.means[mean..<mean + 1]
                let distance = (offset.matmul(gaussians.precision) * offset).sum(axes: [1])
                smallest = smallest.map { $0.minimum(distance) } ?? distance
            }
            return (smallest ?? Tensor(zeros: [0])).cast(to: .float32).elements(as: Float.self)
        }
    }

    private static func features(of inputs: Tensor, by model: Model) throws -> Tensor {
        let features = try model.penultimate().predict(inputs, batchSize: 256)
        return features.reshaped(to: [inputs.shape[0], features.count / inputs.shape[0]]).cast(to: .float64)
    }

    private static func gaussians(_ model: Model, _ data: Dataset) throws -> (
        means: Tensor, precision: Tensor
    ) {
        let features = try features(of: data.inputs, by: model)
        var means: [Tensor] = []
        var covariance = Tensor(zeros: [features.shape[1], features.shape[1]], dtype: .float64)
        for members in try data.samplesByClass(for: "OutlierDetector") {
            let own = features.taking(Tensor(members.map(Int64.init)))
            let mean = own.mean(axes: [0], keepingAxes: true)
            let offsets = own - mean
            covariance += offsets.transposed().matmul(offsets)
            means.append(mean)
        }
        covariance /= Double(max(1, data.count))
        // Features that are always 0 have no variance: a little of the mean one's keeps the inverse finite.
        let size = features.shape[1]
        let trace = (covariance * Tensor(identity: size, dtype: .float64)).sum().scalar / Double(size)
        covariance += Tensor(identity: size, dtype: .float64) * max(trace * 1e-3, 1e-12)
        return (Tensor.concatenate(means), try covariance.inverse())
    }
}

/// Predictions of which some are refused.
public struct RejectingPrediction: Sendable {
    /// The model's output for each sample, refused ones too: `[samples, …]`.
    public let outputs: Tensor
    /// Whether each sample is too unlike the training's to be answered.
    public let isRejected: [Bool]
    /// How unlike; see `OutlierDetector.scores`.
    public let scores: [Float]
}

extension Model {
    /// The model's outputs, and which samples it should not be asked about. See `OutlierDetector`.
    ///
    /// - Throws: a `TrainingError` if the samples do not fit the model.
    public final func predict(
        _ inputs: Tensor, rejecting detector: OutlierDetector, batchSize: Int = 256
    ) throws -> RejectingPrediction {
        let scores = try detector.scores(of: inputs, by: self)
        return RejectingPrediction(
            outputs: try predict(inputs, batchSize: batchSize),
            isRejected: scores.map { Double($0) > detector.threshold }, scores: scores)
    }

    /// What the softmax at the end is of; of a model that ends otherwise, its outputs, or their logarithms if its loss takes
    /// them for probabilities.
    func logits(of inputs: Tensor) throws -> Tensor {
        let context = inferenceContext
        var parts: [Tensor] = []
        for start in stride(from: 0, to: inputs.shape[0], by: 256) {
            let part = inputs[start..<min(start + 256, inputs.shape[0])]
            _ = try predictOnBatch(part[0..<1])
            let output = outputs(of: modelInputs(Batch(inputs: part, targets: part)), in: context)[0]
            if case .softmax(let logits) = output.origin {
                parts.append(logits.value)
            } else if isCompiledForLogits {
                parts.append(output.value)
            } else {
                parts.append(output.value.maximum(1e-30).log())
            }
        }
        return Tensor.concatenate(parts)
    }

    private var isCompiledForLogits: Bool {
        switch loss?.kind {
        case let kind as Loss.SparseCategoricalCrossentropy: kind.fromLogits
        case let kind as Loss.CategoricalCrossentropy: kind.fromLogits
        default: false
        }
    }
}

/// The probability that a random outlier has a larger score than a random inlier, ties counting half: the area under the
/// ROC curve.
public func areaUnderROC(inliers: [Float], outliers: [Float]) -> Double {
    guard !inliers.isEmpty, !outliers.isEmpty else { return .nan }
    let all = (inliers.map { ($0, false) } + outliers.map { ($0, true) }).sorted { $0.0 < $1.0 }
    var (below, sum, index) = (0.0, 0.0, 0)
    while index < all.count {
        var end = index
        var (ties, hits) = (0.0, 0.0)
        while end < all.count, all[end].0 == all[index].0 {
            if all[end].1 { hits += 1 } else { ties += 1 }
            end += 1
        }
        sum += hits * (below + ties / 2)
        below += ties
        index = end
    }
    return sum / Double(inliers.count) / Double(outliers.count)
}
