import CitiusAutograd
import CitiusTensor

extension Loss {
    /// (prediction − target)², averaged over the last axis. Follows `keras.losses.MeanSquaredError`.
    ///
    /// - Predictions and targets: `[batch, …, outputs]`; the targets may lack a last axis of size 1.
    public struct MeanSquaredError: LossKind {
        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["mean_squared_error", "mse", "MSE"] }

        public init() {}

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let difference = prediction - aligned(target, with: prediction, "meanSquaredError")
            return withLastAxis(difference).squared().mean(axes: [-1])
        }
    }

    /// (prediction − target)², averaged over the last axis; see `MeanSquaredError`.
    public static var meanSquaredError: Loss { Loss(MeanSquaredError()) }
}
