import CitiusData
import CitiusPlatform

extension ConfusionMatrix {
    /// Writes the matrix as an SVG file: a row for each true class, a column for each predicted one, the darker the larger
    /// its fraction of the row.
    ///
    /// - Throws: a `DataError` if the file cannot be written.
    public func plot(to path: String) throws(DataError) { try SVG.write(picture(), to: path) }

    /// The matrix as the text of an SVG file; see `plot(to:)`.
    public func picture() -> String {
        let names = classNames
        let count = names.count
        let counts = self.counts.elements(as: Double.self)
        let fractions = self.fractions.elements(as: Double.self)
        let total = counts.reduce(0, +)
        let cell = count <= 12 ? 46.0 : count <= 25 ? 34.0 : max(6, 850 / Double(count))
        // Where cells are small, only some classes are named.
        let labelled = stride(from: 0, to: count, by: max(1, Int((14 / cell).rounded(.up))))
        let labelRoom = min(130, labelled.map { SVG.width(of: names[$0]) }.max() ?? 0)
        // Columns' names stand upright where they are longer than the columns are wide.
        let turnsNames = labelRoom > cell - 6
        let (left, top) = (44 + labelRoom, 70.0)
        let side = cell * Double(count)
        var svg = SVG()
        svg.text("Confusion matrix", 16, 26, class: "b", size: 14)
        let accuracy = Formatting.string("accuracy %.4f", result)
        svg.text("\(accuracy), \(Self.number(total)) samples", 16, 46, class: "m")
        for row in 0..<count {
            for column in 0..<count {
                let (x, y) = (left + Double(column) * cell, top + Double(row) * cell)
                let fraction = fractions[row * count + column]
                svg.rectangle(
                    x, y, cell, cell, class: "cell", opacity: fraction == 0 ? 0 : 0.06 + 0.9 * fraction)
                guard count <= 25 else { continue }
                let text = Self.number(counts[row * count + column])
                let size = min(12, 12 * (cell - 6) / max(1, SVG.width(of: text)))
                svg.text(
                    text, x + cell / 2, y + cell / 2 + size * 0.36,
                    class: fraction > 0.5 ? "on" : counts[row * count + column] == 0 ? "m" : "t",
                    anchor: .middle,
                    size: size)
            }
        }
        for line in 0...count where count <= 60 || line == 0 || line == count {
            let offset = Double(line) * cell
            svg.line(left, top + offset, left + side, top + offset, class: "grid")
            svg.line(left + offset, top, left + offset, top + side, class: "grid")
        }
        for index in labelled {
            let (center, name) = ((Double(index) + 0.5) * cell, SVG.cut(names[index], to: 130))
            svg.text(name, left - 8, top + center + 4, anchor: .end, fullText: names[index])
            if turnsNames {
                svg.text(
                    name, left + center + 4, top + side + 10, anchor: .end, turned: -90,
                    fullText: names[index])
            } else {
                svg.text(name, left + center, top + side + 18, anchor: .middle, fullText: names[index])
            }
        }
        let below = turnsNames ? labelRoom + 14 : 22
        svg.text("predicted", left + side / 2, top + side + below + 16, class: "m", anchor: .middle)
        svg.text("true", 22, top + side / 2, class: "m", anchor: .middle, turned: -90)
        return svg.document(width: max(left + side + 24, 260), height: top + side + below + 32)
    }

    /// Whole numbers as such.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15
            ? "\(Int(value))" : Formatting.string("%.1f", value)
    }
}
