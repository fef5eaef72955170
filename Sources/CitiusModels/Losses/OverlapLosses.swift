import CitiusAutograd
import CitiusConfiguration
import CitiusTensor

// Losses of how far two regions overlap, for segmentation. Predictions and targets are of one shape.

extension Loss {
    /// 1 − 2·Σ t·p / (Σ t + Σ p) (Dice 1945, doi:10.2307/1932409). Follows `keras.losses.Dice`.
    public struct Dice: LossKind {
        /// What is summed over; nil: everything, and the loss is one number.
        public var axis: AxisList?

        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["dice"] }

        public init() { self.init(axis: nil) }

        public init(axis: AxisList?) { self.axis = axis }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let t = aligned(target, with: prediction, "dice")
            let axes = axis?.numbers
            let overlap = (prediction * t).sum(axes: axes) * 2
            return 1 - overlap / (prediction.sum(axes: axes) + t.sum(axes: axes) + epsilon)
        }
    }

    /// 1 − Σ t·p / (Σ t·p + alpha·Σ t·(1 − p) + beta·Σ (1 − t)·p) (Salehi et al. 2017, arXiv 1706.05721). Follows
    /// `keras.losses.Tversky`, which weighs what the prediction leaves out by alpha.
    public struct Tversky: LossKind {
        public var alpha: Double
        public var beta: Double
        /// What is summed over; nil: everything, and the loss is one number.
        public var axis: AxisList?

        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["tversky"] }

        public init() { self.init(alpha: 0.5) }

        public init(alpha: Double = 0.5, beta: Double = 0.5, axis: AxisList? = nil) {
            self.alpha = alpha
            self.beta = beta
            self.axis = axis
        }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let t = aligned(target, with: prediction, "tversky")
            let axes = axis?.numbers
            let overlap = (prediction * t).sum(axes: axes)
            let missed = ((1 - prediction) * t).sum(axes: axes)
            let added = (prediction * (1 - t)).sum(axes: axes)
            return 1 - overlap / (overlap + missed * alpha + added * beta + epsilon)
        }
    }

    /// 1 − 2·Σ t·p / (Σ t + Σ p), sums over these axes, or everything.
    public static func dice(axes: [Int]? = nil) -> Loss { Loss(Dice(axis: axes.map(AxisList.init))) }

    /// 1 − Σ t·p / (Σ t·p + alpha·Σ t·(1 − p) + beta·Σ (1 − t)·p), sums over these axes, or everything.
    public static func tversky(alpha: Double = 0.5, beta: Double = 0.5, axes: [Int]? = nil) -> Loss {
        Loss(Tversky(alpha: alpha, beta: beta, axis: axes.map(AxisList.init)))
    }
}
