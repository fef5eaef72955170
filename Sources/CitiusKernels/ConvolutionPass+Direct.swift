import CitiusSIMD

extension ConvolutionPass {
    /// Rows of the convolution that one output row of the pool reads, and how far the next row's are.
    private var poolReach: (rows: Int, step: Int) {
        pool.map { ($0.vertical.window, $0.vertical.stride) } ?? (1, 1)
    }

    /// Result rows that are computed at once: enough to fill the product's tiles, few enough to stay in the L1
    /// cache until they are pooled.
    var directGroupRows: Int {
        let (rows, step) = poolReach
        let rowBytes = horizontal.outputs * outputChannels * 4
        let fitting = 24 * 1024 / max(1, rowBytes)
        return max(1, min(resultRows, (fitting - rows) / step + 1))
    }

    /// Convolution rows of a group.
    private var directRowLimit: Int {
        let (rows, step) = poolReach
        return min(vertical.outputs, (directGroupRows - 1) * step + rows)
    }

    /// Whether a window's products stay in registers until the largest is known. Measured: where a product is short,
    /// to write it and read it again costs as much as to compute it; where it is long, larger tiles pay more.
    private var poolsInRegisters: Bool { (pool?.isHalving ?? false) && depth <= 64 }

    var directScratchCount: Int {
        pool == nil || poolsInRegisters ? 0 : directRowLimit * horizontal.outputs * outputChannels
    }

    func runDirect(
        _ rows: Range<Int>, _ operands: Operands, _ scratch: UnsafeMutablePointer<Float>,
        _ image: (Int) -> UnsafePointer<Float>
    ) {
        if poolsInRegisters {
            runPooledProducts(rows, operands, image)
        } else {
            runProducts(rows, operands, scratch, image)
        }
    }

    /// Row by row of a pool's windows of 2×2.
    private func runPooledProducts(
        _ rows: Range<Int>, _ operands: Operands, _ image: (Int) -> UnsafePointer<Float>
    ) {
        let down = vertical.stride * images.rowStride
        let right = horizontal.stride * images.channels
        let rowCount = resultCount / max(1, resultRows)
        var current = -1
        var frame: UnsafePointer<Float>?
        segments.withUnsafeBufferPointer { segments in
            var job = citius_pooled_product(
                x: frame, cells: (0, right, down, down + right), window_stride: 2 * right,
                window_count: rowCount / outputChannels, segments: segments.baseAddress,
                segment_count: segments.count, segment_length: segmentLength, weights: operands.weights,
                block_stride: depth * blockColumns, columns: outputChannels,
                bias: operands.bias, clamp: operands.clamp.forMicrokernels, y: operands.result, argmax: nil)
            for row in rows {
                let number = row / resultRows
                if number != current {
                    frame = image(number)
                    current = number
                }
                job.x = frame.map { $0 + row % resultRows * 2 * down }
                job.y = operands.result + row * rowCount
                job.argmax = operands.argmax.map { $0 + row * rowCount }
                set.pooled_product(&job)
            }
        }
    }

    private func runProducts(
        _ rows: Range<Int>, _ operands: Operands, _ scratch: UnsafeMutablePointer<Float>,
        _ image: (Int) -> UnsafePointer<Float>
    ) {
        let columns = horizontal.outputs
        let pixelStep = horizontal.stride * images.channels
        let rowStep = vertical.stride * images.rowStride
        let offsets = (0..<directRowLimit * columns).map { $0 / columns * rowStep + $0 % columns * pixelStep }
        var current = -1
        var frame = UnsafePointer(scratch)
        var row = rows.lowerBound
        while row < rows.upperBound {
            let number = row / resultRows
            if number != current {
                frame = image(number)
                current = number
            }
            let first = row % resultRows
            let end = min(first + directGroupRows, resultRows, first + rows.upperBound - row)
            let sources = convolutionRows(of: first..<end)
            let result = operands.result + number * resultCount
            product(
                of: frame + sources.lowerBound * rowStep, rows: offsets, count: sources.count * columns,
                segments: segments, segmentCount: segments.count, segmentLength: segmentLength,
                weights: operands.weights, bias: operands.bias,
                clamp: pool == nil ? operands.clamp : .identity,
                to: pool == nil ? result + first * columns * outputChannels : scratch)
            if let pool {
                pool.maxPool(
                    rows: first..<end, of: scratch, firstRow: sources.lowerBound, columns: columns,
                    clamp: operands.clamp, to: result,
                    argmax: operands.argmax.map { $0 + number * resultCount })
            }
            row += end - first
        }
    }

    /// The convolution's rows that result rows need.
    private func convolutionRows(of rows: Range<Int>) -> Range<Int> {
        guard let pool else { return rows }
        let first = max(0, pool.vertical.source(rows.lowerBound, 0))
        let end = pool.vertical.source(rows.upperBound - 1, pool.vertical.window)
        return first..<min(end, vertical.outputs)
    }
}

extension WindowGeometry {
    /// Pools output rows of one image, whose rows from `firstRow` on lie in `x`, `columns` pixels each.
    ///
    /// The argmax is the cell's number in the whole window, or `CITIUS_NO_ARGMAX`.
    func maxPool(
        rows: Range<Int>, of x: UnsafePointer<Float>, firstRow: Int, columns: Int, clamp: Clamp,
        to y: UnsafeMutablePointer<Float>, argmax: UnsafeMutablePointer<UInt8>?
    ) {
        let set = InstructionSet.chosen.kernels
        forEachRunOfWindows(columns: columns, firstRow: firstRow, rows: rows) { run in
            var job = citius_max_pool(
                x: x, window_stride: horizontal.stride * channels, window_count: run.count,
                cells: run.cells.baseAddress, numbers: run.numbers.baseAddress, cell_count: run.cells.count,
                channels: channels, clamp: clamp.forMicrokernels, y: y + run.result,
                argmax: argmax.map { $0 + run.result })
            set.max_pool(&job)
        }
    }

    /// Windows that follow each other and have the same cells over the input.
    struct WindowRun {
        let count: Int
        /// Where the first one's result begins.
        let result: Int
        /// Where the first one's cells begin, and their numbers in the whole window.
        let cells: UnsafeMutableBufferPointer<Int>
        let numbers: UnsafeMutableBufferPointer<UInt8>
    }

    /// Goes over the windows of some output rows of one image, of which rows from `firstRow` on lie in memory,
    /// `columns` pixels each: runs of whole windows, and the others one by one.
    func forEachRunOfWindows(
        columns: Int, firstRow: Int, rows: Range<Int>, _ body: (WindowRun) -> Void
    ) {
        let whole = horizontal.wholeWindows
        withUnsafeTemporaryAllocation(of: Int.self, capacity: cellCount) { cells in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: cellCount) { numbers in
                for row in rows {
                    func visit(_ windows: Range<Int>) {
                        guard !windows.isEmpty else { return }
                        let column = windows.lowerBound
                        var count = 0
                        for i in vertical.cells(at: row) {
                            for j in horizontal.cells(at: column) {
                                let source = (vertical.source(row, i) - firstRow) * columns
                                cells[count] = (source + horizontal.source(column, j)) * channels
                                numbers[count] = UInt8(i * horizontal.window + j)
                                count += 1
                            }
                        }
                        body(
                            WindowRun(
                                count: windows.count, result: (row * horizontal.output + column) * channels,
                                cells: .init(rebasing: cells[0..<count]),
                                numbers: .init(rebasing: numbers[0..<count])))
                    }
                    for column in 0..<whole.lowerBound { visit(column..<column + 1) }
                    visit(whole)
                    for column in whole.upperBound..<horizontal.output { visit(column..<column + 1) }
                }
            }
        }
    }
}

extension WindowGeometry.Axis {
    /// The windows all of whose cells lie over the input.
    var wholeWindows: Range<Int> {
        let first = min(output, (paddingBefore + stride - 1) / stride)
        let last = input + paddingBefore - ((window - 1) * dilation + 1)
        let end = last < 0 ? first : min(output, last / stride + 1)
        return first..<max(first, end)
    }
}
