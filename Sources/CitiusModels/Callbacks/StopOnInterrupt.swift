import CitiusPlatform
import Synchronization

/// How many interrupts came: counted by the signal handler, which may do little more than that.
private let interrupts = Atomic<Int>(0)

/// The handling of SIGINT that all trainings with a `StopOnInterrupt` share: the first puts it in place, and the
/// last to end brings the former one back.
private struct Handling {
    private var users = 0
    private var former: sigaction?

    mutating func begin() {
        // The default action is back once the handler runs: a second interrupt ends the process. A training that
        // begins after the first puts the handler in place again.
        var action = sigaction(
            handler: { _ in
                interrupts.add(1, ordering: .relaxed)
                let notice: StaticString = "\nStopping after this batch; Ctrl-C again ends at once.\n"
                _ = write(STDERR_FILENO, notice.utf8Start, notice.utf8CodeUnitCount)
            }, flags: SA_RESTART, sigaction.resetsHandler)
        var former = sigaction()
        let isSet = sigaction(SIGINT, &action, &former) == 0
        if users == 0 { self.former = isSet ? former : nil }
        users += 1
    }

    mutating func end() {
        users -= 1
        guard users == 0 else { return }
        if var former { sigaction(SIGINT, &former, nil) }
        former = nil
    }
}

private let handling = Mutex(Handling())

/// Lets Ctrl-C end training in good order: after the running batch, with the history and the weights so far.
///
/// While training lasts, the first interrupt (SIGINT) asks it to stop and a second one ends the process, as
/// it would have without this callback. Several trainings at once all stop at the first. After the last of them the
/// former handling is back.
public final class StopOnInterrupt: Callback {
    /// Whether the last training was stopped by an interrupt.
    public private(set) var wasInterrupted = false
    /// The interrupts that came before this training; nil outside of one.
    private var earlierInterrupts: Int?

    public override func onTrainBegin() {
        wasInterrupted = false
        if earlierInterrupts == nil { handling.withLock { $0.begin() } }
        earlierInterrupts = interrupts.load(ordering: .relaxed)
    }

    public override func onTrainEnd(logs: Scores) {
        if earlierInterrupts != nil { handling.withLock { $0.end() } }
        earlierInterrupts = nil
    }

    public override func onTrainBatchEnd(_ batch: Int, logs: Scores) { stopIfInterrupted() }

    public override func onTestBatchEnd(_ batch: Int, logs: Scores) { stopIfInterrupted() }

    private func stopIfInterrupted() {
        guard let earlierInterrupts, interrupts.load(ordering: .relaxed) > earlierInterrupts else { return }
        wasInterrupted = true
        model.run.isInterrupted = true
        model.stopTraining = true
    }
}
