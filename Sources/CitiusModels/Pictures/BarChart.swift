import CitiusData
import CitiusPlatform

/// Bars, one below the other, each with an interval that its value may lie in.
///
/// ```swift
/// let chart = BarChart(
///     title: "times as fast", bars: [.init(name: "one cycle", value: 1.8, interval: 1.5...2.1)], reference: 1)
/// try chart.plot(to: "study.svg")
/// ```
public struct BarChart: Sendable {
    /// A bar. One whose value is no finite number has none.
    public struct Bar: Sendable {
        public let name: String
        public let value: Double
        public let interval: ClosedRange<Double>?

        public init(name: String, value: Double, interval: ClosedRange<Double>? = nil) {
            (self.name, self.value, self.interval) = (name, value, interval)
        }
    }

    public let title: String
    public let bars: [Bar]
    /// A value that a line marks.
    public let reference: Double?
    /// In pixels.
    public let width: Double

    /// Traps if the width is below 300 pixels.
    public init(title: String, bars: [Bar], reference: Double? = nil, width: Double = 640) {
        require(width >= 300, "BarChart: \(width) pixels wide, expected at least 300")
        (self.title, self.bars, self.reference, self.width) = (title, bars, reference, width)
    }

    /// Writes the chart as an SVG file, light or dark as the reader's pages are. The file appears when it is whole.
    ///
    /// - Throws: a `DataError` if the file cannot be written.
    public func plot(to path: String) throws(DataError) { try SVG.write(picture(), to: path) }

    /// The chart as the text of an SVG file; see `plot(to:)`.
    public func picture() -> String {
        var svg = SVG()
        let (top, pitch, right) = (44.0, 22.0, width - 24)
        let bottom = top + pitch * Double(bars.count)
        let room = width * 0.4
        let left = 26 + min(room, bars.map { SVG.width(of: $0.name) }.max() ?? 0)
        let numbers = bars.flatMap { [$0.value, $0.interval?.upperBound ?? 0, $0.interval?.lowerBound ?? 0] }
            .filter { $0.isFinite && abs($0) < 1e15 }
        let (low, high) = (min(0, numbers.min() ?? 0), max(numbers.max() ?? 1, reference ?? 0, 1e-9))
        func x(_ value: Double) -> Double {
            left + (min(max(value, low), high) - low) / (high - low) * (right - left)
        }
        svg.text(SVG.cut(title, to: width - 32, size: 14), 16, 26, class: "b", size: 14, fullText: title)
        let ticks = Ticks(from: low, to: high, count: 6)
        for number in ticks.numbers {
            svg.line(x(number), top, x(number), bottom, class: "grid")
            svg.text(ticks.text(number), x(number), bottom + 17, class: "m", anchor: .middle, size: 11)
        }
        for (index, bar) in bars.enumerated() {
            let y = top + pitch * Double(index)
            svg.text(SVG.cut(bar.name, to: room), left - 8, y + 15, anchor: .end, fullText: bar.name)
            guard bar.value.isFinite else { continue }
            svg.rectangle(
                min(x(0), x(bar.value)), y + 5, abs(x(bar.value) - x(0)), pitch - 10, class: "d0",
                opacity: 0.55)
            if let interval = bar.interval {
                let (a, b) = (x(interval.lowerBound), x(interval.upperBound))
                svg.line(a, y + pitch / 2, b, y + pitch / 2, class: "s1")
                for end in [a, b] { svg.line(end, y + 7, end, y + pitch - 7, class: "s1") }
            }
        }
        if let reference { svg.line(x(reference), top - 4, x(reference), bottom, class: "s1 dashed") }
        svg.line(left, bottom, right, bottom, class: "axis")
        return svg.document(width: width, height: bottom + 28)
    }
}
