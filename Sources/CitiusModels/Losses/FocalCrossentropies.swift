import CitiusAutograd
import CitiusTensor

// Cross-entropies in which what is predicted well already weighs little (Lin et al. 2017, arXiv 1708.02002).

extension Loss {
    /// (1 − p)^gamma times the binary cross-entropy, p the probability given to the target, averaged over an axis.
    /// Follows `keras.losses.BinaryFocalCrossentropy`.
    ///
    /// - Predictions and targets: `[batch, …, outputs]`, targets between 0 and 1.
    public struct BinaryFocalCrossentropy: LossKind {
        /// Whether targets of 1 weigh `alpha` and those of 0 weigh 1 − alpha.
        public var applyClassBalancing: Bool
        public var alpha: Double
        public var gamma: Double
        /// Whether the predictions are logits, of which the sigmoid is still to be taken.
        public var fromLogits: Bool
        /// The fraction s by which targets are drawn to one half: t·(1 − s) + s/2.
        public var labelSmoothing: Double
        /// What losses are averaged over.
        public var axis: Int

        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["binary_focal_crossentropy"] }

        public init() { self.init(gamma: 2) }

        public init(
            applyClassBalancing: Bool = false, alpha: Double = 0.25, gamma: Double = 2,
            fromLogits: Bool = false,
            labelSmoothing: Double = 0, axis: Int = -1
        ) {
            self.applyClassBalancing = applyClassBalancing
            self.alpha = alpha
            self.gamma = gamma
            self.fromLogits = fromLogits
            self.labelSmoothing = labelSmoothing
            self.axis = axis
        }

        public var fault: String? { faultOfSmoothing(labelSmoothing) }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            var t = aligned(target, with: prediction, "binaryFocalCrossentropy")
            if labelSmoothing > 0 { t = t * (1 - labelSmoothing) + 0.5 * labelSmoothing }
            let p = fromLogits ? prediction.sigmoid() : prediction
            let clamped = p.clamped(to: probabilities)
            let crossentropy = -(clamped.log() * t + (1 - clamped).log() * (1 - t))
            let ofTarget = p * t + (1 - p) * (1 - t)
            var losses = (1 - ofTarget).pow(gamma) * crossentropy
            if applyClassBalancing { losses = losses * (t * alpha + (1 - t) * (1 - alpha)) }
            return withLastAxis(losses).mean(axes: [axis])
        }
    }

    /// −Σ alpha·(1 − pᵢ)^gamma·tᵢ·log pᵢ over an axis. Follows `keras.losses.CategoricalFocalCrossentropy`.
    ///
    /// - Predictions and targets: `[batch, …, classes]`; probabilities are scaled to a sum of one first.
    public struct CategoricalFocalCrossentropy: LossKind {
        public var alpha: Double
        public var gamma: Double
        /// Whether the predictions are logits, of which the softmax is still to be taken.
        public var fromLogits: Bool
        /// The fraction s of each target that is spread over all classes: t·(1 − s) + s/classes.
        public var labelSmoothing: Double
        /// The classes' axis.
        public var axis: Int

        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["categorical_focal_crossentropy"] }

        public init() { self.init(gamma: 2) }

        public init(
            alpha: Double = 0.25, gamma: Double = 2, fromLogits: Bool = false, labelSmoothing: Double = 0,
            axis: Int = -1
        ) {
            self.alpha = alpha
            self.gamma = gamma
            self.fromLogits = fromLogits
            self.labelSmoothing = labelSmoothing
            self.axis = axis
        }

        public var fault: String? { faultOfSmoothing(labelSmoothing) }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            var t = aligned(target, with: prediction, "categoricalFocalCrossentropy")
            if labelSmoothing > 0 {
                t = t * (1 - labelSmoothing) + labelSmoothing / Double(prediction.shape[-1])
            }
            let given = fromLogits ? prediction.softmax(axis: axis) : prediction
            let p = (given / given.sum(axes: [axis], keepingAxes: true)).clamped(to: probabilities)
            return -((1 - p).pow(gamma) * p.log() * t).sum(axes: [axis]) * alpha
        }
    }

    /// (1 − p)^gamma times the binary cross-entropy, averaged over the last axis; see `BinaryFocalCrossentropy`. Traps
    /// if the smoothing is not in 0…1.
    public static func binaryFocalCrossentropy(
        applyClassBalancing: Bool = false, alpha: Double = 0.25, gamma: Double = 2, fromLogits: Bool = false,
        labelSmoothing: Double = 0
    ) -> Loss {
        Loss(
            BinaryFocalCrossentropy(
                applyClassBalancing: applyClassBalancing, alpha: alpha, gamma: gamma, fromLogits: fromLogits,
                labelSmoothing: labelSmoothing))
    }

    /// −Σ alpha·(1 − pᵢ)^gamma·tᵢ·log pᵢ over the last axis; see `CategoricalFocalCrossentropy`. Traps if the smoothing
    /// is not in 0…1.
    public static func categoricalFocalCrossentropy(
        alpha: Double = 0.25, gamma: Double = 2, fromLogits: Bool = false, labelSmoothing: Double = 0
    ) -> Loss {
        Loss(
            CategoricalFocalCrossentropy(
                alpha: alpha, gamma: gamma, fromLogits: fromLogits, labelSmoothing: labelSmoothing))
    }
}
