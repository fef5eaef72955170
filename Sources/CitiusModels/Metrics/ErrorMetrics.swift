import CitiusAutograd
import CitiusTensor

// Means of the losses of the same names.

/// The mean of (prediction − target)². Follows `keras.metrics.MeanSquaredError`.
///
/// Predictions `[batch, …, outputs]`; targets of that shape, of which a last axis of size 1 may be absent.
public final class MeanSquaredError: Mean, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["mean_squared_error", "mse", "MSE"] }
    public var configuration: NamedMetricConfiguration { .init(name: name) }

    public convenience init(configuration: NamedMetricConfiguration) { self.init(name: configuration.name) }

    public init(name: String = "mean_squared_error") {
        super.init(name: name, goal: .lowest) {
            Loss.MeanSquaredError().losses(Variable($0), $1).value
        }
    }
}

/// The root of the mean of (prediction − target)². Follows `keras.metrics.RootMeanSquaredError`.
///
/// Predictions `[batch, …, outputs]`; targets of that shape, of which a last axis of size 1 may be absent.
public final class RootMeanSquaredError: Mean, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["root_mean_squared_error"] }
    public var configuration: NamedMetricConfiguration { .init(name: name) }

    public convenience init(configuration: NamedMetricConfiguration) { self.init(name: configuration.name) }

    public init(name: String = "root_mean_squared_error") {
        super.init(name: name, goal: .lowest) {
            Loss.MeanSquaredError().losses(Variable($0), $1).value
        }
    }

    public override var result: Double { super.result.squareRoot() }
}

/// The mean of |prediction − target|. Follows `keras.metrics.MeanAbsoluteError`.
///
/// Predictions `[batch, …, outputs]`; targets of that shape, of which a last axis of size 1 may be absent.
public final class MeanAbsoluteError: Mean, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["mean_absolute_error", "mae", "MAE"] }
    public var configuration: NamedMetricConfiguration { .init(name: name) }

    public convenience init(configuration: NamedMetricConfiguration) { self.init(name: configuration.name) }

    public init(name: String = "mean_absolute_error") {
        super.init(name: name, goal: .lowest) {
            Loss.MeanAbsoluteError().losses(Variable($0), $1).value
        }
    }
}

/// The mean of 100·|prediction − target| / |target|. Follows `keras.metrics.MeanAbsolutePercentageError`.
///
/// Predictions `[batch, …, outputs]`; targets of that shape, of which a last axis of size 1 may be absent.
public final class MeanAbsolutePercentageError: Mean, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["mean_absolute_percentage_error", "mape", "MAPE"] }
    public var configuration: NamedMetricConfiguration { .init(name: name) }

    public convenience init(configuration: NamedMetricConfiguration) { self.init(name: configuration.name) }

    public init(name: String = "mean_absolute_percentage_error") {
        super.init(name: name, goal: .lowest) {
            Loss.MeanAbsolutePercentageError().losses(Variable($0), $1).value
        }
    }
}

extension Metric {
    /// The mean of (prediction − target)².
    public static var meanSquaredError: Metric { MeanSquaredError() }
    /// The root of the mean of (prediction − target)².
    public static var rootMeanSquaredError: Metric { RootMeanSquaredError() }
    /// The mean of |prediction − target|.
    public static var meanAbsoluteError: Metric { MeanAbsoluteError() }
    /// The mean of 100·|prediction − target| / |target|.
    public static var meanAbsolutePercentageError: Metric { MeanAbsolutePercentageError() }
}
