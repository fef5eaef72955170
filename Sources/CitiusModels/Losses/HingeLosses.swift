import CitiusAutograd
import CitiusTensor

// Losses of margins: what is on the right side by at least 1 costs nothing.

extension Loss {
    /// max(0, 1 − target·prediction), averaged over the last axis, for targets −1 and 1, or 0 and 1. Follows
    /// `keras.losses.Hinge`.
    public struct Hinge: LossKind {
        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["hinge"] }

        public init() {}

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            meanOfLastAxis(Loss.margins(prediction, target, "hinge"))
        }
    }

    /// max(0, 1 − target·prediction)², averaged over the last axis, for targets −1 and 1, or 0 and 1. Follows
    /// `keras.losses.SquaredHinge`.
    public struct SquaredHinge: LossKind {
        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["squared_hinge"] }

        public init() {}

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            meanOfLastAxis(Loss.margins(prediction, target, "squaredHinge").squared())
        }
    }

    /// max(0, 1 + the largest wrong class's prediction − the right one's), for one-hot targets
    /// `[batch, …, classes]`. Follows `keras.losses.CategoricalHinge`.
    public struct CategoricalHinge: LossKind {
        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["categorical_hinge"] }

        public init() {}

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let target = aligned(target, with: prediction, "categoricalHinge")
            let right = (prediction * target).sum(axes: [-1])
            let wrong = (prediction * (1 - target)).max(axes: [-1])
            return (wrong - right + 1).relu()
        }
    }

    /// max(0, 1 − target·prediction), averaged over the last axis, for targets −1 and 1, or 0 and 1.
    public static var hinge: Loss { Loss(Hinge()) }

    /// max(0, 1 − target·prediction)², averaged over the last axis, for targets −1 and 1, or 0 and 1.
    public static var squaredHinge: Loss { Loss(SquaredHinge()) }

    /// max(0, 1 + the largest wrong class's prediction − the right one's), for one-hot targets.
    public static var categoricalHinge: Loss { Loss(CategoricalHinge()) }

    /// max(0, 1 − target·prediction). Targets that are all 0 or 1 stand for −1 and 1.
    private static func margins(_ prediction: Variable, _ target: Tensor, _ operation: String) -> Variable {
        var target = aligned(target, with: prediction, operation)
        let isBinary = ((target .== 0) .| (target .== 1)).all().element(as: Bool.self)
        if isBinary { target = target * 2 - 1 }
        return (1 - prediction * target).relu()
    }
}
