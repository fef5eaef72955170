/// Places for boxes that read one another: in rows from top to bottom, so that every box is below what it reads, few
/// edges cross, and boxes stand near what they are joined with.
///
/// After Sugiyama, Tagawa and Toda 1981, doi:10.1109/TSMC.1981.4308636.
struct GraphLayout {
    struct Size {
        var width: Double
        var height: Double
    }

    /// An edge from one box to another, both by number; what is read comes first.
    struct Edge {
        let from: Int
        let to: Int
    }

    /// Where each box begins on the left and at the top.
    private(set) var places: [(x: Double, y: Double)] = []
    /// For each edge, the points at which it passes rows on its way, from top to bottom of each.
    private(set) var ways: [[(x: Double, top: Double, bottom: Double)]] = []
    private(set) var size = Size(width: 0, height: 0)

    private static let gap = 28.0
    private static let rowGap = 34.0

    /// - Parameter edges: from boxes with smaller numbers to boxes with larger ones.
    init(_ boxes: [Size], _ edges: [Edge]) {
        var ranks = [Int](repeating: 0, count: boxes.count)
        for edge in edges.sorted(by: { $0.to < $1.to }) {
            ranks[edge.to] = max(ranks[edge.to], ranks[edge.from] + 1)
        }
        // What reads nothing stands just above its first reader.
        let readers = Dictionary(grouping: edges, by: { $0.from })
        for box in boxes.indices where !edges.contains(where: { $0.to == box }) {
            if let first = readers[box]?.map({ ranks[$0.to] }).min() { ranks[box] = max(0, first - 1) }
        }
        // Places of an edge in the rows that it passes count as narrow boxes.
        var sizes = boxes
        var rankOf = ranks
        var neighbours: [(above: [Int], below: [Int])] = boxes.map { _ in ([], []) }
        var passes: [[Int]] = []
        func join(_ a: Int, _ b: Int) {
            neighbours[a].below.append(b)
            neighbours[b].above.append(a)
        }
        for edge in edges {
            var last = edge.from
            var passed: [Int] = []
            for rank in stride(from: ranks[edge.from] + 1, to: ranks[edge.to], by: 1) {
                sizes.append(Size(width: 8, height: 0))
                rankOf.append(rank)
                neighbours.append(([], []))
                join(last, sizes.count - 1)
                last = sizes.count - 1
                passed.append(last)
            }
            join(last, edge.to)
            passes.append(passed)
        }
        var rows = [[Int]](repeating: [], count: (rankOf.max() ?? -1) + 1)
        for box in sizes.indices { rows[rankOf[box]].append(box) }
        Self.order(&rows, neighbours)
        let centers = Self.centers(of: rows, sizes, neighbours)
        place(rows, sizes, centers, boxes.count, passes)
    }

    /// Sorts each row by the mean place of what its boxes are joined with in the row before, down and up in turn.
    private static func order(_ rows: inout [[Int]], _ neighbours: [(above: [Int], below: [Int])]) {
        var position = [Int](repeating: 0, count: neighbours.count)
        func note(_ row: [Int]) { for (index, box) in row.enumerated() { position[box] = index } }
        rows.forEach(note)
        for sweep in 0..<8 {
            let isDown = sweep % 2 == 0
            for rank in isDown ? Array(rows.indices) : rows.indices.reversed() {
                let keys = rows[rank].map { box -> Double in
                    let joined = isDown ? neighbours[box].above : neighbours[box].below
                    return joined.isEmpty
                        ? Double(position[box])
                        : Double(joined.reduce(0) { $0 + position[$1] }) / Double(joined.count)
                }
                let sorted = rows[rank].indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
                let row = rows[rank]
                rows[rank] = sorted.map { row[$0] }
                note(rows[rank])
            }
        }
    }

    /// The boxes' middles: each as near to the mean of what it is joined with as its neighbours let it.
    private static func centers(
        of rows: [[Int]], _ sizes: [Size], _ neighbours: [(above: [Int], below: [Int])]
    ) -> [Double] {
        var centers = [Double](repeating: 0, count: sizes.count)
        for row in rows {
            var x = -row.reduce(0) { $0 + sizes[$1].width + gap } / 2
            for box in row {
                centers[box] = x + sizes[box].width / 2
                x += sizes[box].width + gap
            }
        }
        for sweep in 0..<12 {
            let isDown = sweep % 2 == 0
            for row in isDown ? rows : rows.reversed() {
                let wanted = row.map { box -> Double in
                    let joined =
                        isDown ? neighbours[box].above : neighbours[box].below
                    return joined.isEmpty
                        ? centers[box] : joined.reduce(0) { $0 + centers[$1] } / Double(joined.count)
                }
                // As far left and as far right as the others let it; what lies halfway keeps the distances too.
                var (fromLeft, fromRight) = (wanted, wanted)
                for index in row.indices.dropFirst() {
                    let least = (sizes[row[index - 1]].width + sizes[row[index]].width) / 2 + gap
                    fromLeft[index] = max(wanted[index], fromLeft[index - 1] + least)
                }
                for index in row.indices.dropLast().reversed() {
                    let least = (sizes[row[index + 1]].width + sizes[row[index]].width) / 2 + gap
                    fromRight[index] = min(wanted[index], fromRight[index + 1] - least)
                }
                for (index, box) in row.enumerated() {
                    centers[box] = (fromLeft[index] + fromRight[index]) / 2
                }
            }
        }
        return centers
    }

    private mutating func place(
        _ rows: [[Int]], _ sizes: [Size], _ centers: [Double], _ count: Int, _ passes: [[Int]]
    ) {
        let left = sizes.indices.map { centers[$0] - sizes[$0].width / 2 }.min() ?? 0
        let right = sizes.indices.map { centers[$0] + sizes[$0].width / 2 }.max() ?? 0
        var spans = [(top: Double, bottom: Double)](repeating: (0, 0), count: sizes.count)
        places = [(x: Double, y: Double)](repeating: (0, 0), count: count)
        var y = 0.0
        for row in rows {
            let height = row.map { sizes[$0].height }.max() ?? 0
            for box in row {
                spans[box] = (y, y + height)
                guard box < count else { continue }
                places[box] = (
                    centers[box] - sizes[box].width / 2 - left, y + (height - sizes[box].height) / 2
                )
            }
            y += height + Self.rowGap
        }
        ways = passes.map { $0.map { (centers[$0] - left, spans[$0].top, spans[$0].bottom) } }
        size = Size(width: right - left, height: max(0, y - Self.rowGap))
    }
}
