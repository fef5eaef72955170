import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Stops training when a metric no longer improves.
public final class EarlyStopping: Callback, ResumableCallback {
    public typealias Mode = MonitorMode

    private var monitor: MetricMonitor
    private let minDelta: Double
    private let patience: Int
    private let baseline: Double?
    private let restoreBestWeights: Bool
    private let startFromEpoch: Int

    /// What it has gathered since the training began.
    public struct State: Codable, Sendable, Equatable {
        fileprivate(set) var stoppedEpoch: Int?
        fileprivate(set) var bestEpoch: Int?
        fileprivate(set) var best: Double?
        fileprivate(set) var epochsWithoutImprovement = 0
    }

    public private(set) var state = State()
    private var bestWeights: [Tensor]?

    /// The epoch after which training was stopped; nil if it was not.
    public var stoppedEpoch: Int? { state.stoppedEpoch }
    /// The epoch with the best value so far; nil before any.
    public var bestEpoch: Int? { state.bestEpoch }
    /// The weights of the best epoch, while they are kept to be restored.
    public var stateTensors: [Tensor] { bestWeights ?? [] }

    /// - Parameters:
    ///   - monitor: the name of the metric in the logs.
    ///   - minDelta: what counts as an improvement is more than this.
    ///   - patience: epochs without improvement after which training stops (0: after the first).
    ///   - baseline: a value that training must beat too; epochs that only improve on themselves do not
    ///     count against the patience's end.
    ///   - restoreBestWeights: gives the model the weights of its best epoch when training ends, be it stopped
    ///     or not. Else it keeps those of the last step.
    ///   - startFromEpoch: epochs before this one are not looked at.
    ///
    /// Traps if patience, minimal change or start are negative. Follows Keras's `EarlyStopping`.
    public init(
        monitor: String = "val_loss", minDelta: Double = 0, patience: Int = 0, mode: Mode = .automatic,
        baseline: Double? = nil, restoreBestWeights: Bool = false, startFromEpoch: Int = 0
    ) {
        require(
            minDelta >= 0 && patience >= 0 && startFromEpoch >= 0,
            "EarlyStopping: minDelta \(minDelta), patience \(patience), startFromEpoch \(startFromEpoch), "
                + "expected none of them negative")
        self.monitor = MetricMonitor(monitor, mode: mode, owner: "EarlyStopping")
        self.minDelta = minDelta
        self.patience = patience
        self.baseline = baseline
        self.restoreBestWeights = restoreBestWeights
        self.startFromEpoch = startFromEpoch
    }

    public override func onTrainBegin() {
        state = State()
        bestWeights = nil
        monitor.begin(for: model)
    }

    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        guard let current = monitor.value(in: logs, of: model), epoch >= startFromEpoch else { return }
        if restoreBestWeights && bestWeights == nil {
            bestWeights = model.weights
            state.bestEpoch = epoch
        }
        state.epochsWithoutImprovement += 1
        if monitor.isImprovement(current, on: state.best, minDelta: minDelta) {
            state.best = current
            state.bestEpoch = epoch
            if restoreBestWeights { bestWeights = model.weights }
            if monitor.isImprovement(current, on: baseline, minDelta: minDelta) {
                state.epochsWithoutImprovement = 0
            }
            return
        }
        if state.epochsWithoutImprovement >= patience && epoch > 0 {
            state.stoppedEpoch = epoch
            model.stopTraining = true
        }
    }

    public override func onTrainEnd(logs: Scores) {
        if let bestWeights { model.weights = bestWeights }
        bestWeights = nil
    }

    public func restore(_ state: State, tensors: [Tensor]) throws {
        guard tensors.isEmpty || model.fits(weights: tensors) else {
            throw CallbackStateError(description: "the best weights are not the model's")
        }
        self.state = state
        bestWeights = tensors.isEmpty ? nil : tensors
    }
}
