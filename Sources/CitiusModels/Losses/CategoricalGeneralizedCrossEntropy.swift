import CitiusAutograd
import CitiusPlatform
import CitiusTensor

extension Loss {
    /// (1 − p^q) / q, p the label's probability: between the cross-entropy (q → 0) and the mean absolute error (q = 1),
    /// for labels of which some are wrong (Zhang and Sabuncu 2018, arXiv 1805.07836). Follows
    /// `keras.losses.CategoricalGeneralizedCrossEntropy`.
    ///
    /// - Predictions: probabilities `[batch, …, classes]`; targets: numbers of classes `[batch, …]` or `[batch, …, 1]`.
    public struct CategoricalGeneralizedCrossEntropy: LossKind {
        public var q: Double

        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["categorical_generalized_cross_entropy"] }

        public init() { self.init(q: 0.5) }

        public init(q: Double) { self.q = q }

        public var targets: Loss.Targets { .labels }
        public var fault: String? {
            q > 0 && q < 1 ? nil : "q is \(q), expected a number between 0 and 1"
        }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let rows = Shape(Array(prediction.shape.sizes.dropLast()))
            require(
                target.count == rows.count,
                "categoricalGeneralizedCrossEntropy: targets \(target.shape) do not fit predictions "
                    + "\(prediction.shape)")
            let labels = Loss.labels(target, "categoricalGeneralizedCrossEntropy").reshaped(to: rows)
            let classes = labels.oneHot(prediction.shape[-1], dtype: prediction.dtype)
            // At 0 the power has an infinite slope, which a softmax behind it would turn into NaN.
            let own = (prediction * classes).sum(axes: [-1]).maximum(Double(Float.leastNormalMagnitude))
            return (1 - own.pow(q)) / q
        }
    }

    /// (1 − p^q) / q, p the label's probability; see `CategoricalGeneralizedCrossEntropy`. Traps if q is not between 0
    /// and 1.
    public static func categoricalGeneralizedCrossEntropy(q: Double = 0.5) -> Loss {
        Loss(CategoricalGeneralizedCrossEntropy(q: q))
    }
}
