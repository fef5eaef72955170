/// How the elements of one or more operands meet the elements of a result, by NumPy's rule: shapes are
/// aligned at their last axes, and an axis of size 1 (or none) is repeated.
///
/// Neighbouring axes along which every operand is contiguous, or repeated, are merged, so that most
/// broadcasts end as one or two loops.
package struct BroadcastLayout: Sendable, Equatable {
    /// The merged axes of the result, outermost first; at least one.
    package private(set) var sizes: [Int]
    /// For each operand the elements between neighbours along each merged axis, 0 where it is repeated.
    package private(set) var strides: [[Int]]

    /// The result's shape, or nil if the shapes do not fit together.
    package static func resultSizes(_ shapes: [[Int]]) -> [Int]? {
        let rank = shapes.map(\.count).max() ?? 0
        var result = [Int](repeating: 1, count: rank)
        for shape in shapes {
            for (axis, size) in zip((rank - shape.count)..<rank, shape) where size != 1 {
                if result[axis] != 1 && result[axis] != size { return nil }
                result[axis] = size
            }
        }
        return result
    }

    /// The layout of contiguous operands of these shapes over a result to which they broadcast.
    package init(operands: [[Int]], result: [Int]) {
        let rank = result.count
        let full = operands.map { shape in
            var strides = [Int](repeating: 0, count: rank)
            var stride = 1
            for axis in (0..<shape.count).reversed() {
                if shape[axis] != 1 { strides[axis + rank - shape.count] = stride }
                stride *= shape[axis]
            }
            return strides
        }
        sizes = []
        strides = operands.map { _ in [] }
        for axis in 0..<rank where result[axis] != 1 {
            let merges =
                !sizes.isEmpty
                && full.indices.allSatisfy { strides[$0][sizes.count - 1] == full[$0][axis] * result[axis] }
            if merges {
                sizes[sizes.count - 1] *= result[axis]
                for operand in full.indices { strides[operand][sizes.count - 1] = full[operand][axis] }
            } else {
                sizes.append(result[axis])
                for operand in full.indices { strides[operand].append(full[operand][axis]) }
            }
        }
        if sizes.isEmpty {
            sizes = [1]
            strides = operands.map { _ in [0] }
        }
    }

    /// Elements of the innermost axis.
    package var innerCount: Int { sizes[sizes.count - 1] }
    /// Runs of the innermost axis.
    package var outerCount: Int { sizes.dropLast().reduce(1, *) }

    /// Calls `body` for each run of the innermost axis in `runs` with its number and every operand's offset.
    @inline(__always)
    func forEachRun(in runs: Range<Int>, _ body: (_ run: Int, _ offsets: UnsafePointer<Int>) -> Void) {
        let outer = sizes.count - 1
        let operands = strides.count
        guard !runs.isEmpty else { return }
        withUnsafeTemporaryAllocation(of: Int.self, capacity: operands + outer) { scratch in
            let offsets = scratch.baseAddress!
            let position = offsets + operands
            for operand in 0..<operands { offsets[operand] = 0 }
            var rest = runs.lowerBound
            for axis in (0..<outer).reversed() {
                position[axis] = rest % sizes[axis]
                rest /= sizes[axis]
                for operand in 0..<operands { offsets[operand] += position[axis] * strides[operand][axis] }
            }
            for run in runs {
                body(run, UnsafePointer(offsets))
                var axis = outer - 1
                while axis >= 0 {
                    position[axis] += 1
                    for operand in 0..<operands { offsets[operand] += strides[operand][axis] }
                    if position[axis] < sizes[axis] { break }
                    for operand in 0..<operands { offsets[operand] -= sizes[axis] * strides[operand][axis] }
                    position[axis] = 0
                    axis -= 1
                }
            }
        }
    }

    /// Splits the result over the pool: long innermost axes within, others by runs. `body` is given the
    /// result's offset, the operands' offsets and a count of elements.
    @inline(__always)
    func forEachStretch(_ body: (_ result: Int, _ offsets: UnsafePointer<Int>, _ count: Int) -> Void) {
        let inner = innerCount
        let span = Span(
            "element by element \(outerCount)×\(inner)", elements: (strides.count + 1) * outerCount * inner)
        defer { span.end() }
        if outerCount == 1 {
            let last = sizes.count - 1
            ThreadPool.shared.forRanges(of: inner, grain: 16_384) { range in
                withUnsafeTemporaryAllocation(of: Int.self, capacity: strides.count) { offsets in
                    for operand in strides.indices {
                        offsets[operand] = range.lowerBound * strides[operand][last]
                    }
                    body(range.lowerBound, UnsafePointer(offsets.baseAddress!), range.count)
                }
            }
        } else if inner > 0 {
            ThreadPool.shared.forRanges(of: outerCount, grain: max(1, 16_384 / inner)) { runs in
                forEachRun(in: runs) { run, offsets in body(run * inner, offsets, inner) }
            }
        }
    }
}
