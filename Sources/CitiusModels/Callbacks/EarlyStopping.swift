import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Stops training when a metric no longer improves.
public final class EarlyStopping: Callback {
    /// Which way the watched metric improves.
    public enum Mode: Sendable {
        /// Down for a loss, else as the metric itself says.
        case automatic
        case lowest, highest
    }

    private let monitor: String
    private let minDelta: Double
    private let patience: Int
    private let mode: Mode
    private let baseline: Double?
    private let restoreBestWeights: Bool
    private let startFromEpoch: Int

    /// The epoch after which training was stopped; nil if it was not.
    public private(set) var stoppedEpoch: Int?
    /// The epoch with the best value so far; nil before any.
    public private(set) var bestEpoch: Int?
    private var best: Double?
    private var bestWeights: [Tensor]?
    private var epochsWithoutImprovement = 0
    private var isLowestBest = true
    private var hasWarned = false

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
        self.monitor = monitor
        self.minDelta = minDelta
        self.patience = patience
        self.mode = mode
        self.baseline = baseline
        self.restoreBestWeights = restoreBestWeights
        self.startFromEpoch = startFromEpoch
    }

    public override func onTrainBegin() {
        stoppedEpoch = nil
        bestEpoch = nil
        best = nil
        bestWeights = nil
        epochsWithoutImprovement = 0
        switch mode {
        case .lowest: isLowestBest = true
        case .highest: isLowestBest = false
        case .automatic: isLowestBest = automaticMode() == .lowest
        }
    }

    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        guard let current = currentValue(in: logs), epoch >= startFromEpoch else { return }
        if restoreBestWeights && bestWeights == nil {
            bestWeights = model.weights
            bestEpoch = epoch
        }
        epochsWithoutImprovement += 1
        if isImprovement(current, on: best) {
            best = current
            bestEpoch = epoch
            if restoreBestWeights { bestWeights = model.weights }
            if isImprovement(current, on: baseline) { epochsWithoutImprovement = 0 }
            return
        }
        if epochsWithoutImprovement >= patience && epoch > 0 {
            stoppedEpoch = epoch
            model.stopTraining = true
        }
    }

    public override func onTrainEnd(logs: Scores) {
        if let bestWeights { model.weights = bestWeights }
        bestWeights = nil
    }

    private func isImprovement(_ value: Double, on reference: Double?) -> Bool {
        guard let reference else { return true }
        return isLowestBest ? value + minDelta < reference : value - minDelta > reference
    }

    private func currentValue(in logs: Scores) -> Double? {
        if let value = logs.value(of: monitor) { return value }
        // A run that was stopped from elsewhere skips its validation: nothing is wrong then.
        if !hasWarned && !model.stopTraining {
            hasWarned = true
            Console.warn(
                "EarlyStopping: there is no \"\(monitor)\" to watch; there are "
                    + logs.names.joined(separator: ", "))
        }
        return nil
    }

    private func automaticMode() -> Mode {
        let name = monitor.hasPrefix("val_") ? String(monitor.dropFirst(4)) : monitor
        if name == "loss" { return .lowest }
        guard let goal = model.metrics.first(where: { $0.name == name })?.goal else {
            fail(
                "EarlyStopping: whether \"\(monitor)\" should rise or fall is not known; "
                    + "pass mode: .highest or mode: .lowest")
        }
        return goal == .lowest ? .lowest : .highest
    }
}
