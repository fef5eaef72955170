import CitiusKernels
import CitiusPlatform

/// Something that looks on while a model trains, and may stop it: override what you need.
///
/// ```swift
/// final class Stopwatch: Callback {
///     override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
///         if logs.loss < 0.1 { model.stopTraining = true }
///     }
/// }
/// ```
///
/// The hooks are Keras's. `fit` calls those of training and, for the validation after an epoch, those of
/// testing; `evaluate` those of testing, `predict` those of predicting. Epochs and batches count from 0.
open class Callback {
    private weak var attachedModel: Model?

    /// What is being run.
    public package(set) var plan = RunPlan()

    public init() {}

    /// The model at work. Traps outside a run.
    public var model: Model {
        guard let attachedModel else {
            fail("\(type(of: self)): model is known only while it trains, is evaluated or predicts")
        }
        return attachedModel
    }

    package func attach(to model: Model, plan: RunPlan) {
        attachedModel = model
        self.plan = plan
    }

    /// Ends the running training after the batch with an error, which `fit` throws: for what the world does to a
    /// callback, a full disk for instance. Weights and history keep what was learned.
    public final func stop(with error: any Error) {
        model.run.failure = model.run.failure ?? TrainingError(.callback, "\(type(of: self)): \(error)")
        model.stopTraining = true
    }

    open func onTrainBegin() {}
    /// - Parameter logs: those of the last epoch.
    open func onTrainEnd(logs: Scores) {}
    open func onEpochBegin(_ epoch: Int) {}
    /// - Parameter logs: the epoch's loss and metrics, then those of the validation with the prefix `val_`.
    ///   What a callback adds to it, later callbacks and the history see.
    open func onEpochEnd(_ epoch: Int, logs: inout Scores) {}
    open func onTrainBatchBegin(_ batch: Int) {}
    /// - Parameter logs: the loss and metrics of the epoch so far.
    open func onTrainBatchEnd(_ batch: Int, logs: Scores) {}

    open func onTestBegin() {}
    open func onTestEnd(logs: Scores) {}
    open func onTestBatchBegin(_ batch: Int) {}
    open func onTestBatchEnd(_ batch: Int, logs: Scores) {}

    open func onPredictBegin() {}
    open func onPredictEnd() {}
    open func onPredictBatchBegin(_ batch: Int) {}
    open func onPredictBatchEnd(_ batch: Int) {}
}

/// What a run is going to do.
public struct RunPlan: Sendable {
    /// What kind of run it is.
    public enum Kind: Sendable { case training, testing, predicting }

    public var kind = Kind.training
    /// The epoch after the last.
    public var epochs = 1
    public var initialEpoch = 0
    /// Batches an epoch; nil if that is not known before.
    public var steps: Int?
    public var verbosity = Verbosity.automatic
}

/// How much a run tells about its progress.
public enum Verbosity: Sendable {
    /// A bar on a terminal, else a line for each epoch.
    case automatic
    case silent
    case bar
    /// A line for each epoch.
    case line
}
