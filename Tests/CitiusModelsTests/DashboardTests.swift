import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import Foundation
import Synchronization
import Testing

@testable import CitiusModels

/// The live view, on a terminal that is played here.
@Suite struct DashboardTests {
    /// What a terminal shows of what is written to it: rows of characters, with a cursor.
    private final class Screen {
        var columns: Int
        var rows: Int
        private(set) var lines: [[Character]] = [[]]
        private var row = 0
        private var column = 0
        private(set) var written = ""
        private(set) var faults: [String] = []

        init(columns: Int, rows: Int) { (self.columns, self.rows) = (columns, rows) }

        var text: String {
            lines.map { String($0).trimmingCharacters(of: " ") }.joined(separator: "\n")
        }

        func write(_ text: String) {
            written += text
            var characters = Array(text)[...]
            while let character = characters.popFirst() {
                switch character {
                case "\r": column = 0
                case "\n":
                    row += 1
                    column = 0
                    if row == lines.count { lines.append([]) }
                case "\u{1B}":
                    var number = ""
                    _ = characters.popFirst()
                    while let digit = characters.first, digit.isNumber {
                        number.append(characters.removeFirst())
                    }
                    switch characters.popFirst() {
                    case "A": row -= Int(number) ?? 1
                    case "K": lines[row] = number == "2" ? [] : Array(lines[row].prefix(column))
                    case "J":
                        lines[row] = Array(lines[row].prefix(column))
                        lines.removeSubrange((row + 1)...)
                    default: break
                    }
                    if row < 0 { faults.append("above the first line") }
                    row = max(0, row)
                default:
                    while lines[row].count <= column { lines[row].append(" ") }
                    lines[row][column] = character
                    column += 1
                    if column > columns { faults.append("a line of \(column) characters") }
                }
            }
        }
    }

    private func train(
        _ screen: Screen, epochs: Int = 3, resize: [Int: (Int, Int)] = [:], metrics: [Metric] = [.accuracy]
    ) throws -> (model: Sequential, screens: [String]) {
        let model = Sequential(seed: 1) {
            Input(4)
            Dense(8, activation: .relu)
            Dense(3, activation: .softmax)
        }
        model.compile(
            optimizer: SGD(learningRate: 0.1), loss: .sparseCategoricalCrossentropy, metrics: metrics)
        var random = RandomGenerator(seed: 2)
        let inputs = Tensor(normal: [96, 4], using: &random)
        let labels = Tensor((0..<96).map { Int64($0 % 3) })
        var (time, step) = (0.0, 0)
        let dashboard = Dashboard(
            size: { (screen.columns, screen.rows) },
            now: {
                time += 0.3
                return time
            }, write: { screen.write($0) })
        var screens: [String] = []
        final class Watcher: Callback {
            var onStep: () -> Void = {}
            override func onTrainBatchEnd(_ batch: Int, logs: Scores) { onStep() }
        }
        let watcher = Watcher()
        watcher.onStep = {
            screens.append(screen.text)
            step += 1
            if let (columns, rows) = resize[step] { (screen.columns, screen.rows) = (columns, rows) }
        }
        try model.fit(
            inputs, labels, batchSize: 32, epochs: epochs, verbose: .silent, callbacks: [dashboard, watcher],
            validationSplit: 0.25)
        return (model, screens + [screen.text])
    }

    @Test(arguments: [(80, 24), (60, 20), (200, 50), (40, 10), (20, 5), (6, 2)])
    func fitsTheWindow(_ columns: Int, _ rows: Int) throws {
        let screen = Screen(columns: columns, rows: rows)
        let (_, screens) = try train(screen)
        #expect(screen.faults == [])
        for text in screens {
            let lines = text.split(separator: Character("\n"), omittingEmptySubsequences: false)
            #expect(lines.count <= rows, "\(text)")
            #expect(lines.allSatisfy { $0.count < columns }, "\(text)")
        }
        guard columns >= 40 else { return }
        let last = screens[screens.count - 1]
        #expect(last.hasPrefix("Epoch 3/3  3/3") && last.contains("loss"), "\(last)")
        guard rows >= 20 else { return }
        #expect(last.contains("accuracy") && last.contains("val ") && last.contains("└"), "\(last)")
        #expect(last.contains { ("\u{2801}"..."\u{28FF}").contains($0) }, "\(last)")
        #expect(last.contains("Kernels' share of the time") && last.contains("%"), "\(last)")
        #expect(last.contains("samples/s"), "\(last)")
    }

    /// One picture over the other: what was there before stays, nothing of the last one is left over.
    @Test func picturesTakeEachOthersPlace() throws {
        let screen = Screen(columns: 80, rows: 24)
        screen.write("before\n")
        let (_, screens) = try train(screen)
        for text in screens.dropFirst(2) {
            #expect(text.hasPrefix("before\nEpoch"), "\(text)")
            #expect(text.components(separatedBy: "Epoch").count == 2, "\(text)")
        }
        #expect(screen.faults == [])
    }

    @Test func followsTheWindow() throws {
        let screen = Screen(columns: 80, rows: 24)
        let (_, screens) = try train(screen, epochs: 4, resize: [4: (120, 40), 7: (90, 12)])
        func lines(_ text: String) -> [Substring] { text.split(separator: Character("\n")) }
        func widest(_ text: String) -> Int { lines(text).map { $0.count }.max() ?? 0 }
        #expect(widest(screens[3]) < 80 && (90..<120).contains(widest(screens[6])))
        #expect(lines(screens[6]).count > 24)
        // What stood above the smaller window has left it.
        let last = screens[screens.count - 1].components(separatedBy: "Epoch").last ?? ""
        #expect(lines(last).count <= 12 && widest(last) < 90, "\(last)")
    }

    @Test func oneEpochAndNoNumbers() throws {
        let screen = Screen(columns: 80, rows: 24)
        let broken = Mean(name: "broken") { predictions, _ in predictions * .nan }
        let huge = Mean(name: "huge") { predictions, _ in predictions.cast(to: .float64) * 1e308 }
        let (_, screens) = try train(
            screen, epochs: 1, metrics: [broken, huge, Mean(name: "constant") { p, _ in p * 0 }])
        #expect(screen.faults == [] && screens.last?.contains("nan") == true)
    }

    /// `dashboard: true`, on a terminal of the system's.
    @Test func onARealTerminal() async {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            var (terminal, screen): (Int32, Int32) = (0, 0)
            var size = winsize(ws_row: 20, ws_col: 60, ws_xpixel: 0, ws_ypixel: 0)
            guard openpty(&terminal, &screen, nil, nil, &size) == 0, dup2(screen, STDOUT_FILENO) >= 0 else {
                FileHandle.standardError.write(Data("no terminal".utf8))
                exit(1)
            }
            close(screen)
            let master = terminal
            // Who writes waits for who reads.
            final class Reader: Sendable { let bytes = Mutex<[UInt8]>([]) }
            let reader = Reader()
            let end = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                var buffer = [UInt8](repeating: 0, count: 4096)
                while case let count = read(master, &buffer, buffer.count), count > 0 {
                    reader.bytes.withLock { $0 += buffer[..<count] }
                    if buffer[..<count].contains(0) { break }
                }
                end.signal()
            }
            let model = Sequential(seed: 1) {
                Input(4)
                Dense(3, activation: .softmax)
            }
            model.compile(optimizer: .sgd, loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
            let labels = Tensor((0..<96).map { Int64($0 % 3) })
            try model.fit(
                Tensor(ones: [96, 4]), labels, batchSize: 32, epochs: 2, validationSplit: 0.25,
                dashboard: true)
            var last: UInt8 = 0
            write(STDOUT_FILENO, &last, 1)
            end.wait()
            let text = String(decoding: reader.bytes.withLock { $0 }, as: UTF8.self)
            FileHandle.standardError.write(Data(text.utf8))
            exit(0)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("Epoch 2/2") && text.contains("val"), "\(text)")
        #expect(text.unicodeScalars.contains { (0x2801...0x28FF).contains($0.value) }, "\(text)")
        // The progress bar's, which would write into the same lines.
        #expect(!text.contains("/step - "), "\(text)")
    }

    /// Where there is no terminal, the progress bar does its work.
    @Test func withoutATerminal() {
        let dashboard = Dashboard(size: { nil }, now: { 0 }, write: { _ in Issue.record("it writes") })
        let model = Sequential { Dense(1) }
        #expect(!dashboard.isLive)
        let observers = model.observers([dashboard], RunPlan(kind: .training, verbosity: .line))
        #expect(observers.contains { $0 is ProgressBar })
        let live = Dashboard(size: { (80, 24) }, now: { 0 }, write: { _ in })
        #expect(!model.observers([live], RunPlan(kind: .training)).contains { $0 is ProgressBar })
        #expect(
            model.observers([live], RunPlan(kind: .testing, verbosity: .line)).contains { $0 is ProgressBar })
    }

    @Test func dotsOfALine() {
        var canvas = BrailleCanvas(columns: 2, rows: 1)
        canvas.line(0, 0, 3, 3, series: 0)
        #expect(canvas.row(0).map { $0.text } == ["⠑⢄"])
        canvas.set(9, 9, series: 1)
        canvas.set(3, 0, series: 1)
        #expect(canvas.row(0).map { $0.text } == ["⠑", "⢌"])
    }
}

extension String {
    fileprivate func trimmingCharacters(of character: Character) -> String {
        var text = self
        while text.last == character { text.removeLast() }
        return text
    }
}
