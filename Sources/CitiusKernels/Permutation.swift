/// Copies `x`, of the given sizes, to `out` with its axes in a new order: axis i of the result is axis
/// `axes[i]` of `x`.
///
/// The elements are moved by their size alone, so that one body serves all types of that size.
@specialized(where Element == UInt8)
@specialized(where Element == UInt32)
@specialized(where Element == UInt64)
package func permute<Element: BitwiseCopyable>(
    _ x: UnsafePointer<Element>, sizes: [Int], axes: [Int], to out: UnsafeMutablePointer<Element>
) {
    var sourceStrides = [Int](repeating: 1, count: sizes.count)
    for axis in (0..<max(0, sizes.count - 1)).reversed() {
        sourceStrides[axis] = sourceStrides[axis + 1] * sizes[axis + 1]
    }
    let layout = StridedLayout(
        sizes: axes.map { sizes[$0] }, strides: axes.map { sourceStrides[$0] })
    gather(x, layout: layout, to: out)
}

/// Elements at regular distances: the source of a permutation, a slice or a flip.
package struct StridedLayout: Sendable, Equatable {
    /// Merged axes, outermost first, at least one; strides may be negative.
    package private(set) var sizes: [Int] = []
    package private(set) var strides: [Int] = []

    package init(sizes: [Int], strides: [Int]) {
        for (size, stride) in zip(sizes, strides) where size != 1 {
            if let last = self.strides.last, last == stride * size {
                self.sizes[self.sizes.count - 1] *= size
                self.strides[self.strides.count - 1] = stride
            } else {
                self.sizes.append(size)
                self.strides.append(stride)
            }
        }
        if self.sizes.isEmpty {
            self.sizes = [1]
            self.strides = [1]
        }
    }

    /// Calls `body` for each run of the innermost axis with its number and its first element's offset.
    @inline(__always)
    func forEachRun(in runs: Range<Int>, _ body: (_ run: Int, _ offset: Int) -> Void) {
        let outer = sizes.count - 1
        for run in runs {
            var rest = run
            var offset = 0
            for axis in (0..<outer).reversed() {
                offset += rest % sizes[axis] * strides[axis]
                rest /= sizes[axis]
            }
            body(run, offset)
        }
    }

    var runCount: Int { sizes.dropLast().reduce(1, *) }
    var runLength: Int { sizes[sizes.count - 1] }
    var runStride: Int { strides[strides.count - 1] }
}

/// out ← the elements of `x` that the layout names, in its order.
@specialized(where Element == UInt8)
@specialized(where Element == UInt32)
@specialized(where Element == UInt64)
package func gather<Element: BitwiseCopyable>(
    _ x: UnsafePointer<Element>, layout: StridedLayout, to out: UnsafeMutablePointer<Element>
) {
    let length = layout.runLength
    guard length > 0 else { return }
    let stride = layout.runStride
    ThreadPool.shared.forRanges(of: layout.runCount, grain: max(1, 16_384 / length)) { runs in
        layout.forEachRun(in: runs) { run, offset in
            let target = out + run * length
            let source = x + offset
            if stride == 1 {
                target.update(from: source, count: length)
            } else {
                for index in 0..<length { target[index] = source[index * stride] }
            }
        }
    }
}

/// Copies a block of rows into a wider matrix: `rows` runs of `length` elements, `distance` apart in `out`.
@specialized(where Element == UInt8)
@specialized(where Element == UInt32)
@specialized(where Element == UInt64)
package func scatterRows<Element: BitwiseCopyable>(
    _ x: UnsafePointer<Element>, rows: Int, length: Int, distance: Int, to out: UnsafeMutablePointer<Element>
) {
    for row in 0..<rows { (out + row * distance).update(from: x + row * length, count: length) }
}

/// For each position p of [outer, indices, inner]: out[o, i, :] ← x[o, indices[i], :], with `axisSize` elements
/// along the indexed axis. Indices must be in range.
@specialized(where Element == UInt8)
@specialized(where Element == UInt32)
@specialized(where Element == UInt64)
package func take<Element: BitwiseCopyable>(
    _ x: UnsafePointer<Element>, indices: UnsafeBufferPointer<Int>, outer: Int, axisSize: Int, inner: Int,
    to out: UnsafeMutablePointer<Element>
) {
    let indexCount = indices.count
    ThreadPool.shared.forRanges(of: outer * indexCount, grain: max(1, 16_384 / max(1, inner))) { range in
        for position in range {
            let source = x + (position / indexCount * axisSize + indices[position % indexCount]) * inner
            (out + position * inner).update(from: source, count: inner)
        }
    }
}

/// The adjoint of `take`: out[o, indices[i], :] += dy[o, i, :]. `out` must be initialized.
@specialized(where T == Float)
@specialized(where T == Double)
package func addTaken<T: KernelReal>(
    _ dy: UnsafePointer<T>, indices: UnsafeBufferPointer<Int>, outer: Int, axisSize: Int, inner: Int,
    to out: UnsafeMutablePointer<T>
) {
    ThreadPool.shared.forRanges(of: outer, grain: max(1, 16_384 / max(1, inner * indices.count))) { range in
        for position in range {
            for (step, index) in indices.enumerated() {
                let target = out + (position * axisSize + index) * inner
                let source = dy + (position * indices.count + step) * inner
                for offset in 0..<inner { target[offset] += source[offset] }
            }
        }
    }
}

/// For each element of [outer, indices, inner]: out[o, i, n] ← x[o, indices[o, i, n], n].
@specialized(where Element == UInt8)
@specialized(where Element == UInt32)
@specialized(where Element == UInt64)
package func gatherAlongAxis<Element: BitwiseCopyable>(
    _ x: UnsafePointer<Element>, indices: UnsafePointer<Int>, outer: Int, axisSize: Int, indexCount: Int,
    inner: Int, to out: UnsafeMutablePointer<Element>
) {
    for position in 0..<outer * indexCount * inner {
        let block = position / (indexCount * inner)
        out[position] = x[(block * axisSize + indices[position]) * inner + position % inner]
    }
}

/// The adjoint of `gatherAlongAxis`: out[o, indices[o, i, n], n] += dy[o, i, n]. `out` must be initialized.
@specialized(where T == Float)
@specialized(where T == Double)
package func addGatheredAlongAxis<T: KernelReal>(
    _ dy: UnsafePointer<T>, indices: UnsafePointer<Int>, outer: Int, axisSize: Int, indexCount: Int,
    inner: Int, to out: UnsafeMutablePointer<T>
) {
    for position in 0..<outer * indexCount * inner {
        let block = position / (indexCount * inner)
        out[(block * axisSize + indices[position]) * inner + position % inner] += dy[position]
    }
}

/// out[o, i, n] ← Σ of x[o, 0...i, n], or of x[o, i..., n] backwards.
@specialized(where T == Float)
@specialized(where T == Double)
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
package func cumulativeSum<T: KernelNumber>(
    _ x: UnsafePointer<T>, outer: Int, axisSize: Int, inner: Int, isReversed: Bool,
    to out: UnsafeMutablePointer<T>
) {
    for block in 0..<outer {
        for position in 0..<inner {
            let start = block * axisSize * inner + position
            var sum = T.zero
            for step in 0..<axisSize {
                let index = start + (isReversed ? axisSize - 1 - step : step) * inner
                sum = T.sum(sum, x[index])
                out[index] = sum
            }
        }
    }
}

/// Sorts each line of the middle axis; `indices` are the elements' former positions. Equal elements keep
/// their order; NaN comes last.
@specialized(where T == Float)
@specialized(where T == Double)
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
package func sortAxis<T: KernelNumber>(
    _ x: UnsafePointer<T>, outer: Int, axisSize: Int, inner: Int, isDescending: Bool,
    values: UnsafeMutablePointer<T>, indices: UnsafeMutablePointer<Int64>
) {
    ThreadPool.shared.forRanges(of: outer * inner, grain: max(1, 2_048 / max(1, axisSize))) { range in
        var order = [Int](0..<axisSize)
        for line in range {
            let start = line / inner * axisSize * inner + line % inner
            for step in 0..<axisSize { order[step] = step }
            // Swift's sort is stable in fact but not by contract: the position decides between equals.
            order.sort { left, right in
                let a = x[start + left * inner]
                let b = x[start + right * inner]
                if a != a || b != b { return a == a || (b != b && left < right) }
                if a == b { return left < right }
                return isDescending ? a > b : a < b
            }
            for step in 0..<axisSize {
                values[start + step * inner] = x[start + order[step] * inner]
                indices[start + step * inner] = Int64(order[step])
            }
        }
    }
}
