import CitiusPlatform
import CitiusTensor

/// What metrics of the `k` most probable classes are made with.
public struct TopKConfiguration: Codable, Sendable {
    public var name: String?
    public var dtype: String? = "float32"
    public var k: Int

    public init(name: String? = nil, k: Int) { (self.name, self.k) = (name, k) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        k = try container.decodeIfPresent(Int.self, forKey: .k) ?? 5
        guard k > 0 else {
            throw DecodingError.dataCorruptedError(
                forKey: .k, in: container, debugDescription: "k is \(k), expected 1 or more")
        }
    }
}

/// The fraction of samples whose target class is among the `k` most probable; equally probable ones count all. Follows
/// `keras.metrics.TopKCategoricalAccuracy`.
///
/// Predictions and one-hot targets `[batch, …, classes]`.
public final class TopKCategoricalAccuracy: Mean, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["top_k_categorical_accuracy"] }
    public let configuration: TopKConfiguration

    public convenience init(configuration: TopKConfiguration) {
        self.init(k: configuration.k, name: configuration.name ?? "top_k_categorical_accuracy")
    }

    /// Traps if k is not positive.
    public init(k: Int = 5, name: String = "top_k_categorical_accuracy") {
        require(k > 0, "TopKCategoricalAccuracy: k is \(k), expected 1 or more")
        configuration = TopKConfiguration(name: name, k: k)
        super.init(name: name, goal: .highest) { predictions, targets in
            require(
                targets.shape == predictions.shape,
                "\(name): targets \(targets.shape) do not fit predictions \(predictions.shape)")
            return SparseTopKCategoricalAccuracy.matches(predictions, targets.argMax(axis: -1), k: k)
        }
    }
}

/// The fraction of samples whose target class is among the `k` most probable; equally probable ones count all. Follows
/// `keras.metrics.SparseTopKCategoricalAccuracy`.
///
/// Predictions `[batch, …, classes]`; targets, numbers of classes, `[batch, …]` or `[batch, …, 1]`.
public final class SparseTopKCategoricalAccuracy: Mean, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["sparse_top_k_categorical_accuracy"] }
    public let configuration: TopKConfiguration

    public convenience init(configuration: TopKConfiguration) {
        self.init(k: configuration.k, name: configuration.name ?? "sparse_top_k_categorical_accuracy")
    }

    /// Traps if k is not positive.
    public init(k: Int = 5, name: String = "sparse_top_k_categorical_accuracy") {
        require(k > 0, "SparseTopKCategoricalAccuracy: k is \(k), expected 1 or more")
        configuration = TopKConfiguration(name: name, k: k)
        super.init(name: name, goal: .highest) { predictions, targets in
            let rows = predictions.shape.sizes.dropLast()
            require(
                targets.count == rows.reduce(1, *),
                "\(name): targets \(targets.shape) do not fit predictions \(predictions.shape)")
            return Self.matches(
                predictions, Loss.labels(targets, name).reshaped(to: Shape(Array(rows))), k: k)
        }
    }

    /// Whether fewer than `k` classes are more probable than the label.
    static func matches(_ predictions: Tensor, _ labels: Tensor, k: Int) -> Tensor {
        let ofLabel = predictions.gathering(labels.expandingAxis(at: labels.rank), axis: -1)
        let ahead = (predictions .> ofLabel).cast(to: .int32).sum(axes: [-1])
        return ahead .< Double(k)
    }
}

extension Metric {
    /// See `TopKCategoricalAccuracy`.
    public static func topKCategoricalAccuracy(k: Int = 5) -> Metric { TopKCategoricalAccuracy(k: k) }
    /// See `SparseTopKCategoricalAccuracy`.
    public static func sparseTopKCategoricalAccuracy(k: Int = 5) -> Metric {
        SparseTopKCategoricalAccuracy(k: k)
    }
}
