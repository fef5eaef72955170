import CitiusPlatform

/// Stops training after the batch in which the loss is no longer a finite number. The history keeps the
/// epoch as far as it came.
public final class TerminateOnNaN: Callback {
    /// The batch after which training was stopped, nil if it was not.
    public private(set) var stoppedBatch: Int?

    public override func onTrainBegin() { stoppedBatch = nil }

    public override func onTrainBatchEnd(_ batch: Int, logs: Scores) {
        guard let loss = logs.value(of: "loss"), !loss.isFinite else { return }
        stoppedBatch = batch
        model.stopTraining = true
        if plan.verbosity != .silent {
            Console.warn("Batch \(batch + 1): the loss is \(loss); training is stopped.")
        }
    }
}
