import CitiusAutograd
import CitiusTensor

// Means of the losses of the same names, of metrics that are made with nothing but a name. Predictions and targets are the
// losses'.

/// The mean of (log(1 + prediction) − log(1 + target))², negative numbers as 0; see `Loss.MeanSquaredLogarithmicError`. Follows
/// `keras.metrics.MeanSquaredLogarithmicError`.
public final class MeanSquaredLogarithmicError: Mean, NamedMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["mean_squared_logarithmic_error", "msle", "MSLE"] }

    public init(name: String = "mean_squared_logarithmic_error") {
        super.init(name: name, goal: .lowest) {
            Loss.MeanSquaredLogarithmicError().losses(Variable($0), $1).value
        }
    }
}

/// The mean of log cosh(prediction − target); see `Loss.LogCosh`. Follows
/// `keras.metrics.LogCoshError`.
public final class LogCoshError: Mean, NamedMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["log_cosh_error", "logcosh", "log_cosh"] }

    public init(name: String = "logcosh") {
        super.init(name: name, goal: .lowest) { Loss.LogCosh().losses(Variable($0), $1).value }
    }
}

/// The mean of Σ t·log(t / p) over the last axis, for distributions; see `Loss.KLDivergence`. Follows
/// `keras.metrics.KLDivergence`.
public final class KLDivergence: Mean, NamedMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["kl_divergence", "kld", "KLD"] }

    public init(name: String = "kl_divergence") {
        super.init(name: name, goal: .lowest) { Loss.KLDivergence().losses(Variable($0), $1).value }
    }
}

/// The mean of p − t·log p; see `Loss.Poisson`. Follows
/// `keras.metrics.Poisson`.
public final class Poisson: Mean, NamedMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["poisson"] }

    public init(name: String = "poisson") {
        super.init(name: name, goal: .lowest) { Loss.Poisson().losses(Variable($0), $1).value }
    }
}

/// The mean of max(0, 1 − t·p), for targets −1 and 1; see `Loss.Hinge`. Follows
/// `keras.metrics.Hinge`.
public final class Hinge: Mean, NamedMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["hinge"] }

    public init(name: String = "hinge") {
        super.init(name: name, goal: .lowest) { Loss.Hinge().losses(Variable($0), $1).value }
    }
}

/// The mean of max(0, 1 − t·p)², for targets −1 and 1; see `Loss.SquaredHinge`. Follows
/// `keras.metrics.SquaredHinge`.
public final class SquaredHinge: Mean, NamedMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["squared_hinge"] }

    public init(name: String = "squared_hinge") {
        super.init(name: name, goal: .lowest) { Loss.SquaredHinge().losses(Variable($0), $1).value }
    }
}

/// The mean of max(0, 1 + the largest wrong score − the right one), for one-hot targets; see `Loss.CategoricalHinge`. Follows
/// `keras.metrics.CategoricalHinge`.
public final class CategoricalHinge: Mean, NamedMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["categorical_hinge"] }

    public init(name: String = "categorical_hinge") {
        super.init(name: name, goal: .lowest) { Loss.CategoricalHinge().losses(Variable($0), $1).value }
    }
}
