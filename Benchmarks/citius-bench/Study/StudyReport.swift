import Citius
import CitiusExampleSupport
import CitiusPlatform

/// What a study found, as a table, as JSON, and as a page with charts.
struct StudyReport: Codable {
    var machine: String
    var commit: String
    var date: String
    var command: String
    var settings: String
    var seeds: Int
    var ranking: [Study.Result]
    var combination: Study.Combination?

    init(_ options: Study.Options, command: String, ranking: [Study.Result], combination: Study.Combination?)
    {
        machine = Self.machine
        commit = Subprocess.output(of: "git", ["rev-parse", "--short", "HEAD"])?.firstLine ?? "unknown"
        date = Subprocess.output(of: "date", ["-u", "+%Y-%m-%d"])?.firstLine ?? "unknown"
        self.command = command
        settings = options.description
        seeds = ranking.first?.runs.count ?? 0
        (self.ranking, self.combination) = (ranking, combination)
    }

    private static var machine: String {
        let model = Subprocess.output(of: "grep", ["-m1", "model name", "/proc/cpuinfo"])?.firstLine
        let name = model?.split(separator: ":").last.map { $0.drop { $0 == " " } }
        return "\(name ?? "unknown processor"), \(Threads.count) threads"
    }

    var json: String {
        let encoder = StudyLog.encoder
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        guard let data = try? encoder.encode(self) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }

    // MARK: Cells

    private static func seconds(_ time: Double) -> String {
        time.isFinite ? fixed(time, decimals: 2) : "never"
    }

    private static func ratio(_ number: Double) -> String {
        number.isNaN ? "–" : number.isFinite ? fixed(number, decimals: 2) + "×" : "∞"
    }

    private static func cells(_ result: Study.Result) -> [String] {
        [
            result.name, ratio(result.ratio), "\(ratio(result.low)) … \(ratio(result.high))",
            fixed(result.signTest, decimals: 3), seconds(result.medianTime), "\(result.missed)",
            percent(result.medianBest), percent(result.medianTest), result.setting.description,
        ]
    }

    private static let header = [
        "technique", "times as fast", "95 % of medians", "sign test p", "s to target", "missed", "validation",
        "test", "best of its trials",
    ]

    private static func percent(_ fraction: Double) -> String {
        fraction.isFinite ? fixed(fraction * 100, decimals: 1) + " %" : "–"
    }

    var table: String {
        var table = Table(header: Self.header, rightAligned: [1, 2, 3, 4, 5, 6, 7])
        for result in ranking { table.add(Self.cells(result)) }
        var text = table.description
        if let combination {
            text += "\n\n  Best combination found: \(combination.result.name): "
            text += Self.ratio(combination.result.ratio)
            text +=
                " (\(Self.ratio(combination.result.low)) … \(Self.ratio(combination.result.high))), "
                + "\(Self.seconds(combination.result.medianTime)) s"
            for (name, rest) in combination.without.sorted(by: { $0.key < $1.key }) {
                text += "\n    without \(name): \(Self.ratio(rest.ratio))"
            }
        } else {
            text += "\n\n  No technique was faster than the baseline."
        }
        return text
    }

    // MARK: The page

    private static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }

    /// - Parameter images: the charts' paths, as the page links them.
    func page(images: (bars: String, curves: String)) -> String {
        var page = """
            # Which technique speeds training up most?

            The question of the document (§2.3), measured: how much sooner each technique brings the document's network to a
            target accuracy on Fashion-MNIST. `citius-bench study` wrote this page.

            - Machine: \(machine)
            - Commit: \(commit), \(date)
            - Command: `\(command)`
            - Settings: \(settings); \(seeds) seeds

            ![How many times as fast as the baseline](\(images.bars))


            """
        page += Self.row(Self.header)
        page += Self.row(Self.header.map { _ in "---" })
        for result in ranking { page += Self.row(Self.cells(result)) }
        page +=
            "\n![Accuracy on validation data against seconds](\(images.curves))\n\n## The best combination\n\n"
        if let combination {
            page +=
                "\(combination.result.name): \(Self.ratio(combination.result.ratio)) as fast as the baseline "
                + "(\(Self.ratio(combination.result.low)) … \(Self.ratio(combination.result.high))).\n"
            if !combination.without.isEmpty {
                page +=
                    "\n" + Self.row(["without", "times as fast as the baseline"]) + Self.row(["---", "---"])
                for (name, rest) in combination.without.sorted(by: { $0.key < $1.key }) {
                    page += Self.row([name, Self.ratio(rest.ratio)])
                }
            }
        } else {
            page += "No technique was faster than the baseline.\n"
        }
        page += """

            ## The techniques

            | technique | in Swift | source, and what it claims |
            | --- | --- | --- |

            """
        for result in ranking { page += Self.row([result.name, "`\(result.swift)`", result.source]) }
        page += """

            ## The rules

            The target is reached on validation data; the test data is only reported. The clock runs from the making of the
            model, counts what a technique prepares, and stands still during evaluations, a few in each epoch. A run that
            does not reach the target took for ever. Every arm has as many trials of learning rate and length as the others,
            on a seed of its own, and a learning rate that is decayed at the end. Arms run in turn, seed by seed, in
            changing order. A ratio is the baseline's time divided by the arm's of the same seed; the table has the median,
            95 % of the medians of resampled seeds, and the two-sided sign test over the seeds.

            """
        return page
    }

    /// How fast, with intervals.
    var bars: BarChart {
        BarChart(
            title: "times as fast to the target as the baseline",
            bars: ranking.map { result in
                let interval = result.low.isFinite && result.high.isFinite ? result.low...result.high : nil
                return .init(name: result.name, value: result.ratio, interval: interval)
            }, reference: 1, width: 720)
    }

    /// Accuracy against seconds, of the median run of the baseline and the best few.
    var curves: LineChart {
        let shown =
            ranking.filter { $0.name == "baseline" } + ranking.filter { $0.name != "baseline" }.prefix(4)
        return LineChart(
            title: "validation accuracy", horizontalTitle: "seconds",
            series: shown.compactMap { result in
                let runs = result.runs.sorted { $0.time < $1.time }
                guard !runs.isEmpty else { return nil }
                return .init(
                    name: result.name, points: runs[runs.count / 2].points.map { ($0.seconds, $0.value) },
                    isDashed: result.name == "baseline")
            }, width: 720, height: 400)
    }
}

extension String {
    fileprivate var firstLine: String? { split(separator: "\n").first.map(String.init) }
}
