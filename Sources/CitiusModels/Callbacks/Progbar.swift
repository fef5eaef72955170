import CitiusPlatform

/// The progress bar by itself, for a loop of your own; `fit` has one already.
///
/// ```swift
/// let bar = Progbar(batches.count)
/// for (step, batch) in batches.enumerated() {
///     let loss = train(on: batch)
///     bar.update(step + 1, values: [("loss", loss)])
/// }
/// ```
///
/// Follows `keras.utils.Progbar`.
public final class Progbar {
    private let target: Int?
    private let statefulMetrics: Set<String>
    private let bar: ProgressBar
    private var current = 0
    private var sums: [(name: String, sum: Double, weight: Double)] = []
    private var isRunning = false

    /// - Parameters:
    ///   - target: how many steps there are; nil if that is not known.
    ///   - width: the characters of the bar.
    ///   - verbose: what to show.
    ///   - interval: the least seconds between two pictures.
    ///   - statefulMetrics: the names of values that are shown as they are; others are averaged over the steps.
    ///   - unitName: what a step is called.
    ///
    /// Traps if a number is negative.
    public convenience init(
        _ target: Int?, width: Int = 20, verbose: Verbosity = .automatic, interval: Double = 0.05,
        statefulMetrics: Set<String> = [], unitName: String = "step"
    ) {
        require(
            target ?? 0 >= 0 && width >= 0 && interval >= 0,
            "Progbar: target \(target ?? 0), width \(width), interval \(interval), expected none of them negative"
        )
        self.init(
            target, statefulMetrics: statefulMetrics,
            bar: ProgressBar(verbosity: verbose, barWidth: width, interval: interval, unitName: unitName))
    }

    init(_ target: Int?, statefulMetrics: Set<String> = [], bar: ProgressBar) {
        self.target = target
        self.statefulMetrics = statefulMetrics
        self.bar = bar
        bar.plan = RunPlan(kind: .testing, steps: target)
        bar.begin()
        isRunning = true
    }

    /// Shows that so many steps are done.
    ///
    /// - Parameters:
    ///   - current: the steps that are done, those of before included.
    ///   - values: names and values of the steps since the last call. The last picture shows them as they are: a loop
    ///     gives it those of the whole epoch.
    ///   - finalize: whether this is the last picture; by default if all steps are done.
    public func update(_ current: Int, values: [(name: String, value: Double)] = [], finalize: Bool? = nil) {
        let isFinal = finalize ?? target.map { current >= $0 } ?? false
        let weight = Double(max(1, current - self.current))
        for (name, value) in values {
            let place = sums.firstIndex { $0.name == name } ?? sums.count
            if place == sums.count { sums.append((name, 0, 0)) }
            if isFinal || statefulMetrics.contains(name) {
                sums[place] = (name, value, 1)
            } else {
                sums[place].sum += value * weight
                sums[place].weight += weight
            }
        }
        self.current = current
        if !isRunning { bar.begin() }
        isRunning = !isFinal
        var logs: Scores = [:]
        for (name, sum, weight) in sums { logs[name] = sum / max(1, weight) }
        bar.advance(to: current, logs, isLast: isFinal)
        if isFinal { bar.finish(logs) }
    }

    /// Shows that so many more steps are done.
    public func add(_ count: Int, values: [(name: String, value: Double)] = []) {
        update(current + count, values: values)
    }
}
