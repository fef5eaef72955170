import CitiusSIMD

/// Products of float matrices with few rows or little depth, as dense layers have them: a batch times a kernel. They
/// read both matrices where they lie; the BLAS first copies them, which costs as much as it saves here.
///
/// Square matrices of some hundred rows and more are the BLAS's.
enum FloatProduct {
    /// Rows (or depth, for a transposed left side) up to which these products are the faster ones: measured.
    private static let largestBatch = 256
    /// Depth of a block: its columns of the right side stay in the L1 cache.
    private static let blockDepth = 256

    /// Whether the product is computed here.
    static func serves(transposeA: Bool, transposeB: Bool, rows: Int, columns: Int, depth: Int) -> Bool {
        if transposeA { return !transposeB && depth <= largestBatch }
        return rows <= largestBatch
    }

    /// C ← op(A)·op(B), on this thread.
    static func multiply(
        transposeA: Bool, transposeB: Bool, rows: Int, columns: Int, depth: Int, _ a: UnsafePointer<Float>,
        leadingA: Int, _ b: UnsafePointer<Float>, leadingB: Int, _ c: UnsafeMutablePointer<Float>,
        leadingC: Int
    ) {
        if transposeA {
            addTransposedProduct(
                rows: rows, columns: columns, depth: depth, a, leadingA, b, leadingB, c, leadingC)
            return
        }
        guard depth > 0 else {
            for row in 0..<rows { (c + row * leadingC).update(repeating: 0, count: columns) }
            return
        }
        let set = InstructionSet.chosen.kernels
        withUnsafeTemporaryAllocation(of: Int.self, capacity: rows) { offsets in
            for row in 0..<rows { offsets[row] = row * leadingA }
            for first in stride(from: 0, to: depth, by: blockDepth) {
                let block = min(blockDepth, depth - first)
                func multiply(
                    _ weights: UnsafePointer<Float>, stride: Int, columns: Int,
                    to c: UnsafeMutablePointer<Float>
                ) {
                    var segment = 0
                    withUnsafePointer(to: &segment) { segment in
                        var product = citius_product(
                            x: a + first, rows: offsets.baseAddress, row_count: rows, segments: segment,
                            segment_count: 1,
                            segment_length: block, weights: weights, weight_stride: stride,
                            block_stride: 2 * set.lanes, columns: columns, bias: nil, rectifies: 0,
                            accumulates: first > 0 ? 1 : 0, y: c, y_stride: leadingC)
                        set.multiply_rows(&product)
                    }
                }
                guard transposeB else {
                    multiply(b + first * leadingB, stride: leadingB, columns: columns, to: c)
                    continue
                }
                // Turned two vectors of columns at a time.
                let width = 2 * set.lanes
                withUnsafeTemporaryAllocation(of: Float.self, capacity: width * block) { panel in
                    guard let panel = panel.baseAddress else { return }
                    for column in stride(from: 0, to: columns, by: width) {
                        let count = min(width, columns - column)
                        set.transpose(b + column * leadingB + first, leadingB, count, block, panel, width)
                        multiply(panel, stride: width, columns: count, to: c + column)
                    }
                }
            }
        }
    }

    /// C ← Aᵀ·B: a kernel's gradient, of an image of one row.
    private static func addTransposedProduct(
        rows: Int, columns: Int, depth: Int, _ a: UnsafePointer<Float>, _ leadingA: Int,
        _ b: UnsafePointer<Float>, _ leadingB: Int, _ c: UnsafeMutablePointer<Float>, _ leadingC: Int
    ) {
        for row in 0..<rows { (c + row * leadingC).update(repeating: 0, count: columns) }
        var segment = 0
        withUnsafePointer(to: &segment) { segment in
            var job = citius_kernel_gradient(
                x: a, x_row_stride: 0, x_pixel_stride: leadingA, dy: b, dy_row_stride: 0,
                dy_pixel_stride: leadingB, rows: 1, columns: depth, outputs: columns, segments: segment,
                segment_count: 1, segment_length: rows, sums: c, sums_stride: leadingC)
            InstructionSet.chosen.kernels.add_kernel_gradient(&job)
        }
    }
}
