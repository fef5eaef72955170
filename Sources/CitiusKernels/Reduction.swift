import CitiusSIMD

/// A way to bring many numbers down to one.
package enum ReductionFunction: Sendable {
    case sum, product, maximum, minimum
}

/// Reductions view their input as [outer, reduced, inner], row-major, and reduce the middle axis. Each
/// result's elements are combined in one fixed order; work is split over the results alone, except for few
/// long sums, which are made in as many parts as there are threads.
@specialized(where T == Float)
@specialized(where T == Double)
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
package func reduce<T: KernelNumber>(
    _ function: ReductionFunction, _ x: UnsafePointer<T>, outer: Int, reduced: Int, inner: Int,
    to out: UnsafeMutablePointer<T>
) {
    guard reduced > 0 else {
        // An extremum of nothing has no value; the callers see to it that none is asked for.
        out.update(repeating: function == .product ? T.one : T.zero, count: outer * inner)
        return
    }
    let span = Span(
        "\(function) \(outer)×\(reduced)×\(inner)", operations: outer * reduced * inner,
        elements: outer * reduced * inner, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    let pool = ThreadPool.shared
    if outer == 1, inner == 1, reduced >= 65_536 {
        // One long line: a part for each thread, then the parts in order.
        let parts = pool.threadCount
        withUnsafeTemporaryAllocation(of: T.self, capacity: parts) { buffer in
            guard let results = buffer.baseAddress else { return }
            pool.forParts(of: reduced, parts: parts) { part, range in
                results[part] = reduceLine(function, x + range.lowerBound, range.count)
            }
            out[0] = reduceLine(function, UnsafePointer(results), parts)
        }
    } else if inner == 1 {
        pool.forRanges(of: outer, grain: max(1, 16_384 / reduced)) { range in
            for row in range { out[row] = reduceLine(function, x + row * reduced, reduced) }
        }
    } else {
        // Whole rows of `inner` at a time. The results are split by outer axis, or inner if there is only one.
        let innerParts =
            outer == 1 && inner * reduced > 32_768 ? min(pool.threadCount, max(1, inner / 16)) : 1
        pool.forRanges(of: outer * innerParts, grain: max(1, 16_384 * innerParts / (reduced * inner))) {
            range in
            for index in range {
                let part = index % innerParts
                let columns = inner * part / innerParts..<inner * (part + 1) / innerParts
                let base = x + index / innerParts * reduced * inner
                let result = out + index / innerParts * inner
                for column in columns { result[column] = base[column] }
                for step in 1..<max(1, reduced) {
                    combineRow(function, base + step * inner, columns, into: result)
                }
            }
        }
    }
}

/// The position of each largest (or smallest) element along the middle axis, the first of equals; a NaN wins.
@specialized(where T == Float)
@specialized(where T == Double)
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
package func positionOfExtremum<T: KernelNumber>(
    _ x: UnsafePointer<T>, outer: Int, reduced: Int, inner: Int, ofLargest: Bool,
    to out: UnsafeMutablePointer<Int64>
) {
    ThreadPool.shared.forRanges(of: outer * inner, grain: max(1, 16_384 / max(1, reduced))) { range in
        for index in range {
            let base = x + index / inner * reduced * inner + index % inner
            var best = base[0]
            var position = 0
            for step in 1..<max(1, reduced) {
                let value = base[step * inner]
                let wins = ofLargest ? !(value <= best) : !(value >= best)
                if wins && best == best {
                    best = value
                    position = step
                }
            }
            out[index] = Int64(position)
        }
    }
}

/// out ← log Σ exp(x) along the middle axis, by way of the largest element.
@specialized(where T == Float)
@specialized(where T == Double)
package func logSumExp<T: KernelReal>(
    _ x: UnsafePointer<T>, outer: Int, reduced: Int, inner: Int, to out: UnsafeMutablePointer<T>
) {
    ThreadPool.shared.forRanges(of: outer * inner, grain: max(1, 2_048 / max(1, reduced))) { range in
        for index in range {
            let base = x + index / inner * reduced * inner + index % inner
            var largest = -T.infinity
            for step in 0..<reduced {
                let value = base[step * inner]
                largest = value > largest || value != value ? value : largest
            }
            // All −∞ (or nothing): the sum is 0. Any +∞: the sum is ∞, and ∞ − ∞ would be NaN.
            if largest.isInfinite {
                out[index] = largest
                continue
            }
            var sum: T = 0
            for step in 0..<reduced { sum += T.exp(base[step * inner] - largest) }
            out[index] = largest + T.log(sum)
        }
    }
}

/// out ← exp(x − max) / Σ exp(x − max) along the middle axis, or its logarithm.
@specialized(where T == Float)
@specialized(where T == Double)
package func softmax<T: KernelReal>(
    _ x: UnsafePointer<T>, outer: Int, reduced: Int, inner: Int, isLogarithm: Bool,
    to out: UnsafeMutablePointer<T>
) {
    let span = Span(
        "softmax \(outer)×\(reduced)×\(inner)", elements: 2 * outer * reduced * inner,
        elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    if T.self == Float.self, inner == 1, reduced > 0 {
        let kernel = InstructionSet.chosen.kernels.softmax
        ThreadPool.shared.forRanges(of: outer, grain: max(1, 4_096 / reduced)) { range in
            let start = range.lowerBound * reduced
            kernel?(
                floats(x) + start, range.count, reduced, isLogarithm ? 1 : 0, mutableFloats(out) + start)
        }
        return
    }
    ThreadPool.shared.forRanges(of: outer * inner, grain: max(1, 2_048 / max(1, reduced))) { range in
        for index in range {
            let start = index / inner * reduced * inner + index % inner
            let (line, result) = (x + start, out + start)
            var largest = -T.infinity
            for step in 0..<reduced {
                let value = line[step * inner]
                largest = value > largest || value != value ? value : largest
            }
            var sum: T = 0
            for step in 0..<reduced {
                let power = T.exp(line[step * inner] - largest)
                result[step * inner] = power
                sum += power
            }
            if isLogarithm {
                // Not x − (max + log Σ): the largest would drown the logarithm.
                let shift = T.log(sum)
                for step in 0..<reduced { result[step * inner] = (line[step * inner] - largest) - shift }
            } else {
                let scale = 1 / sum
                for step in 0..<reduced { result[step * inner] *= scale }
            }
        }
    }
}

/// result ← result combined with a row.
@inline(__always)
private func combineRow<T: KernelNumber>(
    _ function: ReductionFunction, _ row: UnsafePointer<T>, _ columns: Range<Int>,
    into result: UnsafeMutablePointer<T>
) {
    switch function {
    case .sum: for column in columns { result[column] = T.sum(result[column], row[column]) }
    case .product: for column in columns { result[column] = T.product(result[column], row[column]) }
    case .maximum: for column in columns { result[column] = larger(result[column], row[column]) }
    case .minimum: for column in columns { result[column] = smaller(result[column], row[column]) }
    }
}

/// The line's elements combined. Not empty.
@inline(__always)
private func reduceLine<T: KernelNumber>(
    _ function: ReductionFunction, _ x: UnsafePointer<T>, _ count: Int
) -> T {
    switch function {
    case .sum: reduceLine(x, count) { T.sum($0, $1) }
    case .product: reduceLine(x, count) { T.product($0, $1) }
    case .maximum: reduceLine(x, count) { larger($0, $1) }
    case .minimum: reduceLine(x, count) { smaller($0, $1) }
    }
}

/// The larger of two; a NaN wins.
@inline(__always)
func larger<T: KernelNumber>(_ a: T, _ b: T) -> T { !(a >= b) && a == a ? b : a }

/// The smaller of two; a NaN wins.
@inline(__always)
func smaller<T: KernelNumber>(_ a: T, _ b: T) -> T { !(a <= b) && a == a ? b : a }

/// Combines a line in eight interleaved lanes: vectors for the compiler, and for sums a rounding error that
/// grows with the eighth part of the length.
@inline(__always)
private func reduceLine<T: KernelNumber>(_ x: UnsafePointer<T>, _ count: Int, _ combine: (T, T) -> T) -> T {
    if count < 16 {
        var result = x[0]
        for index in 1..<max(1, count) { result = combine(result, x[index]) }
        return result
    }
    var (a, b, c, d) = (x[0], x[1], x[2], x[3])
    var (e, f, g, h) = (x[4], x[5], x[6], x[7])
    var index = 8
    while index + 8 <= count {
        a = combine(a, x[index])
        b = combine(b, x[index + 1])
        c = combine(c, x[index + 2])
        d = combine(d, x[index + 3])
        e = combine(e, x[index + 4])
        f = combine(f, x[index + 5])
        g = combine(g, x[index + 6])
        h = combine(h, x[index + 7])
        index += 8
    }
    var result = combine(
        combine(combine(a, b), combine(c, d)), combine(combine(e, f), combine(g, h)))
    while index < count {
        result = combine(result, x[index])
        index += 1
    }
    return result
}
