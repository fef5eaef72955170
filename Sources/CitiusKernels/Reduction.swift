import CitiusSIMD

/// A way to bring many numbers down to one.
package enum ReductionFunction: Sendable {
    case sum, product, maximum, minimum
}

/// Reductions view their input as [outer, reduced, inner], row-major, and reduce the middle axis.
///
/// They combine blocks of some hundred elements, and the blocks in pairs, in a tree that depends on the sizes alone. The
/// error of a sum of n reals is at most (c + log₂ n)·ε·Σ|x|, where c is 40 for lines (inner = 1) and 128 for columns.
@specialized(where T == Float)
@specialized(where T == Double)
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
package func reduce<T: KernelNumber>(
    _ function: ReductionFunction, _ x: UnsafePointer<T>, outer: Int, reduced: Int, inner: Int,
    to out: UnsafeMutablePointer<T>
) {
    guard outer > 0, inner > 0 else { return }
    guard reduced > 0 else {
        // An extremum of nothing has no value; the callers see to it that none is asked for.
        out.update(repeating: function == .product ? T.one : T.zero, count: outer * inner)
        return
    }
    let span = Span(
        "\(function) \(outer)×\(reduced)×\(inner)", operations: outer * reduced * inner,
        elements: outer * reduced * inner, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    if inner == 1 {
        reduceLines(function, x, outer: outer, reduced: reduced, to: out)
    } else {
        reduceColumns(function, x, outer: outer, reduced: reduced, inner: inner, to: out)
    }
}

/// Elements of a line that are combined before the tree of pairs begins.
private let lineBlock = 256
/// Rows of a matrix that are combined one after the other before the tree of pairs begins.
private let rowBlock = 128

/// Each line on one thread; few long ones in chunks, subtrees of the same tree.
@inline(__always)
private func reduceLines<T: KernelNumber>(
    _ function: ReductionFunction, _ x: UnsafePointer<T>, outer: Int, reduced: Int,
    to out: UnsafeMutablePointer<T>
) {
    let chunkLength = 256 * lineBlock
    let chunks = (reduced + chunkLength - 1) / chunkLength
    guard outer < 16, chunks > 1 else {
        ThreadPool.shared.forRanges(of: outer, grain: max(1, 16_384 / reduced)) { range in
            for row in range { out[row] = reduceLine(function, x + row * reduced, reduced) }
        }
        return
    }
    withUnsafeTemporaryAllocation(of: T.self, capacity: outer * chunks) { buffer in
        guard let results = buffer.baseAddress else { return }
        ThreadPool.shared.run(outer * chunks) { task in
            let start = task % chunks * chunkLength
            results[task] = reduceLine(
                function, x + task / chunks * reduced + start, min(chunkLength, reduced - start))
        }
        for row in 0..<outer {
            out[row] = combinePairwise(chunks, { combined(function, $0, $1) }) { results[row * chunks + $0] }
        }
    }
}

/// Whole rows of a tile of columns at a time; few long columns in chunks of rows, subtrees of the same tree.
@inline(__always)
private func reduceColumns<T: KernelNumber>(
    _ function: ReductionFunction, _ x: UnsafePointer<T>, outer: Int, reduced: Int, inner: Int,
    to out: UnsafeMutablePointer<T>
) {
    let tiles = (inner + 1_023) / 1_024
    var chunkRows = 4 * rowBlock
    while chunkRows * inner < 32_768 { chunkRows *= 2 }
    let chunks = outer * tiles < 16 ? (reduced + chunkRows - 1) / chunkRows : 1
    if chunks == 1 { chunkRows = reduced }
    func reduceTasks(
        _ tasks: Range<Int>, _ scratch: UnsafeMutablePointer<T>, to slots: UnsafeMutablePointer<T>
    ) {
        for task in tasks {
            // Tasks are numbered as [outer, chunks, tiles].
            let (chunk, tile) = (task / tiles % chunks, task % tiles)
            let columns = ThreadPool.range(tile, of: tiles, in: inner)
            let first = chunk * chunkRows
            reduceRows(
                function, x + (task / tiles / chunks * reduced + first) * inner + columns.lowerBound,
                rows: min(chunkRows, reduced - first), block: rowBlock, stride: inner, columns: columns.count,
                sums: scratch, to: slots + task / tiles * inner + columns.lowerBound)
        }
    }
    let scratchCount = sumsCount(rows: chunkRows, block: rowBlock) * min(inner, 1_024)
    guard chunks > 1 else {
        let pool = ThreadPool.shared
        let parts = ThreadPool.chunkCount(
            of: outer * tiles, grain: max(1, 16_384 * tiles / (reduced * inner)))
        pool.forChunks(parts, of: outer * tiles, scratchCount: scratchCount) {
            (_, tasks, scratch: UnsafeMutablePointer<T>) in
            reduceTasks(tasks, scratch, to: out)
        }
        return
    }
    withUnsafeTemporaryAllocation(of: T.self, capacity: outer * chunks * inner) { buffer in
        guard let slots = buffer.baseAddress else { return }
        let tasks = outer * chunks * tiles
        ThreadPool.shared.forChunks(tasks, of: tasks, scratchCount: scratchCount) {
            (_, tasks, scratch: UnsafeMutablePointer<T>) in
            reduceTasks(tasks, scratch, to: slots)
        }
        withUnsafeTemporaryAllocation(of: T.self, capacity: sumsCount(rows: chunks, block: 1) * inner) {
            scratch in
            guard let scratch = scratch.baseAddress else { return }
            for row in 0..<outer {
                reduceRows(
                    function, slots + row * chunks * inner, rows: chunks, block: 1, stride: inner,
                    columns: inner, sums: scratch, to: out + row * inner)
            }
        }
    }
}

/// out ← the rows of a matrix combined: blocks of rows one after the other, the blocks in the tree of
/// `combinePairwise`. `sums` has room for `sumsCount` rows.
@inline(__always)
private func reduceRows<T: KernelNumber>(
    _ function: ReductionFunction, _ x: UnsafePointer<T>, rows: Int, block: Int, stride: Int, columns: Int,
    sums: UnsafeMutablePointer<T>, to out: UnsafeMutablePointer<T>
) {
    func reduceBlock(_ number: Int, to target: UnsafeMutablePointer<T>) {
        let first = number * block
        let end = min(first + block, rows)
        if T.self == Float.self, function == .sum, stride == columns, end - first > 1 {
            target.update(repeating: T.zero, count: columns)
            InstructionSet.chosen.kernels.add_rows(
                floats(x + first * stride), end - first, columns, mutableFloats(target))
            return
        }
        target.update(from: x + first * stride, count: columns)
        for row in first + 1..<max(first + 1, end) {
            combineRow(function, x + row * stride, 0..<columns, into: target)
        }
    }
    let blocks = (rows + block - 1) / block
    if blocks == 1 { return reduceBlock(0, to: out) }
    var count = 0
    for number in 0..<blocks {
        reduceBlock(number, to: sums + count * columns)
        for _ in 0..<(~number).trailingZeroBitCount {
            count -= 1
            combineRow(
                function, UnsafePointer(sums + (count + 1) * columns), 0..<columns,
                into: sums + count * columns)
        }
        count += 1
    }
    while count > 1 {
        count -= 1
        combineRow(
            function, UnsafePointer(sums + count * columns), 0..<columns, into: sums + (count - 1) * columns)
    }
    out.update(from: sums, count: columns)
}

/// Rows of sums that `reduceRows` keeps at once: one for each level of the tree, and the next block's.
private func sumsCount(rows: Int, block: Int) -> Int {
    Int.bitWidth - ((rows + block - 1) / block).leadingZeroBitCount + 1
}

/// out ← Σ along the middle axis of integers, exactly: in 64 bits, which wrap around.
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
package func sumIntegers<T: KernelNumber>(
    _ x: UnsafePointer<T>, outer: Int, reduced: Int, inner: Int, to out: UnsafeMutablePointer<Int64>
) {
    guard outer > 0, inner > 0 else { return }
    let chunkRows = max(64, 65_536 / inner)
    let chunks = max(1, (reduced + chunkRows - 1) / chunkRows)
    func sumTask(_ task: Int, to slots: UnsafeMutablePointer<Int64>) {
        let rows = task % chunks * chunkRows..<min(task % chunks * chunkRows + chunkRows, reduced)
        let source = x + task / chunks * reduced * inner
        let sums = slots + task * inner
        if inner == 1 {
            var sum: Int64 = 0
            for row in rows { sum &+= source[row].asInt64 }
            sums[0] = sum
            return
        }
        sums.update(repeating: 0, count: inner)
        for row in rows {
            let line = source + row * inner
            for column in 0..<inner { sums[column] &+= line[column].asInt64 }
        }
    }
    let tasks = outer * chunks
    let grain = chunks > 1 ? 1 : max(1, 16_384 / (max(1, reduced) * inner))
    guard chunks > 1 else {
        ThreadPool.shared.forRanges(of: tasks, grain: grain) { for task in $0 { sumTask(task, to: out) } }
        return
    }
    withUnsafeTemporaryAllocation(of: Int64.self, capacity: tasks * inner) { buffer in
        guard let slots = buffer.baseAddress else { return }
        ThreadPool.shared.run(tasks) { sumTask($0, to: slots) }
        sumIntegers(UnsafePointer(slots), outer: outer, reduced: chunks, inner: inner, to: out)
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
            out[index] = largest + T.log(pairwiseSum(reduced) { T.exp(base[$0 * inner] - largest) })
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
            let sum = pairwiseSum(reduced) { step in
                let power = T.exp(line[step * inner] - largest)
                result[step * inner] = power
                return power
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

@inline(__always)
private func combined<T: KernelNumber>(_ function: ReductionFunction, _ a: T, _ b: T) -> T {
    switch function {
    case .sum: T.sum(a, b)
    case .product: T.product(a, b)
    case .maximum: larger(a, b)
    case .minimum: smaller(a, b)
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

@inline(__always)
private func reduceLine<T: KernelNumber>(_ x: UnsafePointer<T>, _ count: Int, _ combine: (T, T) -> T) -> T {
    combinePairwise((count + lineBlock - 1) / lineBlock, combine) {
        reduceBlock(x + $0 * lineBlock, min(lineBlock, count - $0 * lineBlock), combine)
    }
}

/// The larger of two; a NaN wins.
@inline(__always)
func larger<T: KernelNumber>(_ a: T, _ b: T) -> T { !(a >= b) && a == a ? b : a }

/// The smaller of two; a NaN wins.
@inline(__always)
func smaller<T: KernelNumber>(_ a: T, _ b: T) -> T { !(a <= b) && a == a ? b : a }

/// Combines a block in eight interleaved lanes: vectors for the compiler, and for sums an eighth of the error.
@inline(__always)
private func reduceBlock<T: KernelNumber>(_ x: UnsafePointer<T>, _ count: Int, _ combine: (T, T) -> T) -> T {
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
