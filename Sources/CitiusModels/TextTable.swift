/// A table drawn with lines, as Keras draws its summaries. The third column, of numbers, ends on its right.
///
/// Columns are as wide as their cells. Where the table would exceed its width, cells of some columns break at spaces, one
/// column after the other; spaces in front of a cell stay. Whatever has no room even so makes the table wider. (Keras cuts it off.)
struct TextTable {
    /// Row by row, the header first.
    private var rows: [[String]]
    private let leastWidths: [Int]
    private let breakingColumns: [Int]

    /// - Parameters:
    ///   - leastWidths: what the columns take where there is room, however short their cells.
    ///   - breakingColumns: those whose cells may break, the first to do so first.
    init(_ header: [String], leastWidths: [Int], breakingColumns: [Int]) {
        rows = [header]
        self.leastWidths = leastWidths
        self.breakingColumns = breakingColumns
    }

    mutating func add(_ row: [String]) { rows.append(row) }

    /// The table's lines, in so many columns of characters if that can be.
    func lines(width: Int) -> [String] {
        let widths = widths(within: width)
        var lines = [
            rule("┏", "┳", "┓", "━", widths), line(rows[0], "┃", widths), rule("┡", "╇", "┩", "━", widths),
        ]
        for (number, row) in rows.dropFirst().enumerated() {
            if number > 0 { lines.append(rule("├", "┼", "┤", "─", widths)) }
            let cells = zip(row, widths).map { Self.broken($0, at: $1) }
            for index in 0..<(cells.map { $0.count }.max() ?? 0) {
                lines.append(line(cells.map { index < $0.count ? $0[index] : "" }, "│", widths))
            }
        }
        return lines + [rule("└", "┴", "┘", "─", widths)]
    }

    private func widths(within width: Int) -> [Int] {
        let columns = leastWidths.indices
        var widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
        // Each column has a blank on either side and a line before it; the last line ends the table.
        var room = width - 1 - widths.reduce(0) { $0 + $1 + 3 }
        for column in breakingColumns where room < 0 {
            let words = rows.flatMap { row in
                row[column].split(separator: " ").map { Self.indentation(of: row[column]).count + $0.count }
            }
            let longest = max(rows[0][column].count, words.max() ?? 0)
            let broken = max(widths[column] + room, longest)
            room += widths[column] - broken
            widths[column] = broken
        }
        for column in columns where room > 0 {
            let padding = min(room, max(0, leastWidths[column] - widths[column]))
            room -= padding
            widths[column] += padding
        }
        return widths
    }

    private static func broken(_ text: String, at width: Int) -> [String] {
        var lines: [String] = []
        let indentation = indentation(of: text)
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(indentation + word)
            }
        }
        return lines
    }

    private static func indentation(of text: String) -> String { String(text.prefix { $0 == " " }) }

    private func line(_ cells: [String], _ bar: String, _ widths: [Int]) -> String {
        let padded = zip(cells, widths).enumerated().map { column, cell in
            let padding = String(repeating: " ", count: cell.1 - cell.0.count)
            return column == 2 ? padding + cell.0 : cell.0 + padding
        }
        return "\(bar) " + padded.joined(separator: " \(bar) ") + " \(bar)"
    }

    private func rule(_ left: String, _ middle: String, _ right: String, _ dash: String, _ widths: [Int])
        -> String
    {
        left + widths.map { String(repeating: dash, count: $0 + 2) }.joined(separator: middle) + right
    }
}
