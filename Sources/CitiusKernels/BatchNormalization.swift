import CitiusSIMD

/// A row-major [rows, channels] matrix, seen with `fold` of its rows laid side by side as one row, so that
/// few or odd channels fill vectors too. What is left of the rows is a row that ends early.
package struct ChannelRows: Sendable {
    package let rows: Int
    package let channels: Int
    let fold: Int

    /// Columns of a folded row.
    var width: Int { channels * fold }
    /// Folded rows that are whole.
    var wholeRows: Int { rows / fold }
    /// Elements of the row that ends early.
    var rest: Int { rows % fold * channels }
    /// Where that row starts.
    var restStart: Int { wholeRows * width }
    /// Chunks of whole rows whose sums are made one by one, and then added in double precision: of 64 KiB at least, and
    /// of 4,096 rows at most, which bounds the rounding error.
    var chunks: Int {
        let rows = max(1, min(4_096, 16_384 / max(1, width)))
        return wholeRows == 0
            ? 0 : max(ThreadPool.chunkCount(of: wholeRows, grain: rows), (wholeRows + 4_095) / 4_096)
    }

    package init(rows: Int, channels: Int) {
        self.rows = rows
        self.channels = channels
        // Beyond this, what the last vector of a row wastes no longer matters.
        guard 1..<256 ~= channels else {
            fold = 1
            return
        }
        var fold = 16 >> min(4, channels.trailingZeroBitCount)
        // Four vectors of sixteen side by side: no sum waits for the one before.
        while channels * fold < 64 { fold *= 2 }
        self.fold = fold
    }
}

/// Batch normalization of a row-major [rows, channels] matrix (Ioffe and Szegedy 2015, arXiv 1502.03167):
/// every channel is brought to mean 0 and variance 1 over the rows, then scaled and shifted:
///
///     y = (x − mean)·factor + offset,   factor = scale / √(variance + ε)
///
/// and clamped. Nothing is kept for the clamp's gradient: where it passes is decided again from x, with the same rounding, which costs less than reading y.
///
/// The mean is kept as a sum of an element that the type can hold, the center, and the rest: x − center is
/// exact for data far from zero, and the rest is part of the shift.
package struct Normalization<T: KernelReal>: Sendable {
    package let layout: ChannelRows
    private let inverseDeviation: [Double]
    private let meanBeyondCenter: [Double]
    // Column by column of a folded row.
    private let center: [T]
    private let factor: [T]
    private let shift: [T]

    /// With mean and variance, channel by channel.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package init(
        _ layout: ChannelRows, mean: [Double], variance: [Double], epsilon: Double, scale: [T]?, offset: [T]?
    ) {
        self.layout = layout
        let channels = layout.channels
        let inverseDeviation = variance.map { 1 / ($0 + epsilon).squareRoot() }
        var meanBeyondCenter = [Double](repeating: 0, count: channels)
        var center = [T](repeating: 0, count: layout.width)
        var (factor, shift) = (center, center)
        for channel in 0..<channels {
            let exactFactor = inverseDeviation[channel] * (scale.map { Double($0[channel]) } ?? 1)
            center[channel] = T(mean[channel])
            factor[channel] = T(exactFactor)
            meanBeyondCenter[channel] = mean[channel] - Double(center[channel])
            shift[channel] = T(
                (offset.map { Double($0[channel]) } ?? 0) - meanBeyondCenter[channel] * exactFactor)
        }
        for column in channels..<max(channels, layout.width) {
            center[column] = center[column - channels]
            factor[column] = factor[column - channels]
            shift[column] = shift[column - channels]
        }
        self.inverseDeviation = inverseDeviation
        self.meanBeyondCenter = meanBeyondCenter
        self.center = center
        self.factor = factor
        self.shift = shift
    }

    /// y ← (x − mean)·factor + offset, clamped.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func apply(_ x: UnsafePointer<T>, clamp: Clamp, to y: UnsafeMutablePointer<T>) {
        let span = Span(
            "batch normalization \(layout.rows)×\(layout.channels)",
            operations: 2 * layout.rows * layout.channels, elements: 2 * layout.rows * layout.channels,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        withColumns { columns in
            forRows { offset, rows, width in
                columns.normalize(x + offset, rows, width, clamp, y + offset)
            }
        }
    }

    /// Σ dy and Σ dy·x̂ with x̂ = (x − mean) / √(variance + ε), channel by channel: the gradients of offset
    /// and scale.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func gradientSums(
        _ x: UnsafePointer<T>, dy: UnsafePointer<T>, clamp: Clamp
    ) -> (ofGradients: [Double], ofProducts: [Double]) {
        let span = Span(
            "batch normalization's sums \(layout.rows)×\(layout.channels)",
            operations: 4 * layout.rows * layout.channels, elements: 2 * layout.rows * layout.channels,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        let (width, chunks) = (layout.width, layout.chunks)
        var sums = [Double](repeating: 0, count: layout.channels)
        var products = sums
        withUnsafeTemporaryAllocation(of: T.self, capacity: 2 * (chunks + 1) * width) { workspace in
            guard let workspace = workspace.baseAddress else { return }
            workspace.initialize(repeating: 0, count: 2 * (chunks + 1) * width)
            withColumns { columns in
                ThreadPool.shared.forChunks(chunks, of: layout.wholeRows) { chunk, range in
                    let (offset, out) = (range.lowerBound * width, workspace + 2 * chunk * width)
                    columns.addSums(x + offset, dy + offset, range.count, width, clamp, out, out + width)
                }
                let (offset, out) = (layout.restStart, workspace + 2 * chunks * width)
                columns.addSums(x + offset, dy + offset, 1, layout.rest, clamp, out, out + width)
            }
            for chunk in 0...chunks {
                let (sum, product) = (workspace + 2 * chunk * width, workspace + (2 * chunk + 1) * width)
                for first in stride(from: 0, to: width, by: layout.channels) {
                    for channel in 0..<layout.channels {
                        sums[channel] += Double(sum[first + channel])
                        products[channel] += Double(product[first + channel])
                    }
                }
            }
        }
        for channel in 0..<layout.channels {
            products[channel] -= sums[channel] * meanBeyondCenter[channel]
            products[channel] *= inverseDeviation[channel]
        }
        return (sums, products)
    }

    /// The gradient of the input: where mean and variance are constants, factor·dy; where they are the batch's
    /// own, with n rows and the sums of `gradientSums`,
    ///
    ///     dx = factor·(dy − (Σ dy)/n − x̂·(Σ dy·x̂)/n).
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func inputGradient(
        _ x: UnsafePointer<T>, dy: UnsafePointer<T>, clamp: Clamp,
        through sums: (ofGradients: [Double], ofProducts: [Double])?, to dx: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "batch normalization's input gradient \(layout.rows)×\(layout.channels)",
            operations: 4 * layout.rows * layout.channels, elements: 3 * layout.rows * layout.channels,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        let channels = layout.channels
        var slope = [T](repeating: 0, count: layout.width)
        var constant = slope
        if let sums {
            let perRow = 1 / Double(layout.rows)
            for channel in 0..<channels {
                let factor = Double(factor[channel])
                let ofX = -factor * inverseDeviation[channel] * sums.ofProducts[channel] * perRow
                slope[channel] = T(ofX)
                constant[channel] = T(
                    -factor * sums.ofGradients[channel] * perRow - ofX * meanBeyondCenter[channel])
            }
            for column in channels..<max(channels, layout.width) {
                slope[column] = slope[column - channels]
                constant[column] = constant[column - channels]
            }
        }
        withColumns { columns in
            slope.withUnsafeBufferPointer { slope in
                constant.withUnsafeBufferPointer { constant in
                    guard let slope = slope.baseAddress, let constant = constant.baseAddress else { return }
                    forRows { offset, rows, width in
                        columns.gradient(
                            x + offset, dy + offset, slope, constant, rows, width, clamp, dx + offset)
                    }
                }
            }
        }
    }

    /// Splits the folded rows over the pool; the last one, which ends early, is a row of its own.
    @inline(__always)
    private func forRows(_ body: (_ offset: Int, _ rows: Int, _ width: Int) -> Void) {
        let width = layout.width
        ThreadPool.shared.forRanges(of: layout.wholeRows, grain: max(1, 16_384 / max(1, width))) { range in
            body(range.lowerBound * width, range.count, width)
        }
        if layout.rest > 0 { body(layout.restStart, 1, layout.rest) }
    }

    @inline(__always)
    private func withColumns(_ body: (NormalizationColumns<T>) -> Void) {
        center.withUnsafeBufferPointer { center in
            factor.withUnsafeBufferPointer { factor in
                shift.withUnsafeBufferPointer { shift in
                    guard let center = center.baseAddress, let factor = factor.baseAddress,
                        let shift = shift.baseAddress
                    else { return }
                    body(NormalizationColumns(center: center, factor: factor, shift: shift))
                }
            }
        }
    }
}
