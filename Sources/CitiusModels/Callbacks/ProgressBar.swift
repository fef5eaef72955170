import CitiusPlatform

/// Tells how far a run has come, as Keras does: a bar with the time left, the time per step and the running
/// loss and metrics on a terminal, one line for each epoch elsewhere.
///
/// `fit`, `evaluate` and `predict` add one by their `verbose` argument, unless the callbacks hold one.
public final class ProgressBar: Callback {
    /// Characters of the bar, where the terminal has room for them, and at the least.
    private let barWidth: Int
    private var leastBarWidth: Int { min(5, barWidth) }
    /// Seconds between two pictures of the bar.
    private let interval: Double
    /// What a step is called.
    private let unitName: String

    private let style: Verbosity
    private let isTerminal: Bool
    private let terminalWidth: () -> Int?
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
        self.init(verbosity: verbosity, barWidth: 20, interval: 0.05, unitName: "step")
    }

    convenience init(verbosity: Verbosity, barWidth: Int, interval: Double, unitName: String) {
        let clock = ContinuousClock()
        let origin = clock.now
        self.init(
            verbosity: verbosity, barWidth: barWidth, interval: interval, unitName: unitName,
            terminalWidth: { Console.width },
            now: {
                let (seconds, attoseconds) = (clock.now - origin).components
                return Double(seconds) + Double(attoseconds) * 1e-18
            },
            write: Console.write)
    }

    /// One that writes to a place of your choice by a clock of your choice.
    ///
    /// - Parameters:
    ///   - terminalWidth: the columns of the terminal, asked for with each picture; nil where what was written cannot
    ///     be overwritten and coloured.
    ///   - now: seconds since any moment.
    package init(
        verbosity: Verbosity, barWidth: Int = 20, interval: Double = 0.05, unitName: String = "step",
        terminalWidth: @escaping () -> Int?, now: @escaping () -> Double, write: @escaping (String) -> Void
    ) {
        self.barWidth = barWidth
        self.interval = interval
        self.unitName = unitName
        isTerminal = terminalWidth() != nil
        style = verbosity == .automatic ? (isTerminal ? .bar : .line) : verbosity
        self.terminalWidth = terminalWidth
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

    func begin() {
        // What the program printed so far is seen, and kept if it is killed, also where the output is a pipe.
        write("")
        start = now()
        lastDrawn = -.infinity
        firstStepEnd = nil
        lastStepEnd = start
        step = 0
        drawnWidth = 0
        isRunning = true
    }

    func advance(to step: Int, _ logs: Scores, isLast: Bool = false) {
        guard style != .silent else { return }
        self.step = step
        lastStepEnd = now()
        if step == 1 { firstStepEnd = lastStepEnd }
        guard style == .bar, !isLast, isTerminal, lastStepEnd - lastDrawn >= interval else { return }
        lastDrawn = lastStepEnd
        draw(logs, isFinal: false)
    }

    func finish(_ logs: Scores) {
        guard isRunning else { return }
        isRunning = false
        switch style {
        case .silent: break
        case .bar, .automatic: draw(logs, isFinal: true)
        case .line:
            let head = plan.kind == .training ? "Epoch \(epoch + 1)/\(plan.epochs) - " : ""
            let time = Formatting.string("%.0fs", now() - start)
            write(
                "\(head)\(count) - \(time) - \(Formatting.stepTime(secondsPerStep, unit: unitName))\(described(logs.entries))\n"
            )
        }
    }

    /// Seconds a step takes; the first, in which caches warm up, is left out once there are others.
    private var secondsPerStep: Double {
        guard step > 0 else { return 0 }
        guard let firstStepEnd, step > 1 else { return (lastStepEnd - start) / Double(step) }
        return (lastStepEnd - firstStepEnd) / Double(step - 1)
    }

    private var count: String {
        guard let steps = plan.steps else { return "\(step)/Unknown" }
        let digits = "\(steps)".count
        return String(repeating: " ", count: max(0, digits - "\(step)".count)) + "\(step)/\(steps)"
    }

    private func described(_ scores: [(name: String, value: Double)]) -> String {
        scores.map { " - \($0.name): \(Formatting.score($0.value))" }.joined()
    }

    private func draw(_ logs: Scores, isFinal: Bool) {
        let columns = terminalWidth()
        let line = fitted(logs, isFinal: isFinal, columns: columns)
        var text = columns.map { returnToStart(columns: $0) } ?? ""
        for part in line {
            text += columns == nil || part.colour.isEmpty ? part.text : "\(part.colour)\(part.text)\u{1B}[0m"
        }
        let width = Self.width(of: line)
        if columns != nil && width < drawnWidth { text += "\u{1B}[K" }
        drawnWidth = width
        write(isFinal ? text + "\n" : text)
    }

    /// A piece of the line, in one colour.
    private typealias Part = (text: String, colour: String)

    private static func width(of line: [Part]) -> Int { line.reduce(0) { $0 + $1.text.count } }

    /// Back to the start of the line. A window that has become narrower shows the last picture on several rows, the
    /// cursor on the last of them: those are cleared.
    private func returnToStart(columns: Int) -> String {
        let rows = drawnWidth / columns
        return rows == 0 ? "\r" : "\r\u{1B}[\(rows)A\u{1B}[J"
    }

    /// The line, with as much as the terminal has room for: the bar becomes shorter; then the time per step goes, the
    /// bar, and the scores from the last on, but for the loss.
    ///
    /// The last picture of an epoch keeps its scores. It may wrap, as it is not drawn over again.
    private func fitted(_ logs: Scores, isFinal: Bool, columns: Int?) -> [Part] {
        let hasBar = (plan.steps ?? 0) > 0
        var line = parts(scores: logs.entries, barWidth: hasBar ? barWidth : nil, isFinal: isFinal)
        guard let columns else { return line }
        // The last column stays empty: a character there leaves the cursor on one row or the next, as the terminal
        // pleases.
        let room = columns - 1
        func excess() -> Int { Self.width(of: line) - room }
        if excess() > 0 && hasBar {
            line = parts(
                scores: logs.entries, barWidth: max(leastBarWidth, barWidth - excess()), isFinal: isFinal)
        }
        if excess() > 0 {
            line = parts(
                scores: logs.entries, barWidth: hasBar ? leastBarWidth : nil, showsStepTime: false,
                isFinal: isFinal)
        }
        var scores = logs.entries
        while excess() > 0 {
            line = parts(scores: scores, barWidth: nil, showsStepTime: false, isFinal: isFinal)
            guard !isFinal, let last = scores.lastIndex(where: { $0.name != "loss" }) else { break }
            scores.remove(at: last)
        }
        return isFinal ? line : Self.cut(line, to: room)
    }

    private func parts(
        scores: [(name: String, value: Double)], barWidth: Int?, showsStepTime: Bool = true, isFinal: Bool
    ) -> [Part] {
        let bold = "\u{1B}[1m"
        var line: [Part] = [(count, bold), (" ", "")]
        if let barWidth, let steps = plan.steps {
            let done = min(barWidth, barWidth * step / steps)
            line.append((String(repeating: "━", count: done), "\u{1B}[32m"))
            line.append((String(repeating: "━", count: barWidth - done), "\u{1B}[37m"))
            line.append((" ", ""))
        }
        let left = plan.steps.map { Formatting.remainingTime(secondsPerStep * Double($0 - step)) }
        let elapsed = Formatting.string("%.0fs", now() - start)
        line.append((isFinal ? elapsed : left ?? elapsed, bold))
        line.append(
            (
                (showsStepTime ? " " + Formatting.stepTime(secondsPerStep, unit: unitName) : "")
                    + described(scores), ""
            ))
        return line.filter { !$0.text.isEmpty }
    }

    private static func cut(_ line: [Part], to width: Int) -> [Part] {
        var room = max(0, width)
        return line.map { part in
            let text = String(part.text.prefix(room))
            room -= text.count
            return (text, part.colour)
        }.filter { !$0.text.isEmpty }
    }
}
