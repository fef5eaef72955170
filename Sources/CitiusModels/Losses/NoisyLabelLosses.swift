import CitiusAutograd
import CitiusPlatform
import CitiusTensor

// Losses for labels of which some are wrong, beside `CategoricalGeneralizedCrossEntropy`.

extension Loss {
    /// α · cross-entropy + β · reverse cross-entropy, −Σ pᵢ·log tᵢ, where log 0 counts as −4: samples whose label the model
    /// firmly contradicts stop pulling at it (Wang et al. 2019, arXiv 1908.06112).
    ///
    /// - Predictions: probabilities `[batch, …, classes]`; targets: numbers of classes `[batch, …]` or `[batch, …, 1]`.
    public struct SymmetricCrossEntropy: LossKind {
        /// What the cross-entropy counts.
        public var alpha: Double
        /// What the reverse cross-entropy counts.
        public var beta: Double

        public init() { self.init(alpha: 0.1, beta: 1) }

        public init(alpha: Double, beta: Double) { (self.alpha, self.beta) = (alpha, beta) }

        public var targets: Loss.Targets { .labels }
        public var fault: String? {
            alpha >= 0 && beta >= 0 && alpha.isFinite && beta.isFinite
                ? nil : "alpha is \(alpha) and beta \(beta), expected finite numbers of at least 0"
        }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let own = SparseCategoricalCrossentropy().losses(prediction, target)
            let rows = Shape(Array(prediction.shape.sizes.dropLast()))
            let classes = Loss.labels(target, "symmetricCrossEntropy").reshaped(to: rows)
                .oneHot(prediction.shape[-1], dtype: prediction.dtype)
            // Of a label, log 1 is 0 and all others are −4.
            let others = (1 - (prediction * classes).sum(axes: [-1])) * 4
            return own * alpha + others * beta
        }
    }

    /// Cross-entropy with targets that the model's own predictions have a part in (Reed et al. 2014, arXiv 1412.6596):
    /// −Σ (β·tᵢ + (1 − β)·qᵢ)·log pᵢ, where q is p itself, or, if hard, its largest class.
    ///
    /// - Predictions: probabilities `[batch, …, classes]`; targets: numbers of classes `[batch, …]` or `[batch, …, 1]`.
    public struct Bootstrapping: LossKind {
        /// What the labels count; the rest is the predictions'.
        public var beta: Double
        /// Whether the predictions' largest class is taken, rather than their probabilities.
        public var isHard: Bool

        public init() { self.init(beta: 0.95, isHard: false) }

        public init(beta: Double, isHard: Bool) { (self.beta, self.isHard) = (beta, isHard) }

        public var targets: Loss.Targets { .labels }
        public var fault: String? {
            (0...1).contains(beta) ? nil : "beta is \(beta), expected a fraction from 0 to 1"
        }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let own = SparseCategoricalCrossentropy().losses(prediction, target)
            if isHard {
                let largest = prediction.value.argMax(axis: -1)
                return own * beta + SparseCategoricalCrossentropy().losses(prediction, largest) * (1 - beta)
            }
            let logarithms = prediction.clamped(to: probabilities).log()
            return own * beta - (prediction * logarithms).sum(axes: [-1]) * (1 - beta)
        }
    }

    /// Cross-entropy and its reverse, for labels of which some are wrong; see `SymmetricCrossEntropy`. Traps if a factor is
    /// negative.
    public static func symmetricCrossEntropy(alpha: Double = 0.1, beta: Double = 1) -> Loss {
        Loss(SymmetricCrossEntropy(alpha: alpha, beta: beta))
    }

    /// Cross-entropy with targets that predictions have a part in; see `Bootstrapping`. Traps if beta is not in 0...1.
    public static func bootstrapping(beta: Double = 0.95, isHard: Bool = false) -> Loss {
        Loss(Bootstrapping(beta: beta, isHard: isHard))
    }
}
