import CitiusPlatform

/// Which way a watched metric improves.
public enum MonitorMode: Sendable {
    /// Down for a loss, else as the metric itself says.
    case automatic
    case lowest, highest
}

/// What callbacks that watch a metric share: whether it improves, and what to say if it is not there.
struct MetricMonitor {
    let name: String
    let mode: MonitorMode
    /// How messages call the callback.
    let owner: String
    private var isLowestBest = true
    private var hasWarned = false

    init(_ name: String, mode: MonitorMode, owner: String) {
        self.name = name
        self.mode = mode
        self.owner = owner
    }

    /// Finds out which way the metric improves; to be called as training begins. Traps if that is not known.
    mutating func begin(for model: Model) {
        switch mode {
        case .lowest: isLowestBest = true
        case .highest: isLowestBest = false
        case .automatic:
            let metric = name.hasPrefix("val_") ? String(name.dropFirst(4)) : name
            if metric == "loss" || metric.hasSuffix("_loss") {
                isLowestBest = true
            } else if let goal = model.goal(ofMetric: metric) {
                isLowestBest = goal == .lowest
            } else {
                let names = model.metricsNames + model.metricsNames.map { "val_" + $0 }
                fail(
                    "\(owner): there is no \"\(name)\" to watch; there are \(names.joined(separator: ", ")). Of a value "
                        + "that a callback adds, say which way it improves: mode: .highest or mode: .lowest")
            }
        }
    }

    /// Whether a value is better than a reference by more than `minDelta`; true without a reference.
    func isImprovement(_ value: Double, on reference: Double?, minDelta: Double = 0) -> Bool {
        guard let reference else { return true }
        return isLowestBest ? value + minDelta < reference : value - minDelta > reference
    }

    /// The metric in the logs; nil, and once a line of warning, if it is not there.
    mutating func value(in logs: Scores, of model: Model) -> Double? {
        if let value = logs.value(of: name) { return value }
        // A run that was stopped from elsewhere skips its validation: nothing is wrong then.
        if !hasWarned && !model.stopTraining {
            hasWarned = true
            Console.warn(
                "\(owner): there is no \"\(name)\" to watch; there are " + logs.names.joined(separator: ", "))
        }
        return nil
    }
}
