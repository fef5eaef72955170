import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

// Where the model ends in a softmax or a sigmoid, the cross-entropies go through its logits: the logarithm
// of a rounded probability loses what the logits still have. Keras does the same.

extension Loss {
    /// −log p(label), for numbers of classes as targets and probabilities as predictions.
    public static var sparseCategoricalCrossentropy: Loss { sparseCategoricalCrossentropy(fromLogits: false) }

    /// −log p(label), for numbers of classes as targets.
    ///
    /// - Predictions: `[batch, …, classes]`; targets: `[batch, …]` or `[batch, …, 1]`, from 0.
    /// - Parameter fromLogits: whether the predictions are logits, of which the softmax is still to be taken,
    ///   rather than probabilities.
    public static func sparseCategoricalCrossentropy(fromLogits: Bool) -> Loss {
        Loss("sparse_categorical_crossentropy", targets: .labels) { prediction, target in
            let labels = target.dtype.isFloatingPoint ? target.cast(to: .int64) : target
            if fromLogits { return prediction.sparseSoftmaxCrossEntropy(labels: labels) }
            // Probabilities out of nowhere: log p is a logit whose softmax is p again.
            let logits = prediction.softmaxLogits ?? prediction.clamped(to: probabilities).log()
            return logits.sparseSoftmaxCrossEntropy(labels: labels)
        }
    }

    /// −Σ tᵢ·log pᵢ, for probabilities as targets (one-hot, usually) and as predictions.
    public static var categoricalCrossentropy: Loss { categoricalCrossentropy() }

    /// −Σ tᵢ·log pᵢ over the last axis, for probabilities as targets (one-hot, usually).
    ///
    /// - Predictions and targets: `[batch, …, classes]`.
    /// - Parameters:
    ///   - fromLogits: whether the predictions are logits rather than probabilities. Probabilities are scaled
    ///     to a sum of one first, as Keras does.
    ///   - labelSmoothing: the share s of each target that is spread over all classes: t·(1 − s) + s/classes.
    ///     Traps outside 0…1.
    public static func categoricalCrossentropy(
        fromLogits: Bool = false, labelSmoothing: Double = 0
    ) -> Loss {
        requireShare(labelSmoothing, "categoricalCrossentropy")
        return Loss("categorical_crossentropy", targets: .likePredictions) { prediction, target in
            var target = aligned(target, with: prediction, "categoricalCrossentropy")
            if labelSmoothing > 0 {
                target = target * (1 - labelSmoothing) + labelSmoothing / Double(prediction.shape[-1])
            }
            let logarithms: Variable
            if let logits = fromLogits ? prediction : prediction.softmaxLogits {
                logarithms = logits.logSoftmax(axis: -1)
            } else {
                let sums = prediction.sum(axes: [-1], keepingAxes: true)
                logarithms = (prediction / sums).clamped(to: probabilities).log()
            }
            return -(logarithms * target).sum(axes: [-1])
        }
    }

    /// −t·log p − (1 − t)·log(1 − p), for targets 0 and 1 and probabilities as predictions.
    public static var binaryCrossentropy: Loss { binaryCrossentropy() }

    /// −t·log p − (1 − t)·log(1 − p), averaged over the last axis, for targets between 0 and 1.
    ///
    /// - Predictions and targets: `[batch, …, outputs]`; the targets may lack a last axis of size 1.
    /// - Parameters:
    ///   - fromLogits: whether the predictions are logits, of which the sigmoid is still to be taken.
    ///   - labelSmoothing: the share s by which targets are drawn to one half: t·(1 − s) + s/2. Traps
    ///     outside 0…1.
    public static func binaryCrossentropy(fromLogits: Bool = false, labelSmoothing: Double = 0) -> Loss {
        requireShare(labelSmoothing, "binaryCrossentropy")
        return Loss("binary_crossentropy", targets: .likePredictions) { prediction, target in
            var target = aligned(target, with: prediction, "binaryCrossentropy")
            if labelSmoothing > 0 { target = target * (1 - labelSmoothing) + 0.5 * labelSmoothing }
            let losses: Variable
            if let logits = fromLogits ? prediction : prediction.sigmoidLogits {
                losses = sigmoidCrossentropy(logits, target)
            } else {
                let p = prediction.clamped(to: probabilities)
                losses = -(p.log() * target + (1 - p).log() * (1 - target))
            }
            return withLastAxis(losses).mean(axes: [-1])
        }
    }

    /// max(x, 0) − x·t + log(1 + e^−|x|), which neither overflows nor cancels; its derivative is σ(x) − t.
    ///
    /// One operation of its own, since the derivatives of its parts are not those of the whole at x = 0.
    private static func sigmoidCrossentropy(_ logits: Variable, _ target: Tensor) -> Variable {
        let x = logits.value
        let value = x.relu() - x * target + (-x.abs()).exp().log1p()
        return Variable(value, computedFrom: logits) { cotangent in [cotangent * (x.sigmoid() - target)] }
    }

    private static func requireShare(_ share: Double, _ operation: String) {
        require(
            (0...1).contains(share), "\(operation): labelSmoothing is \(share), expected a share from 0 to 1")
    }
}

extension Variable {
    fileprivate var softmaxLogits: Variable? {
        if case .softmax(let logits) = origin { logits } else { nil }
    }

    fileprivate var sigmoidLogits: Variable? {
        if case .sigmoid(let logits) = origin { logits } else { nil }
    }
}
