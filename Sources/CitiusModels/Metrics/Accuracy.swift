import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// The fraction of samples whose class is predicted.
///
/// As Keras does for `"accuracy"`, the shapes decide what that means: one output per sample, as
/// `BinaryAccuracy`; targets with an axis less than the predictions, or whose last axis has size 1, as
/// `SparseCategoricalAccuracy`; else as `CategoricalAccuracy`.
public final class Accuracy: Mean, ConfigurableMetric {
    /// Keras has no class of it, but the name.
    public static var className: String { "accuracy" }
    public static var aliases: [String] { ["acc"] }
    public var configuration: NamedMetricConfiguration { .init(name: name) }

    public convenience init(configuration: NamedMetricConfiguration) { self.init(name: configuration.name) }

    public init(name: String = "accuracy") {
        super.init(name: name, goal: .highest) { predictions, targets in
            if predictions.rank == 1 || predictions.shape[-1] == 1 {
                BinaryAccuracy.matches(predictions, targets, threshold: 0.5)
            } else if targets.rank < predictions.rank || targets.shape[-1] == 1 {
                SparseCategoricalAccuracy.matches(predictions, targets)
            } else {
                CategoricalAccuracy.matches(predictions, targets)
            }
        }
    }
}

/// The fraction of samples whose most probable class is the target's number.
///
/// Predictions `[batch, …, classes]`; targets `[batch, …]` or `[batch, …, 1]`.
public final class SparseCategoricalAccuracy: Mean, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["sparse_categorical_accuracy"] }
    public var configuration: NamedMetricConfiguration { .init(name: name) }

    public convenience init(configuration: NamedMetricConfiguration) { self.init(name: configuration.name) }

    public init(name: String = "sparse_categorical_accuracy") {
        super.init(name: name, goal: .highest, of: Self.matches)
    }

    static func matches(_ predictions: Tensor, _ targets: Tensor) -> Tensor {
        let classes = predictions.argMax(axis: -1)
        require(
            targets.count == classes.count,
            "accuracy: targets \(targets.shape) do not fit predictions \(predictions.shape)")
        let labels = targets.dtype == .int64 ? targets : targets.cast(to: .int64)
        return classes .== (labels.shape == classes.shape ? labels : labels.reshaped(to: classes.shape))
    }
}

/// The fraction of samples whose most probable class is the target's most probable one.
///
/// Predictions and targets `[batch, …, classes]`.
public final class CategoricalAccuracy: Mean, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["categorical_accuracy"] }
    public var configuration: NamedMetricConfiguration { .init(name: name) }

    public convenience init(configuration: NamedMetricConfiguration) { self.init(name: configuration.name) }

    public init(name: String = "categorical_accuracy") {
        super.init(name: name, goal: .highest, of: Self.matches)
    }

    static func matches(_ predictions: Tensor, _ targets: Tensor) -> Tensor {
        require(
            targets.shape == predictions.shape,
            "accuracy: targets \(targets.shape) do not fit predictions \(predictions.shape)")
        return predictions.argMax(axis: -1) .== targets.argMax(axis: -1)
    }
}

/// The fraction of outputs that lie on the target's side of a threshold.
///
/// Predictions `[batch, …, outputs]`; targets of that shape, of which a last axis of size 1 may be absent.
public final class BinaryAccuracy: Mean, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name = "binary_accuracy"
        public var dtype: String? = "float32"
        /// A prediction above it counts as 1.
        public var threshold = 0.5
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["binary_accuracy"] }
    public let configuration: Configuration

    public convenience init(configuration: Configuration) {
        self.init(name: configuration.name, threshold: configuration.threshold)
    }

    /// - Parameter threshold: a prediction above it counts as 1.
    public init(name: String = "binary_accuracy", threshold: Double = 0.5) {
        configuration = Configuration(name: name, threshold: threshold)
        super.init(name: name, goal: .highest) { Self.matches($0, $1, threshold: threshold) }
    }

    static func matches(_ predictions: Tensor, _ targets: Tensor, threshold: Double) -> Tensor {
        require(
            targets.count == predictions.count,
            "accuracy: targets \(targets.shape) do not fit predictions \(predictions.shape)")
        let targets = targets.dtype == predictions.dtype ? targets : targets.cast(to: predictions.dtype)
        return (predictions .> threshold).cast(to: predictions.dtype)
            .== targets.reshaped(to: predictions.shape)
    }
}

extension Metric {
    /// The fraction of samples whose class is predicted; see `Accuracy`.
    public static var accuracy: Metric { Accuracy() }
    /// See `SparseCategoricalAccuracy`.
    public static var sparseCategoricalAccuracy: Metric { SparseCategoricalAccuracy() }
    /// See `CategoricalAccuracy`.
    public static var categoricalAccuracy: Metric { CategoricalAccuracy() }
    /// See `BinaryAccuracy`.
    public static var binaryAccuracy: Metric { BinaryAccuracy() }
}
