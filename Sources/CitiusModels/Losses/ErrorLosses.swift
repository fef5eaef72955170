import CitiusAutograd
import CitiusTensor

// Losses of the difference between prediction and target, averaged over the last axis. Predictions and targets are
// `[batch, …, outputs]`; the targets may lack a last axis of size 1.

extension Loss {
    /// |prediction − target|. Follows `keras.losses.MeanAbsoluteError`.
    public struct MeanAbsoluteError: LossKind {
        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["mean_absolute_error", "mae", "MAE"] }

        public init() {}

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            meanOfLastAxis((prediction - aligned(target, with: prediction, "meanAbsoluteError")).abs())
        }
    }

    /// 100·|prediction − target| / |target|. Follows `keras.losses.MeanAbsolutePercentageError`.
    public struct MeanAbsolutePercentageError: LossKind {
        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["mean_absolute_percentage_error", "mape", "MAPE"] }

        public init() {}

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let target = aligned(target, with: prediction, "meanAbsolutePercentageError")
            return meanOfLastAxis((prediction - target).abs() / target.abs().maximum(epsilon)) * 100
        }
    }

    /// (log(1 + prediction) − log(1 + target))², negative numbers as 0. Follows
    /// `keras.losses.MeanSquaredLogarithmicError`.
    public struct MeanSquaredLogarithmicError: LossKind {
        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["mean_squared_logarithmic_error", "msle", "MSLE"] }

        public init() {}

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let target = aligned(target, with: prediction, "meanSquaredLogarithmicError")
            let difference = prediction.maximum(epsilon).log1p() - target.maximum(epsilon).log1p()
            return meanOfLastAxis(difference.squared())
        }
    }

    /// Half the squared error up to a size of `delta`, beyond it delta·(|error| − delta/2) (Huber 1964,
    /// doi:10.1214/aoms/1177703732). Follows `keras.losses.Huber`.
    public struct Huber: LossKind {
        /// From which size of error on the loss grows linearly.
        public var delta: Double

        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["huber", "huber_loss"] }

        public init() { self.init(delta: 1) }

        public init(delta: Double) { self.delta = delta }

        /// Keras 3.15 forgets `delta` when it saves, though it reads it.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            delta = try container.decodeIfPresent(Double.self, forKey: .delta) ?? 1
        }

        public var fault: String? { delta > 0 ? nil : "delta is \(delta), expected a positive number" }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let size = (prediction - aligned(target, with: prediction, "huber")).abs()
            let small = size.minimum(delta)
            return meanOfLastAxis(small.squared() * 0.5 + (size - small) * delta)
        }
    }

    /// log cosh(prediction − target): half the square of small errors, the size of large ones less log 2. Follows
    /// `keras.losses.LogCosh`.
    public struct LogCosh: LossKind {
        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["log_cosh", "logcosh"] }

        public init() {}

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let error = prediction - aligned(target, with: prediction, "logCosh")
            // cosh overflows where this does not.
            return meanOfLastAxis(error + (error * -2).softplus() - 0.693_147_180_559_945_3)
        }
    }

    /// |prediction − target|, averaged over the last axis.
    public static var meanAbsoluteError: Loss { Loss(MeanAbsoluteError()) }

    /// 100·|prediction − target| / |target|, averaged over the last axis.
    public static var meanAbsolutePercentageError: Loss { Loss(MeanAbsolutePercentageError()) }

    /// (log(1 + prediction) − log(1 + target))², averaged over the last axis.
    public static var meanSquaredLogarithmicError: Loss { Loss(MeanSquaredLogarithmicError()) }

    /// Squared where errors are smaller than `delta`, linear beyond, averaged over the last axis. Traps if `delta` is
    /// not positive.
    public static func huber(delta: Double = 1) -> Loss { Loss(Huber(delta: delta), name: "huber_loss") }

    /// log cosh(prediction − target), averaged over the last axis.
    public static var logCosh: Loss { Loss(LogCosh()) }
}
