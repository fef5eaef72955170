import CitiusAutograd
import CitiusTensor

extension Loss {
    /// −Σ tᵢ·log pᵢ over the last axis, for probabilities as targets (one-hot, usually). Follows
    /// `keras.losses.CategoricalCrossentropy`.
    ///
    /// - Predictions and targets: `[batch, …, classes]`.
    public struct CategoricalCrossentropy: LossKind {
        /// Whether the predictions are logits rather than probabilities. Probabilities are scaled to a sum of one first, as
        /// Keras does.
        public var fromLogits: Bool
        /// The fraction s of each target that is spread over all classes: t·(1 − s) + s/classes.
        public var labelSmoothing: Double
        /// The classes' axis.
        public var axis: Int

        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["categorical_crossentropy"] }

        public init() { self.init(fromLogits: false) }

        public init(fromLogits: Bool = false, labelSmoothing: Double = 0, axis: Int = -1) {
            self.fromLogits = fromLogits
            self.labelSmoothing = labelSmoothing
            self.axis = axis
        }

        public var fault: String? { faultOfSmoothing(labelSmoothing) }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            var target = aligned(target, with: prediction, "categoricalCrossentropy")
            if labelSmoothing > 0 {
                target = target * (1 - labelSmoothing) + labelSmoothing / Double(prediction.shape[-1])
            }
            let isLast = axis == -1 || axis == prediction.shape.rank - 1
            let logarithms: Variable
            if let logits = fromLogits ? prediction : isLast ? prediction.softmaxLogits : nil {
                logarithms = logits.logSoftmax(axis: axis)
            } else {
                let sums = prediction.sum(axes: [axis], keepingAxes: true)
                logarithms = (prediction / sums).clamped(to: probabilities).log()
            }
            return -(logarithms * target).sum(axes: [axis])
        }
    }

    /// −Σ tᵢ·log pᵢ, for probabilities as targets and as predictions; see `CategoricalCrossentropy`.
    public static var categoricalCrossentropy: Loss { Loss(CategoricalCrossentropy()) }

    /// −Σ tᵢ·log pᵢ over the last axis; see `CategoricalCrossentropy`. Traps if the smoothing is not in 0…1.
    public static func categoricalCrossentropy(fromLogits: Bool = false, labelSmoothing: Double = 0) -> Loss {
        Loss(CategoricalCrossentropy(fromLogits: fromLogits, labelSmoothing: labelSmoothing))
    }

    static func faultOfSmoothing(_ fraction: Double) -> String? {
        (0...1).contains(fraction) ? nil : "labelSmoothing is \(fraction), expected a fraction from 0 to 1"
    }
}
