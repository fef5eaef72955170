import CitiusSIMD

/// Products of float matrices with few rows or little depth, as dense layers have them: a batch times a kernel. They
/// read both matrices where they lie; the BLAS first copies them, which costs as much as it saves here. Where one
/// side is mostly zeros, as what relu or dropout leaves, its other elements alone are gone over.
///
/// Square matrices of some hundred rows and more are the BLAS's.
enum FloatProduct {
    /// How a product is computed.
    enum Method {
        /// By the BLAS.
        case general
        case dense
        /// Over the elements that are not 0, of the left side or, if that is transposed, of the right one.
        case sparse
    }

    /// Rows (or depth, for a transposed left side) up to which these products are the faster ones: measured.
    private static let largestBatch = Int(CITIUS_SPARSE_DEPTH)
    /// Depth of a block: its columns of the right side stay in the L1 cache.
    private static let blockDepth = 256

    /// How op(A)·op(B) is computed best. Costs are in cycles of one core, for an element of the side that may be listed;
    /// measured.
    static func method(
        transposeA: Bool, transposeB: Bool, rows: Int, columns: Int, depth: Int, _ a: UnsafePointer<Float>,
        leadingA: Int, _ b: UnsafePointer<Float>, leadingB: Int, skipsZeros: Bool
    ) -> Method {
        let lanes = InstructionSet.chosen.kernels.lanes
        func choose(vectors: Int, overhead: Double, liveFraction: () -> Double) -> Method {
            let dense = 0.65 * Double(vectors)
            func sparse(_ liveFraction: Double) -> Double {
                1.5 + overhead * Double(vectors) + liveFraction * (1 + 0.65 * Double(vectors))
            }
            // Not looked at where few zeros or many would be all the same.
            guard skipsZeros else { return .dense }
            return sparse(0.2) < dense && sparse(liveFraction()) < 0.75 * dense ? .sparse : .dense
        }
        if transposeA {
            guard !transposeB, depth > 0, depth <= largestBatch else { return .general }
            // Sums that begin and end after `depth` elements, and are transposed.
            return choose(vectors: (rows + lanes - 1) / lanes, overhead: 8 / Double(depth)) {
                liveFraction(of: b, rows: depth, columns: columns, leadingB)
            }
        }
        guard rows <= largestBatch else { return .general }
        return choose(vectors: (columns + lanes - 1) / lanes, overhead: 0) {
            liveFraction(of: a, rows: rows, columns: depth, leadingA)
        }
    }

    /// The fraction of elements that are not 0, among some.
    private static func liveFraction(of a: UnsafePointer<Float>, rows: Int, columns: Int, _ leadingA: Int)
        -> Double
    {
        var live = 0
        var count = 0
        for row in stride(from: 0, to: rows, by: max(1, rows / 8)) {
            for column in stride(from: 0, to: columns, by: max(1, columns / 64)) {
                live += a[row * leadingA + column] != 0 ? 1 : 0
                count += 1
            }
        }
        return Double(live) / Double(max(1, count))
    }

    /// C ← A·op(B) over A's elements that are not 0, or C ← Aᵀ·B over B's, on this thread.
    static func multiplySparse(
        transposeA: Bool, transposeB: Bool, rows: Int, columns: Int, depth: Int, _ a: UnsafePointer<Float>,
        leadingA: Int, _ b: UnsafePointer<Float>, leadingB: Int, _ c: UnsafeMutablePointer<Float>,
        leadingC: Int
    ) {
        if transposeA {
            var product = citius_sparse_product(
                a: b, a_stride: leadingB, rows: columns, depth: depth, b: a, b_stride: leadingA,
                columns: rows, transposes_b: 0, c: c, c_stride: leadingC)
            InstructionSet.chosen.kernels.multiply_by_sparse(&product)
            return
        }
        var product = citius_sparse_product(
            a: a, a_stride: leadingA, rows: rows, depth: depth, b: b, b_stride: leadingB, columns: columns,
            transposes_b: transposeB ? 1 : 0, c: c, c_stride: leadingC)
        InstructionSet.chosen.kernels.multiply_sparse(&product)
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
                            block_stride: 2 * set.lanes, columns: columns, bias: nil,
                            clamp: Clamp.identity.forMicrokernels,
                            accumulates: first > 0 ? 1 : 0, y: c, y_stride: leadingC)
                        set.multiply_rows(&product)
                    }
                }
                guard transposeB else {
                    multiply(b + first * leadingB, stride: leadingB, columns: columns, to: c)
                    continue
                }
                // Transposed two vectors of columns at a time.
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
