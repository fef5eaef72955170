import CitiusPlatform

/// Tells how far a run has come, as Keras does: a bar with the time left, the time per step and the running
/// loss and metrics on a terminal, one line for each epoch elsewhere.
///
/// `fit`, `evaluate` and `predict` add one by their `verbose` argument, unless the callbacks hold one.
public final class ProgressBar: Callback {
    private static let width = 20
    /// Seconds between two pictures of the bar.
    private static let interval = 0.05

    private let style: Verbosity
    private let isTerminal: Bool
    private let now: () -> Double
    private let write: (String) -> Void

    private var start = 0.0
    private var lastDrawn = 0.0
    private var firstStepEnd: Double?
    private var lastStepEnd = 0.0
    private var step = 0
    private var drawnWidth = 0
    private var epoch = 0
    private var isRunning = false
    private var isTraining = false

    /// - Parameter verbosity: what to show.
    public convenience init(verbosity: Verbosity = .automatic) {
        let clock = ContinuousClock()
        let origin = clock.now
        self.init(
            verbosity: verbosity, isTerminal: Console.isTerminal,
            now: {
                let (seconds, attoseconds) = (clock.now - origin).components
                return Double(seconds) + Double(attoseconds) * 1e-18
            },
            write: Console.write)
    }

    /// One that writes to a place of your choice by a clock of your choice.
    ///
    /// - Parameters:
    ///   - isTerminal: whether what was written can be overwritten and coloured.
    ///   - now: seconds since any moment.
    package init(
        verbosity: Verbosity, isTerminal: Bool, now: @escaping () -> Double,
        write: @escaping (String) -> Void
    ) {
        style = verbosity == .automatic ? (isTerminal ? .bar : .line) : verbosity
        self.isTerminal = isTerminal
        self.now = now
        self.write = write
    }

    // MARK: Hooks

    public override func onTrainBegin() { isTraining = true }
    public override func onTrainEnd(logs: Scores) {
        isTraining = false
        isRunning = false
    }

    public override func onEpochBegin(_ epoch: Int) {
        self.epoch = epoch
        if style == .bar { write("Epoch \(epoch + 1)/\(plan.epochs)\n") }
        begin()
    }

    public override func onTrainBatchEnd(_ batch: Int, logs: Scores) { advance(to: batch + 1, logs) }
    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) { finish(logs) }

    // The validation within a training leaves the epoch's bar as it stands.
    public override func onTestBegin() { if !isTraining { begin() } }
    public override func onTestBatchEnd(_ batch: Int, logs: Scores) {
        if !isTraining { advance(to: batch + 1, logs) }
    }
    public override func onTestEnd(logs: Scores) { if !isTraining { finish(logs) } }

    public override func onPredictBegin() { begin() }
    public override func onPredictBatchEnd(_ batch: Int) { advance(to: batch + 1, [:]) }
    public override func onPredictEnd() { finish([:]) }

    // MARK: Drawing

    private func begin() {
        start = now()
        lastDrawn = -.infinity
        firstStepEnd = nil
        lastStepEnd = start
        step = 0
        drawnWidth = 0
        isRunning = true
    }

    private func advance(to step: Int, _ logs: Scores) {
        guard style != .silent else { return }
        self.step = step
        lastStepEnd = now()
        if firstStepEnd == nil { firstStepEnd = lastStepEnd }
        guard style == .bar, isTerminal, lastStepEnd - lastDrawn >= Self.interval else { return }
        lastDrawn = lastStepEnd
        draw(logs, isFinal: false)
    }

    private func finish(_ logs: Scores) {
        guard isRunning else { return }
        isRunning = false
        switch style {
        case .silent: break
        case .bar, .automatic: draw(logs, isFinal: true)
        case .line:
            let head = plan.kind == .training ? "Epoch \(epoch + 1)/\(plan.epochs) - " : ""
            let time = Formatting.string("%.0fs", now() - start)
            write(
                "\(head)\(count) - \(time) - \(Formatting.stepTime(secondsPerStep))\(described(logs))\n")
        }
    }

    /// Seconds a step takes; the first, in which caches warm up, is left out once there are others.
    private var secondsPerStep: Double {
        guard let firstStepEnd, step > 0 else { return 0 }
        return step > 1 ? (lastStepEnd - firstStepEnd) / Double(step - 1) : firstStepEnd - start
    }

    private var count: String {
        guard let steps = plan.steps else { return "\(step)/Unknown" }
        let digits = "\(steps)".count
        return String(repeating: " ", count: max(0, digits - "\(step)".count)) + "\(step)/\(steps)"
    }

    private func described(_ logs: Scores) -> String {
        logs.entries.map { " - \($0.name): \(Formatting.score($0.value))" }.joined()
    }

    private func draw(_ logs: Scores, isFinal: Bool) {
        var line = isTerminal ? "\r" : ""
        var width = 0
        func add(_ text: String, _ colour: String = "") {
            width += text.count
            line += isTerminal && !colour.isEmpty && !text.isEmpty ? "\(colour)\(text)\u{1B}[0m" : text
        }
        let bold = "\u{1B}[1m"
        add(count, bold)
        add(" ")
        if let steps = plan.steps, steps > 0 {
            let done = min(Self.width, Self.width * step / steps)
            add(String(repeating: "━", count: done), "\u{1B}[32m")
            add(String(repeating: "━", count: Self.width - done), "\u{1B}[37m")
            add(" ")
        }
        let left = plan.steps.map { Formatting.remainingTime(secondsPerStep * Double($0 - step)) }
        let elapsed = Formatting.string("%.0fs", now() - start)
        add(isFinal ? elapsed : left ?? elapsed, bold)
        add(" " + Formatting.stepTime(secondsPerStep) + described(logs))
        line += String(repeating: " ", count: max(0, drawnWidth - width))
        drawnWidth = width
        write(isFinal ? line + "\n" : line)
    }
}
