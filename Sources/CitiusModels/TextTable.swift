/// A table drawn with lines, as Keras draws its summaries. The third column, of numbers, ends on its right.
///
/// A cell breaks at spaces where it is longer than its column; a word that is longer yet widens the column. (Keras
/// cuts it off.)
struct TextTable {
    private let header: [String]
    private var widths: [Int]
    /// Of each row, each cell's lines.
    private var rows: [[[String]]] = []

    init(_ header: [String], widths: [Int]) {
        self.header = header
        self.widths = widths
    }

    mutating func add(_ row: [String]) {
        let cells = zip(row, widths).map { Self.broken($0, at: $1) }
        rows.append(cells)
        for (column, lines) in cells.enumerated() {
            widths[column] = max(widths[column], lines.map { $0.count }.max() ?? 0)
        }
    }

    private static func broken(_ text: String, at width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }

    var lines: [String] {
        var lines = [rule("┏", "┳", "┓", "━"), line(header, "┃"), rule("┡", "╇", "┩", "━")]
        for (number, cells) in rows.enumerated() {
            if number > 0 { lines.append(rule("├", "┼", "┤", "─")) }
            for index in 0..<(cells.map { $0.count }.max() ?? 0) {
                lines.append(line(cells.map { index < $0.count ? $0[index] : "" }, "│"))
            }
        }
        return lines + [rule("└", "┴", "┘", "─")]
    }

    private func line(_ cells: [String], _ bar: String) -> String {
        let padded = zip(cells, widths).enumerated().map { column, cell in
            let padding = String(repeating: " ", count: cell.1 - cell.0.count)
            return column == 2 ? padding + cell.0 : cell.0 + padding
        }
        return "\(bar) " + padded.joined(separator: " \(bar) ") + " \(bar)"
    }

    private func rule(_ left: String, _ middle: String, _ right: String, _ dash: String) -> String {
        left + widths.map { String(repeating: dash, count: $0 + 2) }.joined(separator: middle) + right
    }
}
