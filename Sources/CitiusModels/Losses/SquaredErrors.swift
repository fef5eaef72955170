import CitiusAutograd
import CitiusTensor

extension Loss {
    /// (prediction − target)², averaged over the last axis.
    ///
    /// - Predictions and targets: `[batch, …, outputs]`; the targets may lack a last axis of size 1.
    public static var meanSquaredError: Loss {
        Loss("mean_squared_error", targets: .likePredictions) { prediction, target in
            let difference = prediction - aligned(target, with: prediction, "meanSquaredError")
            return withLastAxis(difference).squared().mean(axes: [-1])
        }
    }
}
