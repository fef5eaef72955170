import CitiusPlatform
import CitiusTensor

/// Sets the learning rate at the begin of each epoch by a function of the epoch and of the learning rate so far.
///
/// ```swift
/// let scheduler = LearningRateScheduler { epoch, rate in epoch < 10 ? rate : rate * 0.9 }
/// try model.fit(train, epochs: 15, callbacks: [scheduler])
/// ```
///
/// The logs have the epoch's `learning_rate`. Follows `keras.callbacks.LearningRateScheduler`. Traps if a schedule of the
/// optimizer's decides the learning rate, or if the function returns a negative or infinite number.
public final class LearningRateScheduler: Callback, ResumableCallback {
    /// What it has gathered since the training began.
    public struct State: Codable, Sendable, Equatable {
        /// The epoch whose learning rate is set. One that goes on after a break is not set once more: the function may
        /// go by the rate so far.
        public fileprivate(set) var epoch: Int?
    }

    private let schedule: (Int, Double) -> Double
    private let isVerbose: Bool

    public private(set) var state = State()

    /// - Parameters:
    ///   - verbose: whether a line says what is set.
    ///   - schedule: takes the epoch, from 0, and the learning rate so far; gives the epoch's.
    public init(verbose: Bool = false, _ schedule: @escaping (_ epoch: Int, _ learningRate: Double) -> Double)
    {
        self.schedule = schedule
        isVerbose = verbose
    }

    public override func onTrainBegin() {
        state = State()
        _ = model.optimizerOfSettableRate(for: "LearningRateScheduler")
    }

    public override func onEpochBegin(_ epoch: Int) {
        guard state.epoch != epoch else { return }
        let optimizer = model.optimizerOfSettableRate(for: "LearningRateScheduler")
        optimizer.learningRate = schedule(epoch, optimizer.learningRate)
        state.epoch = epoch
        if isVerbose {
            Console.write(
                "\nEpoch \(epoch + 1): LearningRateScheduler setting learning rate to \(optimizer.learningRate).\n"
            )
        }
    }

    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        logs["learning_rate"] = model.optimizerOfSettableRate(for: "LearningRateScheduler").learningRate
    }

    public func restore(_ state: State, tensors: [Tensor]) { self.state = state }
}
