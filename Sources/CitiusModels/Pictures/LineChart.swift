import CitiusData
import CitiusPlatform

/// Curves over whole numbers, such as epochs or years, and what lies between them: axes, a grid, a legend.
///
/// ```swift
/// let chart = LineChart(
///     title: "temperature, °C", horizontalTitle: "hour",
///     series: [
///         .init(name: "measured", points: [(0, 11.5), (1, 11.1), (2, 10.8)]),
///         .init(name: "forecast", points: [(2, 10.8), (3, 10.5)], isDashed: true),
///     ])
/// try chart.plot(to: "temperature.svg")
/// ```
public struct LineChart: Sendable {
    /// A curve. It is broken where y is no finite number.
    public struct Series: Sendable {
        public let name: String
        /// From left to right.
        public let points: [(x: Double, y: Double)]
        public var isDashed: Bool

        public init(name: String, points: [(x: Double, y: Double)], isDashed: Bool = false) {
            (self.name, self.points, self.isDashed) = (name, points, isDashed)
        }
    }

    public let title: String
    public let horizontalTitle: String
    public let series: [Series]
    /// In pixels, as the height.
    public let width: Double
    public let height: Double

    /// Traps if the width is below 200 or the height below 120.
    public init(
        title: String, horizontalTitle: String, series: [Series], width: Double = 440, height: Double = 300
    ) {
        require(
            width >= 200 && height >= 120,
            "LineChart: \(width) × \(height) pixels, expected at least 200 × 120")
        (self.title, self.horizontalTitle, self.series) = (title, horizontalTitle, series)
        (self.width, self.height) = (width, height)
    }

    /// Writes the chart as an SVG file, light or dark as the reader's pages are. The file appears when it is whole.
    ///
    /// - Throws: a `DataError` if the file cannot be written.
    public func plot(to path: String) throws(DataError) { try SVG.write(picture(), to: path) }

    /// The chart as the text of an SVG file; see `plot(to:)`.
    public func picture() -> String { drawn().document(width: width, height: height) }

    func drawn() -> SVG {
        var svg = SVG()
        let finite = series.flatMap { $0.points }.filter { $0.y.isDrawable }
        let xs = series.flatMap { $0.points.map { $0.x } }
        let range = Ticks.range(of: finite.map { $0.y })
        let ticks = Ticks(from: range.lowerBound, to: range.upperBound, count: 6)
        let labels = ticks.numbers.map { ticks.text($0) }
        let left = 26 + (labels.map { SVG.width(of: $0, size: 11) }.max() ?? 0)
        let notes = notes
        let (right, bottom) = (width - 16, height - 40)
        let top = 44.0 + 14 * Double(notes.count)
        let (first, last) = (xs.min() ?? 0, xs.max() ?? 1)
        func x(_ value: Double) -> Double {
            last > first ? left + (value - first) / (last - first) * (right - left) : (left + right) / 2
        }
        func y(_ value: Double) -> Double {
            bottom - (value - range.lowerBound) / (range.upperBound - range.lowerBound) * (bottom - top)
        }
        for (number, label) in zip(ticks.numbers, labels) {
            svg.line(left, y(number), right, y(number), class: "grid")
            svg.text(label, left - 6, y(number) + 4, class: "m", anchor: .end, size: 11)
        }
        for number in Ticks(from: first, to: last, count: 8, whole: true).numbers {
            svg.line(x(number), bottom, x(number), bottom + 4, class: "axis")
            svg.text("\(Int(number))", x(number), bottom + 17, class: "m", anchor: .middle, size: 11)
        }
        svg.line(left, bottom, right, bottom, class: "axis")
        svg.text(horizontalTitle, (left + right) / 2, bottom + 33, class: "m", anchor: .middle, size: 11)
        drawLegend(&svg, left: left, right: right)
        for (index, series) in series.enumerated() {
            draw(series, "\(index % SVG.colourCount)", &svg, x, y)
        }
        for (index, note) in notes.enumerated() {
            svg.text(
                SVG.cut(note, to: width - 48, size: 11), 16, 42 + Double(index) * 14, class: "m",
                size: 11)
        }
        return svg
    }

    /// The title, and behind it what the curves are; a curve alone is named by the title.
    private func drawLegend(_ svg: inout SVG, left: Double, right: Double) {
        var x = right
        if series.count > 1 {
            for (index, series) in series.enumerated().reversed() {
                let name = SVG.cut(series.name, to: 110, size: 11)
                x -= SVG.width(of: name, size: 11)
                svg.text(name, x, 26, class: "m", size: 11, fullText: series.name)
                x -= 6
                svg.line(
                    x - 22, 22, x, 22,
                    class: "s\(index % SVG.colourCount)" + (series.isDashed ? " dashed" : ""))
                x -= 22 + 14
            }
        }
        svg.text(
            SVG.cut(title, to: x - 16, size: 14), 16, 26, class: "b", size: 14, fullText: title)
    }

    /// The curve in pieces, since it has none where there is no number; a dot for each point where there are few.
    private func draw(
        _ series: Series, _ colour: String, _ svg: inout SVG, _ x: (Double) -> Double, _ y: (Double) -> Double
    ) {
        var pieces: [[(x: Double, y: Double)]] = [[]]
        for point in series.points {
            if point.y.isDrawable {
                pieces[pieces.count - 1].append(point)
            } else if pieces.last?.isEmpty == false {
                pieces.append([])
            }
        }
        for piece in pieces where !piece.isEmpty {
            let commands = piece.enumerated().map { index, point in
                "\(index == 0 ? "M" : "L")\(SVG.number(x(point.x))) \(SVG.number(y(point.y)))"
            }.joined()
            svg.path(commands, class: "s\(colour)" + (series.isDashed ? " dashed" : ""))
            guard series.points.count <= 30 || piece.count == 1 else { continue }
            for point in piece { svg.dot(x(point.x), y(point.y), class: "d\(colour)") }
        }
    }

    /// Where there is no finite number, and whether there is nothing at all.
    private var notes: [String] {
        if series.allSatisfy({ $0.points.isEmpty }) { return ["nothing recorded"] }
        return series.compactMap { series in
            let missing = series.points.filter { !$0.y.isDrawable }
            guard let first = missing.first else { return nil }
            let kind = first.y.isNaN ? "nan" : "infinite"
            let name = self.series.count > 1 ? "\(series.name): " : ""
            return missing.count == 1
                ? "\(name)\(kind) at \(horizontalTitle) \(Int(first.x))"
                : "\(name)\(kind) from \(horizontalTitle) \(Int(first.x)), \(missing.count) in all"
        }
    }
}
