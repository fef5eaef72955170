import CitiusAutograd
import CitiusTensor

extension Loss {
    /// −t·log p − (1 − t)·log(1 − p), averaged over the last axis, for targets between 0 and 1. Follows
    /// `keras.losses.BinaryCrossentropy`.
    ///
    /// - Predictions and targets: `[batch, …, outputs]`; the targets may lack a last axis of size 1.
    public struct BinaryCrossentropy: LossKind {
        /// Whether the predictions are logits, of which the sigmoid is still to be taken.
        public var fromLogits: Bool
        /// The fraction s by which targets are drawn to one half: t·(1 − s) + s/2.
        public var labelSmoothing: Double
        /// What losses are averaged over.
        public var axis: Int

        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["binary_crossentropy", "bce", "BCE"] }

        public init() { self.init(fromLogits: false) }

        public init(fromLogits: Bool = false, labelSmoothing: Double = 0, axis: Int = -1) {
            self.fromLogits = fromLogits
            self.labelSmoothing = labelSmoothing
            self.axis = axis
        }

        public var fault: String? { faultOfSmoothing(labelSmoothing) }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            var target = aligned(target, with: prediction, "binaryCrossentropy")
            if labelSmoothing > 0 { target = target * (1 - labelSmoothing) + 0.5 * labelSmoothing }
            let losses: Variable
            if let logits = fromLogits ? prediction : prediction.sigmoidLogits {
                losses = Self.sigmoidCrossentropy(logits, target)
            } else {
                let p = prediction.clamped(to: probabilities)
                losses = -(p.log() * target + (1 - p).log() * (1 - target))
            }
            return withLastAxis(losses).mean(axes: [axis])
        }

        /// max(x, 0) − x·t + log(1 + e^−|x|), which neither overflows nor cancels; its derivative is σ(x) − t.
        ///
        /// One operation of its own, since the derivatives of its parts are not those of the whole at x = 0.
        private static func sigmoidCrossentropy(_ logits: Variable, _ target: Tensor) -> Variable {
            let x = logits.value
            let value = x.relu() - x * target + (-x.abs()).exp().log1p()
            return Variable(value, computedFrom: logits) { cotangent in [cotangent * (x.sigmoid() - target)] }
        }
    }

    /// −t·log p − (1 − t)·log(1 − p), for targets 0 and 1 and probabilities as predictions; see `BinaryCrossentropy`.
    public static var binaryCrossentropy: Loss { Loss(BinaryCrossentropy()) }

    /// −t·log p − (1 − t)·log(1 − p), averaged over the last axis; see `BinaryCrossentropy`. Traps if the smoothing is
    /// not in 0…1.
    public static func binaryCrossentropy(fromLogits: Bool = false, labelSmoothing: Double = 0) -> Loss {
        Loss(BinaryCrossentropy(fromLogits: fromLogits, labelSmoothing: labelSmoothing))
    }
}
