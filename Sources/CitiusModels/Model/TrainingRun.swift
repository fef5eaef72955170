import CitiusPlatform
import CitiusTensor
import Synchronization

/// The training or evaluation of a model that is going on: on which thread, and where in the data.
final class TrainingRun {
    /// The thread that trains or evaluates; 0 if none does.
    private let owner = Atomic<UInt>(0)
    /// How many runs lie within each other: an evaluation within a callback of a training is one.
    private var depth = 0

    /// The training's batches; nil outside of `fit`.
    var feed: BatchFeed?
    /// The running epoch, and how many of its steps are taken.
    var epoch = 0
    var step = 0
    /// The training's callbacks.
    var callbacks: [Callback] = []
    /// Where a training that was begun elsewhere goes on, and what its callbacks had gathered; set by a callback as the
    /// training begins.
    var resumption: TrainingPosition?
    var callbackStates: [CallbackState]?
    /// The training's techniques; nil if there are none.
    var techniques: TechniqueRun?
    var techniqueStates: TechniqueStates?
    /// What ended the training early; thrown by `fit`.
    var failure: TrainingError?
    /// Whether somebody interrupted the training, who may want to go on later.
    var isInterrupted = false
    /// Whether the training ended without an error.
    var isFinished = false

    /// Runs `body` as this thread's; traps if another thread trains or evaluates the model.
    func claimed<Result, Failure: Error>(
        for operation: String, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let thread = SystemThread.currentIdentifier
        let (isFree, current) = owner.compareExchange(
            expected: 0, desired: thread, ordering: .acquiringAndReleasing)
        require(
            isFree || current == thread,
            "\(operation): another thread is training or evaluating this model; do one at a time")
        depth += 1
        defer {
            depth -= 1
            if depth == 0 { owner.store(0, ordering: .releasing) }
        }
        return try body()
    }
}

/// Where a training stands between two of its steps: enough, with weights and optimizer, to go on with the same bits.
package struct TrainingPosition: Sendable, Equatable {
    /// The running epoch, from 0, and how many of its steps are taken.
    package var epoch: Int
    package var step: Int
    /// The running pass over the data, the random numbers as they were when it began, and how many of its batches are
    /// drawn.
    package var pass: Int
    package var passStart: RandomGenerator
    package var drawn: Int
    /// The random numbers as they are now.
    package var random: RandomGenerator
    /// The metrics of the running epoch, as far as they came.
    package var metrics: [String: [Tensor]]
    /// Whether a callback ended the training after the last epoch, before the one that it was asked for.
    package var isStopped: Bool
}
