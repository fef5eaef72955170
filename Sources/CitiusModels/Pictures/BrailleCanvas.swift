/// A drawing of dots in characters, 2 across and 4 down in each.
struct BrailleCanvas {
    let columns: Int
    let rows: Int
    /// The dots of each character, and the number of the series that drew in it last.
    private var dots: [UInt8]
    private var owners: [Int]

    init(columns: Int, rows: Int) {
        (self.columns, self.rows) = (columns, rows)
        dots = [UInt8](repeating: 0, count: columns * rows)
        owners = [Int](repeating: 0, count: columns * rows)
    }

    var width: Int { columns * 2 }
    var height: Int { rows * 4 }

    /// Sets a dot, counted from the upper left corner; outside of the canvas nothing.
    mutating func set(_ x: Int, _ y: Int, series: Int) {
        guard (0..<width).contains(x), (0..<height).contains(y) else { return }
        // Unicode's order of the dots in a braille pattern.
        let bits: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]
        let cell = y / 4 * columns + x / 2
        dots[cell] |= bits[y % 4][x % 2]
        owners[cell] = series
    }

    /// A line of dots without gaps.
    mutating func line(_ x1: Int, _ y1: Int, _ x2: Int, _ y2: Int, series: Int) {
        let steps = max(abs(x2 - x1), abs(y2 - y1), 1)
        for step in 0...steps {
            let t = Double(step) / Double(steps)
            set(
                x1 + Int((Double(x2 - x1) * t).rounded()), y1 + Int((Double(y2 - y1) * t).rounded()),
                series: series)
        }
    }

    /// A row of characters, in pieces of one series each.
    func row(_ row: Int) -> [(text: String, series: Int)] {
        var pieces: [(text: String, series: Int)] = []
        for cell in row * columns..<(row + 1) * columns {
            let character = dots[cell] == 0 ? " " : String(UnicodeScalar(0x2800 + UInt32(dots[cell])) ?? " ")
            if let last = pieces.last, last.series == owners[cell] || dots[cell] == 0 {
                pieces[pieces.count - 1].text += character
            } else {
                pieces.append((character, owners[cell]))
            }
        }
        return pieces
    }
}
