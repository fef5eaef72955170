import CitiusPlatform
import Synchronization

/// Set by the signal handler, which may do little more than that.
private let isInterrupted = Atomic<Bool>(false)

/// Lets Ctrl-C end training in good order: after the running batch, with the history and the weights so far.
///
/// While training lasts, the first interrupt (SIGINT) asks it to stop and a second one ends the process, as
/// it would have without this callback. Afterwards the former handling is back.
public final class StopOnInterrupt: Callback {
    /// Whether the last training was stopped by an interrupt.
    public private(set) var wasInterrupted = false
    private var formerAction: sigaction?

    public override func onTrainBegin() {
        wasInterrupted = false
        isInterrupted.store(false, ordering: .relaxed)
        // The default action is back once the handler runs: a second interrupt ends the process.
        var action = sigaction(
            handler: { _ in
                isInterrupted.store(true, ordering: .relaxed)
                let notice: StaticString = "\nStopping after this batch; Ctrl-C again ends at once.\n"
                _ = write(STDERR_FILENO, notice.utf8Start, notice.utf8CodeUnitCount)
            }, flags: SA_RESTART, sigaction.resetsHandler)
        var former = sigaction()
        formerAction = sigaction(SIGINT, &action, &former) == 0 ? former : nil
    }

    public override func onTrainEnd(logs: Scores) {
        if var formerAction { sigaction(SIGINT, &formerAction, nil) }
        formerAction = nil
    }

    public override func onTrainBatchEnd(_ batch: Int, logs: Scores) { stopIfInterrupted() }

    public override func onTestBatchEnd(_ batch: Int, logs: Scores) { stopIfInterrupted() }

    private func stopIfInterrupted() {
        guard isInterrupted.load(ordering: .relaxed), formerAction != nil else { return }
        wasInterrupted = true
        model.stopTraining = true
    }
}
