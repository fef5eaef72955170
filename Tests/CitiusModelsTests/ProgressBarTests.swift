import CitiusTensor
import Foundation
import Testing

@testable import CitiusModels

@Suite struct ProgressBarTests {
    /// A clock that goes on by a fixed time for each batch, and what was written.
    final class Screen {
        var time = 100.0
        var text = ""
    }

    private func run(
        _ verbosity: Verbosity, isTerminal: Bool, step: Double = 2, epochs: Int = 1,
        validates: Bool = false
    ) throws -> String {
        let screen = Screen()
        let bar = ProgressBar(
            verbosity: verbosity, terminalWidth: { isTerminal ? 120 : nil }, now: { screen.time },
            write: { screen.text += $0 })
        let model = linearModel(learningRate: 0)
        let clock = LambdaCallback(onTrainBatchBegin: { _ in screen.time += step })
        try model.fit(
            Tensor(zeros: [4, 3]), Tensor(ones: [4, 2]), batchSize: 1, epochs: epochs, verbose: .automatic,
            callbacks: [clock, bar],
            validationData: validates ? linearData(count: 2).prefix(1) : nil)
        return screen.text
    }

    @Test func aLineForEachEpochWhereNobodyWatches() throws {
        #expect(
            try run(.automatic, isTerminal: false, epochs: 2) == """
                Epoch 1/2 - 4/4 - 8s - 2s/step - loss: 1.0000
                Epoch 2/2 - 4/4 - 8s - 2s/step - loss: 1.0000

                """)
        #expect(
            try run(.line, isTerminal: true, step: 0.008)
                == "Epoch 1/1 - 4/4 - 0s - 8ms/step - loss: 1.0000\n")
    }

    @Test func aBarIsRedrawnOnATerminal() throws {
        func line(_ step: Int, done: Int, _ time: String, _ rest: String) -> String {
            "\r\u{1B}[1m\(step)/4\u{1B}[0m \u{1B}[32m" + String(repeating: "━", count: done) + "\u{1B}[0m"
                + (done < 20
                    ? "\u{1B}[37m" + String(repeating: "━", count: 20 - done) + "\u{1B}[0m" : "")
                + " \u{1B}[1m\(time)\u{1B}[0m \(rest)"
        }
        let rest = "2s/step - loss: 1.0000"
        #expect(
            try run(.automatic, isTerminal: true) == "Epoch 1/1\n" + line(1, done: 5, "6s", rest)
                + line(2, done: 10, "4s", rest) + line(3, done: 15, "2s", rest)
                + line(4, done: 20, "0s", rest) + line(4, done: 20, "8s", rest) + "\n")
    }

    @Test func itIsRedrawnNoMoreThanTwentyTimesASecond() throws {
        // Four steps of 20 ms: drawn at 20, not at 40 and 60, at 80, and at the end.
        let text = try run(.bar, isTerminal: true, step: 0.02)
        #expect(text.split(separator: "\r").dropFirst().count == 3)
    }

    @Test func aBarThatCannotBeRedrawnIsDrawnOnce() throws {
        #expect(
            try run(.bar, isTerminal: false)
                == "Epoch 1/1\n4/4 ━━━━━━━━━━━━━━━━━━━━ 8s 2s/step - loss: 1.0000\n")
    }

    @Test func theValidationJoinsTheEpochsLine() throws {
        let text = try run(.line, isTerminal: false, validates: true)
        #expect(text.hasPrefix("Epoch 1/1 - 4/4 - 8s - 2s/step - loss: 1.0000 - val_loss: "))
        #expect(text.split(separator: "\n").count == 1)
    }

    // MARK: Widths

    /// What a terminal that wraps and reflows shows after the text: its rows, and how many were ever begun.
    private struct Terminal {
        var columns: Int
        /// Logical lines; each takes as many rows as it needs.
        private(set) var lines: [[Character]] = [[]]
        private var column = 0

        init(columns: Int) { self.columns = columns }

        var rows: Int { lines.reduce(0) { $0 + max(1, ($1.count + columns - 1) / columns) } }

        mutating func show(_ text: String) {
            var rest = Substring(text)
            while let character = rest.popFirst() {
                switch character {
                case "\n":
                    lines.append([])
                    column = 0
                // The start of the row: of the last one, where the line takes several.
                case "\r": column = column / columns * columns
                case "\u{1B}":
                    rest.removeFirst()
                    let number = rest.prefix { $0.isNumber }
                    rest.removeFirst(number.count)
                    switch rest.removeFirst() {
                    case "A": column -= columns * (Int(number) ?? 1)
                    case "J", "K": lines[lines.count - 1].removeSubrange(column...)
                    default: break
                    }
                default:
                    let last = lines.count - 1
                    if column < lines[last].count {
                        lines[last][column] = character
                    } else {
                        lines[last].append(character)
                    }
                    column += 1
                }
            }
        }
    }

    /// Trains for 8 steps with four scores in a terminal that has another width at each.
    private func rows(ofWidths widths: [Int]) throws -> [(columns: Int, rows: Int, line: String)] {
        let screen = Screen()
        var terminal = Terminal(columns: widths[0])
        var columns = widths[0]
        var shown: [(columns: Int, rows: Int, line: String)] = []
        let bar = ProgressBar(
            verbosity: .bar, terminalWidth: { columns }, now: { screen.time },
            write: { text in
                terminal.columns = columns
                terminal.show(text)
                let line = terminal.lines.last { !$0.isEmpty } ?? []
                shown.append((columns, terminal.rows, String(line)))
            })
        let model = classifier()
        let clock = LambdaCallback(onTrainBatchBegin: { batch in
            screen.time += 2
            columns = widths[batch % widths.count]
        })
        try model.fit(twoClasses(count: 8), batchSize: 1, verbose: .automatic, callbacks: [clock, bar])
        return shown.filter { $0.line.contains("loss") }
    }

    @Test(arguments: [10, 20, 25, 30, 40, 50, 60, 70, 80, 200])
    func theLineFitsTheTerminal(_ columns: Int) throws {
        let pictures = try rows(ofWidths: [columns])
        #expect(pictures.count >= (columns < 25 ? 0 : 8))
        for picture in pictures.dropLast() {
            #expect(picture.line.count < columns && picture.rows == 2, "\(picture)")
            #expect(picture.line.contains("━") == (columns >= 50), "\(picture)")
            #expect(picture.line.contains("accuracy") == (columns >= 50), "\(picture)")
        }
    }

    /// Widths that shrink, jump and grow: a picture takes its row alone, and none is left behind.
    @Test func aWindowThatChangesItsWidthIsNotFlooded() throws {
        for widths in [[100, 60, 40, 30], [40, 100, 33], [90, 45, 91, 30, 70]] {
            let pictures = try rows(ofWidths: widths)
            #expect(pictures.count >= 8)
            for picture in pictures.dropLast() { #expect(picture.rows == 2, "\(widths): \(picture)") }
        }
    }

    @Test func theLastPictureKeepsItsScores() throws {
        let last = try #require(rows(ofWidths: [30]).last)
        #expect(last.line.contains("loss") && last.line.contains("accuracy"))
    }

    /// What a program printed into a pipe is there when it is killed while it trains.
    @Test func whatWasPrintedBeforeOutlivesAKill() async {
        let result = await #expect(
            processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
        ) {
            print("printed before")
            let kill = LambdaCallback(onTrainBatchBegin: { _ in raise(SIGKILL) })
            try linearModel().fit(linearData(count: 2), verbose: .line, callbacks: [kill])
        }
        let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        #expect(output.contains("printed before"))
    }

    @Test func silenceIsSilent() throws {
        #expect(try run(.silent, isTerminal: true).isEmpty)
    }

    @Test func evaluationAndPredictionHaveTheirOwn() throws {
        let screen = Screen()
        let bar = ProgressBar(
            verbosity: .bar, terminalWidth: { nil }, now: { screen.time }, write: { screen.text += $0 })
        let model = linearModel()
        model.weights = model.weights.map { $0 * 0 }
        _ = try model.evaluate(Tensor(zeros: [4, 3]), Tensor(ones: [4, 2]), batchSize: 2, callbacks: [bar])
        _ = try model.predict(Tensor(zeros: [4, 3]), batchSize: 2, verbose: .bar, callbacks: [bar])
        #expect(
            screen.text == """
                2/2 ━━━━━━━━━━━━━━━━━━━━ 0s 0s/step - loss: 1.0000
                2/2 ━━━━━━━━━━━━━━━━━━━━ 0s 0s/step

                """)
    }

    @Test func numbersAreKeras() {
        #expect(Formatting.score(0.81234) == "0.8123")
        #expect(Formatting.score(0.00012345) == "1.2345e-04")
        #expect(Formatting.score(0) == "0.0000")
        #expect(Formatting.score(.nan) == "nan" && Formatting.score(-Double.nan) == "nan")
        #expect(Formatting.score(-.infinity) == "-inf")
        #expect(Formatting.stepTime(0.0084) == "8ms/step")
        #expect(Formatting.stepTime(0.00042) == "420us/step")
        #expect(Formatting.stepTime(3.4) == "3s/step")
        #expect(Formatting.remainingTime(59.9) == "59s")
        #expect(Formatting.remainingTime(61) == "1:01")
        #expect(Formatting.remainingTime(3_729) == "1:02:09")
    }
}
