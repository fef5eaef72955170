import CitiusAutograd
import CitiusPlatform
import CitiusTensor

extension Loss {
    /// −log p(label), for numbers of classes as targets. Follows `keras.losses.SparseCategoricalCrossentropy`.
    ///
    /// - Predictions: `[batch, …, classes]`; targets: `[batch, …]` or `[batch, …, 1]`, from 0.
    ///
    /// Traps, when it is computed, if a target is no whole number of a class.
    public struct SparseCategoricalCrossentropy: LossKind {
        /// Whether the predictions are logits, of which the softmax is still to be taken, rather than probabilities.
        public var fromLogits: Bool
        /// A label whose samples do not count, nor in the number that the loss is divided by; nil: all do.
        public var ignoreClass: Int?

        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["sparse_categorical_crossentropy"] }

        public init() { self.init(fromLogits: false) }

        public init(fromLogits: Bool, ignoreClass: Int? = nil) {
            self.fromLogits = fromLogits
            self.ignoreClass = ignoreClass
        }

        public var targets: Loss.Targets { ignoreClass == nil ? .labels : .any }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let rows = Shape(Array(prediction.shape.sizes.dropLast()))
            require(
                target.count == rows.count,
                "sparseCategoricalCrossentropy: targets \(target.shape) do not fit predictions \(prediction.shape)"
            )
            var labels = Loss.labels(target, "sparseCategoricalCrossentropy").reshaped(to: rows)
            var mask: Tensor?
            if let ignoreClass {
                let isCounted = labels .!= Tensor(Int64(ignoreClass))
                mask = isCounted
                labels = Tensor.where(isCounted, labels, Tensor(Int64(0)))
            }
            // Probabilities out of nowhere: log p is a logit whose softmax is p again.
            let logits =
                fromLogits
                ? prediction : prediction.softmaxLogits ?? prediction.clamped(to: probabilities).log()
            var losses = logits.sparseSoftmaxCrossEntropy(labels: labels)
            if let mask {
                losses = losses * mask.cast(to: losses.dtype)
                losses.mask = mask
            }
            return losses
        }
    }

    /// −log p(label), for numbers of classes as targets and probabilities as predictions; see
    /// `SparseCategoricalCrossentropy`.
    public static var sparseCategoricalCrossentropy: Loss { Loss(SparseCategoricalCrossentropy()) }

    /// −log p(label), for numbers of classes as targets; see `SparseCategoricalCrossentropy`.
    public static func sparseCategoricalCrossentropy(fromLogits: Bool, ignoreClass: Int? = nil) -> Loss {
        Loss(SparseCategoricalCrossentropy(fromLogits: fromLogits, ignoreClass: ignoreClass))
    }
}

extension Variable {
    /// What the variable is the softmax, or the sigmoid, of.
    var softmaxLogits: Variable? { if case .softmax(let logits) = origin { logits } else { nil } }
    var sigmoidLogits: Variable? { if case .sigmoid(let logits) = origin { logits } else { nil } }
}
