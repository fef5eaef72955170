import CitiusPlatform

/// Backs a training up, so that one that is broken off, killed even, goes on where it was when it is started again; with
/// the same bits as one that was not, shuffling and dropout included.
///
/// ```swift
/// try model.fit(train, epochs: 100, callbacks: [BackupAndRestore("training.backup")])
/// ```
///
/// At the begin of a training it looks for the file: if it is there, weights, optimizer state, random numbers, metrics,
/// the place in the data and what other callbacks have gathered (a `ResumableCallback`, such as `EarlyStopping`) are put
/// back, and `fit` goes on from there. The program must be the same: the same model, compilation, data, batch size and
/// callbacks. It is called after all other callbacks, wherever it stands among them. Follows
/// `keras.callbacks.BackupAndRestore`.
///
/// A backup that cannot be read or written ends the training with an error that `fit` throws.
public final class BackupAndRestore: Callback {
    private let path: String
    private let saveFrequency: SaveFrequency
    private let deletesCheckpoint: Bool

    /// - Parameters:
    ///   - path: the file. A new backup takes its place in one step.
    ///   - saveFrequency: after each epoch, or after every so many steps.
    ///   - deleteCheckpoint: whether the file is deleted when the training has come to its end. Kept, it lets a training
    ///     to more epochs go on.
    ///
    /// Traps if the steps are not positive.
    public init(_ path: String, saveFrequency: SaveFrequency = .epoch, deleteCheckpoint: Bool = true) {
        saveFrequency.check("BackupAndRestore")
        self.path = path
        self.saveFrequency = saveFrequency
        deletesCheckpoint = deleteCheckpoint
    }

    public override func onTrainBegin() {
        guard access(path, F_OK) == 0 else { return }
        do throws(SavingError) {
            try model.restoreBackup(from: path)
        } catch {
            stop(with: error)
        }
    }

    public override func onTrainBatchEnd(_ batch: Int, logs: Scores) {
        if saveFrequency.isDue(afterStep: batch + 1) { save() }
    }

    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        // Of an epoch that was broken off, as far as it came.
        let isBrokenOff = (model.trainingPosition?.step ?? 0) > 0
        if saveFrequency == .epoch || isBrokenOff { save() }
    }

    public override func onTrainEnd(logs: Scores) {
        // An early stop is an end too; an interrupt, an error and a broken-off epoch are not.
        let run = model.run
        if deletesCheckpoint && run.isFinished && !run.isInterrupted && run.step == 0 { unlink(path) }
    }

    private func save() {
        do throws(SavingError) {
            try model.backUp(to: path)
        } catch {
            stop(with: error)
        }
    }
}

/// When a callback saves.
public enum SaveFrequency: Sendable, Equatable {
    /// After each epoch.
    case epoch
    /// After every so many steps of an epoch.
    case steps(Int)

    func check(_ callback: String) {
        guard case .steps(let count) = self else { return }
        require(count >= 1, "\(callback): saveFrequency is \(count) steps, expected at least 1")
    }

    /// - Parameter step: counted from 1 within the epoch.
    func isDue(afterStep step: Int) -> Bool {
        guard case .steps(let count) = self else { return false }
        return step % count == 0
    }
}
