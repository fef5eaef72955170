import Testing

@testable import CitiusModels

/// Each expectation is what Keras's `Progbar` shows of the same calls.
@Suite struct ProgbarTests {
    private final class Screen {
        var time = 0.0
        var text = ""
    }

    private func bar(
        _ target: Int?, _ screen: Screen, _ verbosity: Verbosity = .bar, stateful: Set<String> = [],
        width: Int = 10, unit: String = "step", interval: Double = 0
    ) -> Progbar {
        Progbar(
            target, statefulMetrics: stateful,
            bar: ProgressBar(
                verbosity: verbosity, barWidth: width, interval: interval, unitName: unit,
                terminalWidth: { 80 },
                now: { screen.time }, write: { screen.text += $0 }))
    }

    /// What the pictures say, without colours.
    private func pictures(_ screen: Screen) -> [String] {
        var text = screen.text
        while let escape = text.firstRange(of: #/\u{1B}\[[0-9]*[mKAJ]/#) { text.removeSubrange(escape) }
        return text.split(separator: "\r").map { String($0) }
    }

    @Test func valuesAreAveragedOverTheSteps() {
        let screen = Screen()
        let progress = bar(4, screen, stateful: ["rate"])
        screen.time = 2
        progress.update(1, values: [("loss", 4), ("rate", 0.5)])
        screen.time = 6
        // Two steps at once weigh double.
        progress.update(3, values: [("loss", 1), ("rate", 0.25)])
        screen.time = 8
        progress.add(1, values: [("loss", 7)])
        #expect(
            pictures(screen) == [
                "1/4 ━━━━━━━━━━ 6s 2s/step - loss: 4.0000 - rate: 0.5000",
                "3/4 ━━━━━━━━━━ 2s 2s/step - loss: 2.0000 - rate: 0.2500",
                "4/4 ━━━━━━━━━━ 8s 2s/step - loss: 7.0000 - rate: 0.2500\n",
            ])
    }

    @Test func unknownLengthsAndOtherUnits() {
        let screen = Screen()
        let progress = bar(nil, screen, unit: "sample")
        screen.time = 1
        progress.update(2)
        screen.time = 3
        progress.update(4, values: [("loss", 0.0005)], finalize: true)
        #expect(
            pictures(screen) == [
                "2/Unknown 1s 500ms/sample", "4/Unknown 3s 750ms/sample - loss: 5.0000e-04\n",
            ])
    }

    @Test func picturesKeepTheirDistance() {
        let screen = Screen()
        let progress = bar(10, screen, interval: 1)
        for step in 1...10 {
            screen.time += 0.5
            progress.update(step)
        }
        #expect(pictures(screen).count == 6)
        #expect(pictures(screen).last?.hasPrefix("10/10") == true)
    }
}
