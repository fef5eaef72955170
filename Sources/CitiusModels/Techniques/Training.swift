import CitiusAutograd
import CitiusData
import CitiusPlatform
import CitiusTensor

/// A training as its techniques see it.
public final class Training {
    /// The model that is trained.
    public let model: Model
    /// All samples to train with. `Batch.indices` and `SampleSelection.indices` are places among them.
    public let data: Dataset
    /// What `fit` validates with, if it does.
    public let validationData: Dataset?
    /// The batch size that `fit` was given.
    public let batchSize: Int
    /// The epoch after the last.
    public let epochs: Int

    /// The running epoch, from 0.
    public internal(set) var epoch = 0
    /// The running step of the epoch, from 0.
    public internal(set) var step = 0
    /// How many steps the running epoch has.
    public internal(set) var stepsInEpoch = 1
    /// How many steps were taken since the first epoch.
    public internal(set) var stepsTaken = 0

    /// What the optimizer's learning rate is multiplied by in the step that begins: 1, and what techniques make of it in
    /// `beginStep`.
    ///
    /// ```swift
    /// func beginStep(in training: Training) { training.learningRateFactor *= 1 - training.progress }
    /// ```
    public var learningRateFactor = 1.0

    /// Whether the techniques' own computations run, which see the model's losses as they are.
    var isLookingOn = false

    init(model: Model, data: Dataset, validationData: Dataset?, batchSize: Int, epochs: Int) {
        self.model = model
        self.data = data
        self.validationData = validationData
        self.batchSize = batchSize
        self.epochs = epochs
    }

    /// How far the training has come, from 0 to below 1.
    public var progress: Double {
        // Steps that an epoch has beyond what was counted on are its last ones.
        let fraction = min(Double(step) / Double(max(1, stepsInEpoch)), 1)
        return min((Double(epoch) + fraction) / Double(max(1, epochs)), 1.0.nextDown)
    }

    /// The model's random numbers.
    public var generator: RandomGenerator {
        get { model.generator }
        set { model.generator = newValue }
    }

    /// The learning rate that the step's factor multiplies: the optimizer's own. Of a `MultiOptimizer`, its first one's.
    public internal(set) var baseLearningRate = 0.0

    // MARK: Losses

    /// The losses of samples, each its own, from predictions that are at hand: float32 `[batch]`. No gradient flows.
    public func losses(_ predictions: [Variable], _ batch: Batch) -> Tensor {
        let compilation = model.compiled(for: "Training.losses")
        var total = Tensor(zeros: [batch.count])
        for (index, prediction) in predictions.enumerated() {
            let losses = compilation.loss(ofOutput: index).losses(
                prediction.untracked, batch.allTargets[index]
            ).value
            require(
                losses.rank >= 1 && losses.shape[0] == batch.count,
                "\(compilation.loss(ofOutput: index).name): the losses are \(losses.shape), not one of each sample"
            )
            let each = losses.rank == 1 ? losses : losses.mean(axes: Array(1..<losses.rank))
            total += each.cast(to: .float32) * compilation.lossWeight(ofOutput: index)
        }
        return total
    }

    /// The losses of samples, each its own, as the model predicts now: float32 `[batch]`.
    public func losses(of batch: Batch) -> Tensor { losses(predictions(of: batch), batch) }

    /// The model's outputs for a batch, as it predicts now.
    public func predictions(of batch: Batch) -> [Variable] {
        model.outputs(of: model.modelInputs(batch), in: model.inferenceContext)
    }

    /// The loss that training minimizes, without what techniques make of it: for techniques that differentiate it
    /// themselves.
    public func ownLoss(_ predictions: [Variable], _ batch: Batch, in context: Context) -> Variable {
        isLookingOn = true
        defer { isLookingOn = false }
        return model.computeLoss(predictions, batch, in: context)
    }
}

extension Variable {
    /// The same value without a history; of probabilities it is still known which logits they are of.
    fileprivate var untracked: Variable {
        var result = stopGradient()
        result.mask = mask
        switch origin {
        case .softmax(let logits): result.origin = .softmax(of: logits.stopGradient())
        case .sigmoid(let logits): result.origin = .sigmoid(of: logits.stopGradient())
        default: break
        }
        return result
    }
}

/// The gradients of a step, as techniques change them.
public struct TrainingGradients {
    /// The parameters that have gradients.
    public let parameters: [Parameter]
    package private(set) var values: [ParameterGradient]

    package init(_ parameters: [Parameter], _ values: [ParameterGradient]) {
        self.parameters = parameters
        self.values = values
    }

    /// The gradient of a parameter, of its shape and dtype.
    ///
    /// Of a table that was only looked up in, the rows that were not read are 0; asking for it makes the whole.
    public subscript(index: Int) -> Tensor {
        get { values[index].dense }
        set {
            let parameter = parameters[index]
            require(
                newValue.shape == parameter.shape && newValue.dtype == parameter.dtype,
                "TrainingGradients: the gradient of \(parameter.name) is set to \(newValue.dtype) \(newValue.shape), "
                    + "expected \(parameter.dtype) \(parameter.shape)")
            values[index] = .dense(newValue)
        }
    }
}
