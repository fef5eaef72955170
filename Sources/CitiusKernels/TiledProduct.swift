import CitiusSIMD

/// Large products of float matrices by the convolutions' microkernels, whose tiles fill the registers of the widest
/// vectors. An OpenBLAS that does not know the core goes by vectors half as wide, and reaches half the speed.
///
/// The right side is copied in panels of two vectors' columns and 256 rows, which stay in the L1 cache while the rows of
/// the left side, read where they lie, pass by.
enum TiledProduct {
    /// Rows of a panel.
    private static let depthBlock = 256
    /// Columns whose panels stay in the L2 cache.
    private static let columnBlock = 512
    /// Rows of the left side that stay in the L2 cache.
    private static let rowBlock = 192
    /// Rows that a transposed product sums before it adds them to the result.
    private static let sumBlock = 64

    /// Whether a product is computed this way: it pays from some 30 µs on.
    static func takes(transposeA: Bool, transposeB: Bool, rows: Int, columns: Int, depth: Int) -> Bool {
        InstructionSet.chosen.kernels.lanes >= 16 && !(transposeA && transposeB)
            && min(rows, columns, depth) >= 16 && rows * columns * depth >= 1 << 22
    }

    /// C ← clamp(op(A)·op(B) + bias), cut into up to four blocks by the sizes alone; with Aᵀ there is neither bias nor clamp.
    static func multiply(
        transposeA: Bool, transposeB: Bool, rows: Int, columns: Int, depth: Int, _ a: UnsafePointer<Float>,
        leadingA: Int, _ b: UnsafePointer<Float>, leadingB: Int, _ c: UnsafeMutablePointer<Float>,
        leadingC: Int, bias: UnsafePointer<Float>? = nil, clamp: Clamp = .identity
    ) {
        let panel = 2 * InstructionSet.chosen.kernels.lanes
        // Whole panels of columns; few enough rows that all blocks of the right side are copied but a few times.
        var (rowChunks, columnChunks) = (1, 1)
        while rowChunks * columnChunks < (rows * columns > 1 << 20 ? 16 : 4) {
            let (height, width) = (rows / rowChunks, columns / columnChunks)
            if height >= width && height >= 64 {
                rowChunks *= 2
            } else if width >= 2 * panel {
                columnChunks *= 2
            } else {
                break
            }
        }
        let scratch = transposeA ? 0 : depthBlock * (columnBlock + panel)
        ThreadPool.shared.forChunks(
            rowChunks * columnChunks, of: rowChunks * columnChunks, scratchCount: scratch
        ) { (chunk, _, panels: UnsafeMutablePointer<Float>) in
            let rowRange = ThreadPool.range(chunk / columnChunks, of: rowChunks, in: rows)
            let units = ThreadPool.range(
                chunk % columnChunks, of: columnChunks, in: (columns + panel - 1) / panel)
            let columnRange = units.lowerBound * panel..<min(units.upperBound * panel, columns)
            guard !rowRange.isEmpty, !columnRange.isEmpty else { return }
            let target = c + rowRange.lowerBound * leadingC + columnRange.lowerBound
            if transposeA {
                addTransposed(
                    rowRange.count, columnRange.count, depth, a + rowRange.lowerBound, leadingA,
                    b + columnRange.lowerBound, leadingB, target, leadingC)
            } else {
                multiplyBlock(
                    transposeB, rowRange.count, columnRange.count, depth,
                    a + rowRange.lowerBound * leadingA, leadingA,
                    b + columnRange.lowerBound * (transposeB ? leadingB : 1), leadingB, target, leadingC,
                    bias.map { $0 + columnRange.lowerBound }, clamp, panels)
            }
        }
    }

    private static func multiplyBlock(
        _ transposeB: Bool, _ rows: Int, _ columns: Int, _ depth: Int, _ a: UnsafePointer<Float>,
        _ leadingA: Int, _ b: UnsafePointer<Float>, _ leadingB: Int, _ c: UnsafeMutablePointer<Float>,
        _ leadingC: Int, _ bias: UnsafePointer<Float>?, _ clamp: Clamp,
        _ panels: UnsafeMutablePointer<Float>
    ) {
        let kernels = InstructionSet.chosen.kernels
        let width = 2 * kernels.lanes
        withUnsafeTemporaryAllocation(of: Int.self, capacity: rowBlock) { starts in
            for row in 0..<rowBlock { starts[row] = row * leadingA }
            var origin = 0
            withUnsafePointer(to: &origin) { origin in
                for firstColumn in stride(from: 0, to: columns, by: columnBlock) {
                    let columns = min(columnBlock, columns - firstColumn)
                    for first in stride(from: 0, to: depth, by: depthBlock) {
                        let length = min(depthBlock, depth - first)
                        for column in stride(from: 0, to: columns, by: width) {
                            let panel = panels + column * length
                            let count = min(width, columns - column)
                            if transposeB {
                                kernels.transpose(
                                    b + (firstColumn + column) * leadingB + first, leadingB, count, length,
                                    panel, width)
                            } else {
                                kernels.copy_columns(
                                    b + first * leadingB + firstColumn + column, leadingB, length, count,
                                    panel, width)
                            }
                        }
                        for firstRow in stride(from: 0, to: rows, by: rowBlock) {
                            var product = citius_product(
                                x: a + firstRow * leadingA + first, rows: starts.baseAddress,
                                row_count: min(rowBlock, rows - firstRow), segments: origin,
                                segment_count: 1, segment_length: length, weights: panels,
                                weight_stride: width, block_stride: length * width, columns: columns,
                                bias: first == 0 ? bias.map { $0 + firstColumn } : nil,
                                clamp: (first + length == depth ? clamp : .identity).forMicrokernels,
                                accumulates: first > 0 ? 1 : 0, y: c + firstRow * leadingC + firstColumn,
                                y_stride: leadingC)
                            kernels.multiply_rows(&product)
                        }
                    }
                }
            }
        }
    }

    /// C ← Aᵀ·B for A [depth, rows] and B [depth, columns].
    private static func addTransposed(
        _ rows: Int, _ columns: Int, _ depth: Int, _ a: UnsafePointer<Float>, _ leadingA: Int,
        _ b: UnsafePointer<Float>, _ leadingB: Int, _ c: UnsafeMutablePointer<Float>, _ leadingC: Int
    ) {
        let kernels = InstructionSet.chosen.kernels
        for row in 0..<rows { (c + row * leadingC).update(repeating: 0, count: columns) }
        var origin = 0
        withUnsafePointer(to: &origin) { origin in
            for first in stride(from: 0, to: depth, by: sumBlock) {
                var gradient = citius_kernel_gradient(
                    x: a + first * leadingA, x_row_stride: 0, x_pixel_stride: leadingA,
                    dy: b + first * leadingB, dy_row_stride: 0, dy_pixel_stride: leadingB, rows: 1,
                    columns: min(sumBlock, depth - first), outputs: columns, segments: origin,
                    segment_count: 1, segment_length: rows, sums: c, sums_stride: leadingC)
                kernels.add_kernel_gradient(&gradient)
            }
        }
    }
}
