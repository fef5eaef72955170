import CitiusKernels
import CitiusPlatform

/// Shows a training on the terminal while it runs: curves of the loss and of the metrics, rates, the time left, and which
/// kernels take the time.
///
/// ```swift
/// try model.fit(train, epochs: 10, validationData: test, dashboard: true)
/// ```
///
/// The same as the callback `Dashboard()`. It takes the place of the progress bar and as much of the window as there is, and follows the window's size. The last
/// picture stays. Where the standard output is no terminal, the progress bar's lines are shown instead.
///
/// The kernels' shares are those of one step a second, which is watched; the others run as ever.
public final class Dashboard: Callback {
    /// Seconds between two pictures, and between two steps whose kernels are watched.
    private static let interval = 0.1
    private static let samplingInterval = 1.0
    /// Points of the first epoch's curve, at the most.
    private static let pointLimit = 400

    private let size: () -> (columns: Int, rows: Int)?
    private let now: () -> Double
    private let write: (String) -> Void
    /// Whether there is a terminal to draw on.
    let isLive: Bool

    private var state = DashboardState()
    private var start = 0.0
    private var epochStart = 0.0
    private var lastDrawn = -Double.infinity
    private var lastSampled = -Double.infinity
    private var sampleStart: Int?
    private var kernelSeconds: [String: Double] = [:]
    private var sampledSeconds = 0.0
    private var firstStepEnd: Double?
    private var lastEpochSeconds: Double?
    private var stride = 1
    /// The widths of the lines that stand on the screen.
    private var drawnWidths: [Int] = []

    public override convenience init() {
        let origin = nanoseconds()
        self.init(
            size: { Console.width.flatMap { columns in Console.height.map { (columns, $0) } } },
            now: { Double(nanoseconds() - origin) * 1e-9 }, write: Console.write)
    }

    /// One that draws on a place of your choice by a clock of your choice.
    ///
    /// - Parameters:
    ///   - size: of the terminal, asked for with each picture; nil where there is none.
    ///   - now: seconds since any moment.
    package init(
        size: @escaping () -> (columns: Int, rows: Int)?, now: @escaping () -> Double,
        write: @escaping (String) -> Void
    ) {
        (self.size, self.now, self.write) = (size, now, write)
        isLive = size() != nil
        super.init()
    }

    // MARK: Hooks

    public override func onTrainBegin() {
        guard isLive else { return }
        state = DashboardState()
        (state.epochs, state.epoch, state.steps) = (plan.epochs, plan.initialEpoch, plan.steps)
        start = now()
        (lastDrawn, lastSampled, lastEpochSeconds) = (-.infinity, -.infinity, nil)
        (kernelSeconds, sampledSeconds, drawnWidths, stride) = ([:], 0, [], 1)
        // What the program printed so far stays above.
        write("")
    }

    public override func onEpochBegin(_ epoch: Int) {
        (state.epoch, state.step) = (epoch, 0)
        epochStart = now()
        firstStepEnd = nil
    }

    public override func onTrainBatchBegin(_ batch: Int) {
        guard isLive, now() - lastSampled >= Self.samplingInterval, Profile.beginSample() else { return }
        lastSampled = now()
        sampleStart = nanoseconds()
    }

    public override func onTrainBatchEnd(_ batch: Int, logs: Scores) {
        guard isLive else { return }
        endSample()
        state.step = batch + 1
        note(logs)
        if firstStepEnd == nil { firstStepEnd = now() }
        draw()
    }

    public override func onTestBegin() {
        guard isLive else { return }
        state.isValidating = true
        draw(always: true)
    }

    public override func onTestEnd(logs: Scores) { state.isValidating = false }

    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        guard isLive else { return }
        lastEpochSeconds = now() - epochStart
        for (name, value) in logs.entries {
            let isValidation = name.hasPrefix("val_")
            let key = isValidation ? String(name.dropFirst(4)) : name
            if !isValidation { noteName(key) }
            let point = (x: Double(epoch + 1), y: value)
            if isValidation {
                state.validation[key, default: .init()].points.append(point)
            } else {
                finish(key, point)
            }
        }
        draw(always: true)
    }

    public override func onTrainEnd(logs: Scores) {
        guard isLive else { return }
        endSample()
        state.isFinal = true
        draw(always: true)
        drawnWidths = []
    }

    // MARK: Numbers

    private func noteName(_ name: String) {
        guard !state.names.contains(name) else { return }
        // The loss comes first.
        state.names.insert(name, at: name == "loss" ? 0 : state.names.count)
    }

    /// Takes in the running epoch's numbers: a curve in the first one, later a point that moves.
    private func note(_ logs: Scores) {
        guard let steps = state.steps.map({ Double($0) }) ?? (state.epoch == plan.initialEpoch ? 1000 : nil)
        else {
            return
        }
        let x = Double(state.epoch) + min(1, Double(state.step) / max(1, steps))
        for (name, value) in logs.entries {
            noteName(name)
            var points = state.training[name]?.points ?? []
            if state.epoch > plan.initialEpoch {
                while let last = points.last, last.x > Double(state.epoch) { points.removeLast() }
            } else {
                guard state.step % stride == 0 || state.step == 1 else { continue }
            }
            points.append((x, value))
            state.training[name] = DashboardState.Curve(points: points)
        }
        // Of a long curve every other point stays.
        guard state.epoch == plan.initialEpoch,
            state.training.values.contains(where: { $0.points.count > Self.pointLimit })
        else { return }
        stride *= 2
        for name in state.training.keys {
            let points = state.training[name]?.points ?? []
            state.training[name] = DashboardState.Curve(
                points: points.enumerated().filter { $0.offset % 2 == 1 }.map { $0.element })
        }
    }

    /// Puts an epoch's result in the place of what the epoch had while it ran.
    private func finish(_ name: String, _ point: (x: Double, y: Double)) {
        var points = state.training[name]?.points ?? []
        if state.epoch > plan.initialEpoch || plan.epochs - plan.initialEpoch > 1 {
            let epoch = Double(state.epoch)
            while let last = points.last, last.x > epoch { points.removeLast() }
        }
        points.append(point)
        state.training[name] = DashboardState.Curve(points: points)
    }

    private func endSample() {
        guard let sampleStart else { return }
        self.sampleStart = nil
        let profile = Profile.endSample(since: sampleStart)
        // The first step also makes what later ones find ready.
        guard state.step > 0 || state.epoch > plan.initialEpoch else { return }
        for entry in profile.entries { kernelSeconds[entry.name, default: 0] += entry.seconds }
        sampledSeconds += profile.seconds
        guard sampledSeconds > 0 else { return }
        let inKernels = kernelSeconds.values.reduce(0, +)
        let shares =
            kernelSeconds.map { ($0.key, $0.value / sampledSeconds) }
            + [("beside kernels", max(0, 1 - inKernels / sampledSeconds))]
        state.kernels = shares.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }

    // MARK: Drawing

    private func draw(always: Bool = false) {
        let time = now()
        guard always || time - lastDrawn >= Self.interval, let size = size() else { return }
        lastDrawn = time
        state.elapsed = time - start
        if let firstStepEnd, state.step > 1, !state.isValidating {
            state.secondsPerStep = max(0, time - firstStepEnd) / Double(state.step - 1)
            state.samplesPerSecond = model.compilation.map {
                $0.lossMean.weight / max(1e-9, time - epochStart)
            }
        }
        if let steps = state.steps {
            let left = state.secondsPerStep * Double(max(0, steps - state.step))
            state.epochLeft = left
            let whole = lastEpochSeconds ?? state.secondsPerStep * Double(steps)
            state.totalLeft = left + whole * Double(max(0, state.epochs - state.epoch - 1))
        }
        let lines = DashboardFrame(columns: size.columns, rows: size.rows).lines(state)
        // Back to where the last picture began. Lines of a window that has become narrower stand on several rows.
        let standing = drawnWidths.reduce(0) { $0 + max(1, ($1 + size.columns - 1) / size.columns) }
        var text = standing > 0 ? "\r\u{1B}[\(min(standing, max(1, size.rows - 1)))A" : ""
        for line in lines { text += "\u{1B}[2K" + DashboardFrame.text(line) + "\n" }
        write(text + "\u{1B}[J")
        drawnWidths = lines.map { DashboardFrame.width($0) }
    }
}
