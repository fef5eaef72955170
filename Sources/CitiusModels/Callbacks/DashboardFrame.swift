import CitiusKernels
import CitiusPlatform

/// What a dashboard shows.
struct DashboardState {
    /// A curve: of an epoch that is over at its number, of the running one at a fraction.
    struct Curve {
        var points: [(x: Double, y: Double)] = []
        var latest: Double? { points.last?.y }
    }

    var epoch = 0
    var epochs = 1
    var step = 0
    var steps: Int?
    var isValidating = false
    var isFinal = false
    /// Seconds since the training began.
    var elapsed = 0.0
    var secondsPerStep = 0.0
    var samplesPerSecond: Double?
    /// Seconds left of the epoch and of the training, where they can be told.
    var epochLeft: Double?
    var totalLeft: Double?
    /// By the names of the logs, in their order.
    var names: [String] = []
    var training: [String: Curve] = [:]
    var validation: [String: Curve] = [:]
    /// The time in kernels, by name, and what there is beside it.
    var kernels: [(name: String, fraction: Double)] = []
}

/// A dashboard's lines for a terminal of some size, no longer and no more than that.
struct DashboardFrame {
    /// A piece of a line in one colour.
    typealias Part = (text: String, colour: String)
    typealias Line = [Part]

    private static let bold = "\u{1B}[1m"
    private static let dim = "\u{1B}[2m"
    private static let colours = ["\u{1B}[36m", "\u{1B}[35m"]
    private static let green = "\u{1B}[32m"

    let columns: Int
    let rows: Int

    /// The cursor needs the last row and the last column.
    private var room: Int { max(1, columns - 1) }

    func lines(_ state: DashboardState) -> [Line] {
        var lines = header(state)
        let free = rows - 1 - lines.count
        let kernelCount = free >= 26 ? 6 : free >= 17 ? 4 : free >= 12 ? 2 : 0
        let kernels = kernelLines(state, count: kernelCount)
        lines += charts(state, rows: free - kernels.count)
        lines += kernels
        return lines.prefix(max(1, rows - 1)).map { Self.cut($0, to: room) }
    }

    // MARK: Numbers

    private func header(_ state: DashboardState) -> [Line] {
        var line: Line = [("Epoch \(min(state.epoch + 1, state.epochs))/\(state.epochs)", Self.bold)]
        let done: Double
        if let steps = state.steps, steps > 0 {
            line.append(("  \(state.step)/\(steps)", ""))
            done = Double(state.step) / Double(steps)
        } else {
            line.append(("  step \(state.step)", ""))
            done = 0
        }
        if state.isValidating { line.append(("  validating", Self.colours[1])) }
        var facts: [String] = []
        if state.secondsPerStep > 0 { facts.append(Formatting.stepTime(state.secondsPerStep)) }
        if let rate = state.samplesPerSecond, rate.isFinite {
            facts.append("\(Formatting.grouped(Int(rate.rounded()))) samples/s")
        }
        if state.isFinal {
            facts.append("took \(Formatting.remainingTime(state.elapsed))")
        } else {
            if let left = state.epochLeft { facts.append("epoch \(Formatting.remainingTime(left)) left") }
            if let left = state.totalLeft, state.epochs > 1 {
                facts.append("all \(Formatting.remainingTime(left)) left")
            }
        }
        // What has no room is left out, from the right.
        var second: Line = []
        for fact in facts {
            let separator = second.isEmpty ? "" : " · "
            guard Self.width(second) + separator.count + fact.count <= room else { break }
            second.append((separator + fact, ""))
        }
        let barWidth = max(0, room - Self.width(line) - 2)
        if barWidth >= 5, state.steps != nil {
            let filled = min(barWidth, Int(Double(barWidth) * done))
            line.append(("  ", ""))
            line.append((String(repeating: "━", count: filled), Self.green))
            line.append((String(repeating: "─", count: barWidth - filled), Self.dim))
        }
        return second.isEmpty ? [line] : [line, second]
    }

    // MARK: Curves

    private static let leastChartRows = 5
    private static let leastChartColumns = 27

    private func charts(_ state: DashboardState, rows: Int) -> [Line] {
        guard rows >= Self.leastChartRows, !state.names.isEmpty else { return scores(state, rows: rows) }
        let across = min(state.names.count, max(1, min(3, (room + 2) / (Self.leastChartColumns + 2))))
        let most = max(1, rows / 8)
        let down = min(most, (state.names.count + across - 1) / across)
        let names = state.names.prefix(across * down)
        let width = (room - 2 * (across - 1)) / across
        let height = min(20, rows / down)
        var lines: [Line] = []
        for row in 0..<down {
            let charts = names.dropFirst(row * across).prefix(across).map {
                chart($0, state, width: width, rows: height)
            }
            for index in 0..<height {
                var line: Line = []
                for (number, chart) in charts.enumerated() {
                    if number > 0 { line.append(("  ", "")) }
                    line += Self.padded(chart[index], to: width)
                }
                lines.append(line)
            }
        }
        return lines
    }

    /// Where curves have no room, the numbers alone.
    private func scores(_ state: DashboardState, rows: Int) -> [Line] {
        guard rows > 0 else { return [] }
        return [
            state.names.flatMap { name -> Line in
                let value = state.training[name]?.latest.map { Formatting.score($0) } ?? "-"
                return [("\(name): ", Self.dim), (value + "  ", "")]
            }
        ]
    }

    private func chart(_ name: String, _ state: DashboardState, width: Int, rows: Int) -> [Line] {
        let curves = [state.training[name], state.validation[name]].map { $0?.points ?? [] }
        var title: Line = [(name, Self.bold)]
        for (index, curve) in [state.training[name], state.validation[name]].enumerated() {
            guard let latest = curve?.latest else { continue }
            title.append(((index == 0 ? " " : "  val ") + Formatting.score(latest), Self.colours[index]))
        }
        let finite = curves.joined().filter { $0.y.isDrawable }
        let (low, high) = (finite.map { $0.y }.min() ?? 0, finite.map { $0.y }.max() ?? 1)
        let range = high > low ? low...high : Ticks.range(of: [low])
        let labels = (Self.label(range.upperBound), Self.label(range.lowerBound))
        let margin = max(labels.0.count, labels.1.count)
        let plotRows = rows - 2
        var canvas = BrailleCanvas(columns: max(1, width - margin - 1), rows: plotRows)
        let xs = curves.joined().map { $0.x }
        // An epoch that has just begun does not fill the width.
        let first = xs.min() ?? 0
        let last = max(xs.max() ?? 1, state.epochs == 1 ? 1 : first + 1)
        func place(_ point: (x: Double, y: Double)) -> (x: Int, y: Int) {
            let x = last > first ? (point.x - first) / (last - first) : 0
            let y = (point.y - range.lowerBound) / (range.upperBound - range.lowerBound)
            return (
                Int((x * Double(canvas.width - 1)).rounded()),
                Int(((1 - y) * Double(canvas.height - 1)).rounded())
            )
        }
        for (series, points) in curves.enumerated() {
            var previous: (x: Int, y: Int)?
            for point in points {
                guard point.y.isDrawable else {
                    previous = nil
                    continue
                }
                let here = place(point)
                let from = previous ?? here
                canvas.line(from.x, from.y, here.x, here.y, series: series)
                previous = here
            }
        }
        var lines: [Line] = [Self.cut(title, to: width)]
        for row in 0..<plotRows {
            let label = row == 0 ? labels.0 : row == plotRows - 1 ? labels.1 : ""
            let padding = String(repeating: " ", count: margin - label.count)
            lines.append(
                [(padding + label, Self.dim), ("│", Self.dim)]
                    + canvas.row(row).map { ($0.text, Self.colours[$0.series]) })
        }
        let (begin, end) = (Formatting.string("%.4g", first), Formatting.string("%.4g", last))
        let axis = String(repeating: " ", count: margin) + "└" + begin
        let rest = max(1, width - axis.count - end.count)
        lines.append([(axis + String(repeating: "─", count: rest) + end, Self.dim)])
        return lines
    }

    private static func label(_ value: Double) -> String {
        abs(value) >= 1e5 || (abs(value) < 1e-3 && value != 0)
            ? Formatting.string("%.1e", value) : Formatting.string("%.*f", abs(value) >= 100 ? 0 : 3, value)
    }

    // MARK: Kernels

    private func kernelLines(_ state: DashboardState, count: Int) -> [Line] {
        guard count > 0, !state.kernels.isEmpty else { return [] }
        let nameWidth = min(52, max(16, room - 30))
        let barWidth = max(0, min(40, room - nameWidth - 8))
        var lines: [Line] = [[("Kernels' share of the time", Self.dim)]]
        for kernel in state.kernels.prefix(count) {
            let name = kernel.name.count > nameWidth ? kernel.name.prefix(nameWidth - 1) + "…" : kernel.name
            let filled = Int((Double(barWidth) * min(1, kernel.fraction)).rounded())
            lines.append(
                [
                    (name + String(repeating: " ", count: nameWidth - name.count), ""),
                    (Formatting.string(" %5.1f%% ", kernel.fraction * 100), Self.bold),
                    (String(repeating: "▇", count: filled), Self.green),
                ])
        }
        return lines
    }

    // MARK: Lines

    static func width(_ line: Line) -> Int { line.reduce(0) { $0 + $1.text.count } }

    static func cut(_ line: Line, to width: Int) -> Line {
        var room = width
        return line.map { part in
            let text = String(part.text.prefix(room))
            room -= text.count
            return (text, part.colour)
        }.filter { !$0.text.isEmpty }
    }

    private static func padded(_ line: Line, to width: Int) -> Line {
        let line = cut(line, to: width)
        return line + [(String(repeating: " ", count: width - Self.width(line)), "")]
    }

    static func text(_ line: Line) -> String {
        line.map { $0.colour.isEmpty ? $0.text : "\($0.colour)\($0.text)\u{1B}[0m" }.joined()
    }
}
