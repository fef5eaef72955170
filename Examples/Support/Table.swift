/// A table of text: columns as wide as their widest cell, numbers to the right.
public struct Table {
    private var rows: [[String]]
    private let rightAligned: Set<Int>

    /// - Parameters:
    ///   - header: the first row; nil for a table without one.
    ///   - rightAligned: the columns to align at the right.
    public init(header: [String]? = nil, rightAligned: Set<Int> = []) {
        rows = header.map { [$0] } ?? []
        self.rightAligned = rightAligned
    }

    public mutating func add(_ row: [String]) { rows.append(row) }

    public var description: String {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return rightAligned.contains(column) ? padding + cell : cell + padding
            }
            var line = "  " + cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}

/// A number with a fixed count of decimals.
public func fixed(_ number: Double, decimals: Int) -> String {
    guard number.isFinite else { return "\(number)" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (number.magnitude * scale).rounded()
    guard scaled < 1e15 else { return "\(number)" }
    let whole = Int(scaled / scale)
    let rest = String(Int(scaled) - whole * Int(scale))
    let sign = number < 0 && scaled > 0 ? "-" : ""
    if decimals == 0 { return sign + String(whole) }
    return sign + "\(whole)." + String(repeating: "0", count: decimals - rest.count) + rest
}

/// The mean of some numbers, and their standard deviation if there are several: `87.31 ± 0.42`.
public func meanAndDeviation(_ numbers: [Double], decimals: Int) -> String {
    let mean = numbers.reduce(0, +) / Double(max(1, numbers.count))
    guard numbers.count > 1 else { return fixed(mean, decimals: decimals) }
    let squares = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(numbers.count - 1)).squareRoot()
    return fixed(mean, decimals: decimals) + " ± " + fixed(deviation, decimals: decimals)
}
