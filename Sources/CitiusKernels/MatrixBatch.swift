/// A batch of matrix products, whose operands' batches broadcast to the result's.
package struct MatrixBatch: Sendable {
    private let layout: BroadcastLayout

    /// The sizes of the batch axes, of the operands and of the result.
    package init(left: [Int], right: [Int], result: [Int]) {
        layout = BroadcastLayout(operands: [left, right], result: result)
    }

    /// out[i] ← op(a[i]) · op(b[i]). Many products are spread over the pool; few or large ones are cut themselves.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func multiply<T: KernelReal>(
        transposeA: Bool, transposeB: Bool, rows m: Int, columns n: Int, depth k: Int,
        _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ out: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "matrix products \(m)×\(k) · \(k)×\(n)",
            operations: 2 * m * n * k * layout.outerCount * layout.innerCount,
            elements: (m * k + k * n + m * n) * layout.outerCount * layout.innerCount,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        let inner = layout.innerCount
        let aStride = layout.strides[0][layout.sizes.count - 1]
        let bStride = layout.strides[1][layout.sizes.count - 1]
        let products = layout.outerCount * inner
        func multiply(_ left: Int, _ right: Int, _ result: Int) {
            matrixMultiply(
                transposeA: transposeA, transposeB: transposeB, rows: m, columns: n, depth: k,
                a + left * m * k, leadingA: transposeA ? m : k, b + right * k * n,
                leadingB: transposeB ? k : n, out + result * m * n, leadingC: n)
        }
        func multiplyRuns(_ runs: Range<Int>) {
            layout.forEachRun(in: runs) { run, offsets in
                for index in 0..<inner {
                    multiply(offsets[0] + index * aStride, offsets[1] + index * bStride, run * inner + index)
                }
            }
        }
        // Large products are cut into blocks themselves, to the same effect.
        if products < 4 || m * n * k >= 1 << 23 {
            multiplyRuns(0..<layout.outerCount)
        } else if layout.outerCount == 1 {
            ThreadPool.shared.forRanges(of: inner, grain: max(1, 50_000 / max(1, m * n * k))) { range in
                for index in range { multiply(index * aStride, index * bStride, index) }
            }
        } else {
            ThreadPool.shared.forRanges(
                of: layout.outerCount, grain: max(1, 50_000 / max(1, m * n * k * inner)), multiplyRuns)
        }
    }
}
