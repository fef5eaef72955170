/// Which rows of a table a lookup read: the distinct ones in ascending order, and of each the places where the lookup
/// put it.
package struct RowGroups: Sendable {
    /// The distinct rows, ascending.
    package let rows: [Int32]
    /// Where each row's places begin in `places`, and where the last one's end.
    private let starts: [Int32]
    /// The places in the lookup's result, row by row, ascending.
    private let places: [Int32]

    /// - Parameters:
    ///   - lookup: the row at each place.
    ///   - count: the number of rows of the table.
    package init(_ lookup: [Int32], of count: Int) {
        var rows: [Int32] = []
        var starts: [Int32] = []
        let places: [Int32]
        if count <= 32 * lookup.count + 4_096 {
            // A counting sort: time and memory grow with the table, which is small enough.
            var ends = [Int32](repeating: 0, count: count)
            for row in lookup { ends[Int(row)] += 1 }
            var sum: Int32 = 0
            for row in 0..<count where ends[row] > 0 {
                rows.append(Int32(row))
                starts.append(sum)
                let length = ends[row]
                ends[row] = sum
                sum += length
            }
            places = [Int32](unsafeUninitializedCapacity: lookup.count) { buffer, initialized in
                for (place, row) in lookup.enumerated() {
                    buffer[Int(ends[Int(row)])] = Int32(place)
                    ends[Int(row)] += 1
                }
                initialized = lookup.count
            }
        } else {
            let order = lookup.enumerated().map { UInt64($1) << 32 | UInt64($0) }.sorted()
            places = order.map { Int32(truncatingIfNeeded: $0 & 0xffff_ffff) }
            for (index, key) in order.enumerated() where rows.last != Int32(key >> 32) {
                rows.append(Int32(key >> 32))
                starts.append(Int32(index))
            }
        }
        starts.append(Int32(lookup.count))
        self.rows = rows
        self.starts = starts
        self.places = places
    }

    /// out[g, :] ← Σ of x[place, :] over the places of row g, in blocks of 64 that are added in pairs.
    ///
    /// - Parameters:
    ///   - x: [places, width].
    ///   - out: [rows, width].
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func sum<T: KernelReal>(
        _ x: UnsafePointer<T>, width: Int, to out: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "sums of rows \(places.count)×\(width)", elements: (places.count + rows.count) * width,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        let grain = max(1, 16_384 / max(1, width * places.count / max(1, rows.count)))
        places.withUnsafeBufferPointer { places in
            starts.withUnsafeBufferPointer { starts in
                ThreadPool.shared.forRanges(of: rows.count, grain: grain) { range in
                    for group in range {
                        let first = Int(starts[group])
                        Self.sum(
                            places.baseAddress! + first, Int(starts[group + 1]) - first, x, width,
                            to: out + group * width)
                    }
                }
            }
        }
    }

    @inline(__always)
    private static func sum<T: KernelReal>(
        _ places: UnsafePointer<Int32>, _ count: Int, _ x: UnsafePointer<T>, _ width: Int,
        to out: UnsafeMutablePointer<T>
    ) {
        let block = 64
        guard count > block else { return sumBlock(places, count, x, width, to: out) }
        let blocks = (count + block - 1) / block
        withUnsafeTemporaryAllocation(of: T.self, capacity: blocks * width) { sums in
            guard let sums = sums.baseAddress else { return }
            for number in 0..<blocks {
                let first = number * block
                sumBlock(places + first, min(block, count - first), x, width, to: sums + number * width)
            }
            addSlots(sums, stride: width, slots: blocks, 0..<width, to: out)
        }
    }

    @inline(__always)
    private static func sumBlock<T: KernelReal>(
        _ places: UnsafePointer<Int32>, _ count: Int, _ x: UnsafePointer<T>, _ width: Int,
        to out: UnsafeMutablePointer<T>
    ) {
        out.update(from: x + Int(places[0]) * width, count: width)
        for index in 1..<max(1, count) {
            let source = x + Int(places[index]) * width
            for column in 0..<width { out[column] += source[column] }
        }
    }
}

/// out[place, :] ← table[rows[place], :]. Rows must be in range.
@specialized(where T == Float)
@specialized(where T == Double)
package func takeRows<T: KernelReal>(
    _ table: UnsafePointer<T>, rows: [Int32], width: Int, to out: UnsafeMutablePointer<T>
) {
    let span = Span(
        "rows \(rows.count)×\(width)", elements: 2 * rows.count * width, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    rows.withUnsafeBufferPointer { rows in
        ThreadPool.shared.forRanges(of: rows.count, grain: max(1, 16_384 / max(1, width))) { range in
            for place in range {
                (out + place * width).update(from: table + Int(rows[place]) * width, count: width)
            }
        }
    }
}

/// table[rows[i], :] += x[i, :]. Rows must be in range and differ.
@specialized(where T == Float)
@specialized(where T == Double)
package func addRows<T: KernelReal>(
    _ x: UnsafePointer<T>, rows: [Int32], width: Int, to table: UnsafeMutablePointer<T>
) {
    rows.withUnsafeBufferPointer { rows in
        ThreadPool.shared.forRanges(of: rows.count, grain: max(1, 16_384 / max(1, width))) { range in
            for index in range {
                let (source, target) = (x + index * width, table + Int(rows[index]) * width)
                for column in 0..<width { target[column] += source[column] }
            }
        }
    }
}
