import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusTensor

/// What metrics are made with that run along an axis.
public struct AxisMetricConfiguration: Codable, Sendable {
    public var name: String?
    public var dtype: String? = "float32"
    /// What is compared, from the last axis if negative.
    public var axis = -1

    init(name: String, axis: Int) { (self.name, self.axis) = (name, axis) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        axis = try container.value(.axis, default: -1)
    }
}

/// The deviations from the mean along an axis, in float64, of predictions and targets.
private func deviations(
    _ predictions: Tensor, _ targets: Tensor, _ axis: Int, _ name: String
) -> (predictions: Tensor, targets: Tensor, meanDifference: Tensor) {
    let predictions = predictions.converted(to: .float64)
    let targets = Loss.aligned(targets, with: Variable(predictions), name)
    let means = (
        predictions.mean(axes: [axis], keepingAxes: true), targets.mean(axes: [axis], keepingAxes: true)
    )
    return (predictions - means.0, targets - means.1, means.1 - means.0)
}

/// Pearson's correlation of predictions and targets along an axis, averaged: covariance / (σ of predictions · σ of
/// targets). Not a number where one is constant. Follows `keras.metrics.PearsonCorrelation`.
///
/// Predictions and targets `[batch, …]`, alike. As in Keras, the correlation is of each sample by itself: along the batch,
/// say `axis: 0`, which correlates each batch by itself.
public final class PearsonCorrelation: Mean, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["pearson_correlation"] }
    public let configuration: AxisMetricConfiguration

    public convenience init(configuration: AxisMetricConfiguration) {
        self.init(axis: configuration.axis, name: configuration.name ?? "pearson_correlation")
    }

    public init(axis: Int = -1, name: String = "pearson_correlation") {
        configuration = AxisMetricConfiguration(name: name, axis: axis)
        super.init(name: name, goal: .highest) {
            let (x, y, _) = deviations($0, $1, axis, name)
            let deviations =
                (x.squared().mean(axes: [axis]) * y.squared().mean(axes: [axis])).sqrt()
            return (x * y).mean(axes: [axis]) / deviations
        }
    }
}

/// Lin's concordance correlation along an axis, averaged: 2·covariance / (variances + (difference of means)²), 1 where
/// predictions are the targets themselves (Lin 1989, doi:10.2307/2532051). Follows
/// `keras.metrics.ConcordanceCorrelation`.
///
/// Predictions and targets `[batch, …]`, alike. As in Keras, the correlation is of each sample by itself.
public final class ConcordanceCorrelation: Mean, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["concordance_correlation"] }
    public let configuration: AxisMetricConfiguration

    public convenience init(configuration: AxisMetricConfiguration) {
        self.init(axis: configuration.axis, name: configuration.name ?? "concordance_correlation")
    }

    public init(axis: Int = -1, name: String = "concordance_correlation") {
        configuration = AxisMetricConfiguration(name: name, axis: axis)
        super.init(name: name, goal: .highest) {
            let (x, y, difference) = deviations($0, $1, axis, name)
            let norm =
                x.squared().mean(axes: [axis]) + y.squared().mean(axes: [axis])
                + difference.squared().mean(axes: [axis])
            return (x * y).mean(axes: [axis]) * 2 / (norm + 1e-7)
        }
    }
}

/// The cosine of the angle between prediction and target along an axis, averaged: 1 where they point the same way.
/// Follows `keras.metrics.CosineSimilarity`. (The loss of that name is its negative.)
///
/// Predictions and targets `[batch, …]`, alike. Keras 3.15 forgets the axis when it saves.
public final class CosineSimilarity: Mean, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["cosine_similarity"] }
    public let configuration: AxisMetricConfiguration

    public convenience init(configuration: AxisMetricConfiguration) {
        self.init(axis: configuration.axis, name: configuration.name ?? "cosine_similarity")
    }

    public init(axis: Int = -1, name: String = "cosine_similarity") {
        configuration = AxisMetricConfiguration(name: name, axis: axis)
        super.init(name: name, goal: .highest) {
            -Loss.CosineSimilarity(axis: axis).losses(Variable($0), $1).value
        }
    }
}
