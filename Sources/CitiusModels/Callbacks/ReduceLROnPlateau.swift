import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

/// Lowers the learning rate when a metric no longer improves: multiplies it by `factor` after `patience` epochs without
/// an improvement.
///
/// ```swift
/// let reduce = ReduceLROnPlateau(monitor: "val_loss", factor: 0.2, patience: 5, minLearningRate: 0.001)
/// try model.fit(train, epochs: 100, callbacks: [reduce], validationData: test)
/// ```
///
/// The logs have the epoch's `learning_rate`, as it was before a reduction. Follows `keras.callbacks.ReduceLROnPlateau`.
/// Traps as a training begins if a schedule decides the learning rate.
public final class ReduceLROnPlateau: Callback, ResumableCallback {
    /// What it has gathered since the training began.
    public struct State: Codable, Sendable, Equatable {
        /// The best value so far; nil before any.
        public fileprivate(set) var best: Double?
        /// Epochs without an improvement.
        public fileprivate(set) var wait = 0
        /// Epochs to go until patience counts again after a reduction.
        public fileprivate(set) var cooldownCounter = 0
    }

    private var monitor: MetricMonitor
    private let factor: Double
    private let patience: Int
    private let isVerbose: Bool
    private let minDelta: Double
    private let cooldown: Int
    private let minLearningRate: Double

    public private(set) var state = State()

    /// - Parameters:
    ///   - monitor: the name of the metric in the logs.
    ///   - factor: what the learning rate is multiplied by.
    ///   - patience: epochs without improvement after which the learning rate is lowered.
    ///   - verbose: whether a line says so.
    ///   - mode: which way the metric improves.
    ///   - minDelta: what counts as an improvement is more than this.
    ///   - cooldown: epochs after a reduction in which patience does not count.
    ///   - minLearningRate: the learning rate is never lowered below this.
    ///
    /// Traps if the factor is not within 0..<1, or another number is negative.
    public init(
        monitor: String = "val_loss", factor: Double = 0.1, patience: Int = 10, verbose: Bool = false,
        mode: MonitorMode = .automatic, minDelta: Double = 1e-4, cooldown: Int = 0,
        minLearningRate: Double = 0
    ) {
        require(
            factor >= 0 && factor < 1,
            "ReduceLROnPlateau: factor is \(factor), expected at least 0 and below 1")
        require(
            patience >= 0 && minDelta >= 0 && cooldown >= 0 && minLearningRate >= 0,
            "ReduceLROnPlateau: patience \(patience), minDelta \(minDelta), cooldown \(cooldown), minLearningRate "
                + "\(minLearningRate), expected none of them negative")
        self.monitor = MetricMonitor(monitor, mode: mode, owner: "ReduceLROnPlateau")
        self.factor = factor
        self.patience = patience
        isVerbose = verbose
        self.minDelta = minDelta
        self.cooldown = cooldown
        self.minLearningRate = minLearningRate
    }

    public override func onTrainBegin() {
        state = State()
        monitor.begin(for: model)
        _ = model.optimizerOfSettableRate(for: "ReduceLROnPlateau")
    }

    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        let optimizer = model.optimizerOfSettableRate(for: "ReduceLROnPlateau")
        logs["learning_rate"] = optimizer.learningRate
        guard let value = monitor.value(in: logs, of: model) else { return }
        if state.cooldownCounter > 0 {
            state.cooldownCounter -= 1
            state.wait = 0
        }
        if monitor.isImprovement(value, on: state.best, minDelta: minDelta) {
            state.best = value
            state.wait = 0
        } else if state.cooldownCounter == 0 {
            state.wait += 1
            guard state.wait >= patience, optimizer.learningRate > minLearningRate else { return }
            optimizer.learningRate = max(optimizer.learningRate * factor, minLearningRate)
            state.cooldownCounter = cooldown
            state.wait = 0
            if isVerbose {
                Console.write(
                    "\nEpoch \(epoch + 1): ReduceLROnPlateau reducing learning rate to \(optimizer.learningRate).\n"
                )
            }
        }
    }

    public func restore(_ state: State, tensors: [Tensor]) { self.state = state }
}

extension Model {
    /// The optimizer, whose learning rate a callback sets. Traps if there is none, if a schedule decides its rate, or
    /// if it has none of its own.
    func optimizerOfSettableRate(for callback: String) -> Optimizer {
        guard let optimizer else {
            fail("\(callback): the model is not compiled, so that it has no optimizer")
        }
        require(
            !optimizer.isComposed,
            "\(callback): a MultiOptimizer has no learning rate of its own; set its optimizers' rates")
        require(
            optimizer.constantLearningRate != nil,
            "\(callback): a schedule decides the optimizer's learning rate; give the optimizer a number, or leave the "
                + "callback out")
        return optimizer
    }
}
