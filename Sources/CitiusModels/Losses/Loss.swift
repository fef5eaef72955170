import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// What training makes small: how far predictions are from their targets.
///
/// Losses of the library are static members; one of your own is a function from a batch of predictions and
/// its targets to a loss per sample:
///
/// ```swift
/// model.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy)
///
/// let absolute = Loss("mean_absolute_error") { prediction, target in
///     (prediction - target).abs().mean(axes: [-1])
/// }
/// ```
///
/// The loss of a batch is the sum of the samples' losses, each times the sample's weight if there are
/// weights, divided by the number of samples (Keras's `sum_over_batch_size`).
public struct Loss: Sendable {
    /// What a loss takes as targets; `fit` checks the data against it before it trains.
    public enum Targets: Sendable, Equatable {
        /// Numbers of classes, `[batch]` or `[batch, 1]`, for predictions `[batch, classes]`.
        case labels
        /// Of the predictions' shape; a last axis of size 1 may be absent.
        case likePredictions
        /// Whatever the loss makes of them.
        case any
    }

    /// Keras's name of the loss.
    public let name: String
    /// What it takes as targets.
    public let targets: Targets
    private let function: @Sendable (Variable, Tensor) -> Variable

    /// A loss of your own.
    ///
    /// - Parameters:
    ///   - name: what messages call it.
    ///   - targets: what the function takes; `fit` checks the data accordingly.
    ///   - function: from predictions `[batch, …]` and targets to losses `[batch]` (or `[batch, …]`, which are
    ///     averaged).
    public init(
        _ name: String, targets: Targets = .any,
        function: @escaping @Sendable (_ prediction: Variable, _ target: Tensor) -> Variable
    ) {
        self.name = name
        self.targets = targets
        self.function = function
    }

    /// The loss of each sample: `[batch]`, or `[batch, …]` where the predictions have more axes.
    ///
    /// Traps if the targets do not fit the predictions.
    public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
        function(prediction, target)
    }

    /// The loss of a batch, a scalar: Σ wᵢ·lossᵢ / n.
    ///
    /// - Parameter sampleWeights: `[batch]`; by default ones.
    ///
    /// Traps if the targets do not fit the predictions, or the weights the samples.
    public func callAsFunction(
        _ prediction: Variable, _ target: Tensor, sampleWeights: Tensor? = nil
    ) -> Variable {
        let losses = losses(prediction, target)
        guard let sampleWeights, losses.shape.rank > 0 else { return losses.mean() }
        return (losses * Weighting.expanded(sampleWeights, to: losses.value)).mean()
    }

    /// Probabilities are kept this far from 0 and 1 before their logarithm is taken, as Keras does.
    static let probabilities = 1e-7...(1 - 1e-7)

    /// The targets in the predictions' type and shape: a last axis of size 1 is added or dropped.
    static func aligned(_ target: Tensor, with prediction: Variable, _ operation: String) -> Tensor {
        let converted = target.dtype == prediction.dtype ? target : target.cast(to: prediction.dtype)
        if converted.shape == prediction.shape { return converted }
        let (wanted, given) = (prediction.shape.sizes, target.shape.sizes)
        require(
            wanted == given + [1] || given == wanted + [1],
            "\(operation): targets \(target.shape) do not fit predictions \(prediction.shape)")
        return converted.reshaped(to: prediction.shape)
    }

    /// Predictions of one number per sample may lack the last axis over which losses are averaged.
    static func withLastAxis(_ prediction: Variable) -> Variable {
        prediction.shape.rank == 1 ? prediction.reshaped(to: Shape([prediction.shape[0], 1])) : prediction
    }
}

/// Sample weights, made ready to multiply.
enum Weighting {
    /// The weights `[batch]` in the values' type and with as many axes: `[batch, 1, …]`.
    static func expanded(_ weights: Tensor, to values: Tensor) -> Tensor {
        require(
            weights.count == values.shape[0],
            "sample weights: \(weights.shape) for \(values.shape[0]) samples, expected one weight each")
        let converted = weights.dtype == values.dtype ? weights : weights.cast(to: values.dtype)
        let ones = [Int](repeating: 1, count: values.rank - 1)
        return converted.reshaped(to: Shape([values.shape[0]] + ones))
    }
}
