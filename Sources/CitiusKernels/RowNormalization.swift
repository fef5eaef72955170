import CitiusSIMD

/// Normalization of each row of a [rows, width] matrix by its own mean and variance (Ba, Kiros and Hinton 2016,
/// arXiv:1607.06450), or by its root mean square alone (Zhang and Sennrich 2019, arXiv:1910.07467):
///
///     y = (x − mean)·inverse·scale + offset,   inverse = 1 / √(variance + ε)
///
/// A row is read from memory once each way.
package struct RowNormalization: Sendable {
    package let rows: Int
    package let width: Int
    package let epsilon: Double
    /// Whether the mean is taken off.
    package let centers: Bool

    package init(rows: Int, width: Int, epsilon: Double, centers: Bool) {
        self.rows = rows
        self.width = width
        self.epsilon = epsilon
        self.centers = centers
    }

    /// Rows whose sums are made one after the other.
    private static let blockRows = 256
    private var chunks: Int { ThreadPool.chunkCount(of: rows, grain: max(1, 8_192 / max(1, width))) }

    private func forMicrokernels<T>(
        _ x: UnsafePointer<T>, _ rows: Range<Int>, scale: UnsafePointer<T>?, offset: UnsafePointer<T>?,
        means: UnsafeMutablePointer<T>, inverses: UnsafeMutablePointer<T>, y: UnsafeMutablePointer<T>?
    ) -> citius_row_normalization {
        citius_row_normalization(
            x: floats(x) + rows.lowerBound * width, rows: rows.count, width: width,
            scale: scale.map { floats($0) }, offset: offset.map { floats($0) }, epsilon: Float(epsilon),
            centers: centers ? 1 : 0, means: mutableFloats(means) + rows.lowerBound,
            inverses: mutableFloats(inverses) + rows.lowerBound,
            y: y.map { mutableFloats($0) + rows.lowerBound * width })
    }

    /// - Parameters:
    ///   - scale: [width], nil for ones.
    ///   - offset: [width], nil for zeros.
    ///   - means: of the rows, for the gradient; zeros unless they are centered.
    ///   - inverses: likewise.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func apply<T: KernelReal>(
        _ x: UnsafePointer<T>, scale: UnsafePointer<T>?, offset: UnsafePointer<T>?,
        means: UnsafeMutablePointer<T>, inverses: UnsafeMutablePointer<T>, to y: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "normalization of rows \(rows)×\(width)", operations: 8 * rows * width,
            elements: 2 * rows * width,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        guard width > 0 else { return }
        ThreadPool.shared.forChunks(chunks, of: rows) { _, range in
            if T.self == Float.self {
                var normalization = forMicrokernels(
                    x, range, scale: scale, offset: offset, means: means, inverses: inverses, y: y)
                InstructionSet.chosen.kernels.normalize_each_row(&normalization)
                return
            }
            for row in range {
                let line = x + row * width
                let mean = centers ? pairwiseSum(width) { line[$0] } / T(width) : 0
                let variance = pairwiseSum(width) { (line[$0] - mean) * (line[$0] - mean) } / T(width)
                let inverse = 1 / (variance + T(converting: epsilon)).squareRoot()
                means[row] = mean
                inverses[row] = inverse
                for column in 0..<width {
                    let factor = scale.map { inverse * $0[column] } ?? inverse
                    y[row * width + column] = (line[column] - mean) * factor + (offset?[column] ?? 0)
                }
            }
        }
    }

    /// The gradients, from that of y and from what `apply` left. Those that nobody wants are nil.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func gradient<T: KernelReal>(
        _ x: UnsafePointer<T>, scale: UnsafePointer<T>?, means: UnsafeMutablePointer<T>,
        inverses: UnsafeMutablePointer<T>, dy: UnsafePointer<T>, dx: UnsafeMutablePointer<T>?,
        scaleGradient: UnsafeMutablePointer<T>?, offsetGradient: UnsafeMutablePointer<T>?
    ) {
        let span = Span(
            "normalization's gradient of rows \(rows)×\(width)", operations: 15 * rows * width,
            elements: 3 * rows * width, elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        guard width > 0 else { return }
        let chunks = chunks
        // For each chunk the sums of scale and of offset, and those of a block of rows, which bounds the rounding error.
        withUnsafeTemporaryAllocation(of: T.self, capacity: max(1, 4 * chunks * width)) { sums in
            guard let sums = sums.baseAddress else { return }
            sums.update(repeating: 0, count: 4 * chunks * width)
            ThreadPool.shared.forChunks(chunks, of: rows) { chunk, range in
                let scaleSums = sums + chunk * width
                let offsetSums = sums + (chunks + chunk) * width
                let block = sums + (2 * chunks + 2 * chunk) * width
                for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.blockRows) {
                    let part = start..<min(start + Self.blockRows, range.upperBound)
                    block.update(repeating: 0, count: 2 * width)
                    addGradients(
                        x, part, scale, means, inverses, dy, dx,
                        scaleSums: scaleGradient == nil ? nil : block,
                        offsetSums: offsetGradient == nil ? nil : block + width)
                    for column in 0..<width {
                        scaleSums[column] += block[column]
                        offsetSums[column] += block[width + column]
                    }
                }
            }
            for (target, slots) in [(scaleGradient, sums), (offsetGradient, sums + chunks * width)] {
                if let target { addSlots(slots, stride: width, slots: chunks, 0..<width, to: target) }
            }
        }
    }

    @inline(__always)
    private func addGradients<T: KernelReal>(
        _ x: UnsafePointer<T>, _ range: Range<Int>, _ scale: UnsafePointer<T>?,
        _ means: UnsafeMutablePointer<T>, _ inverses: UnsafeMutablePointer<T>, _ dy: UnsafePointer<T>,
        _ dx: UnsafeMutablePointer<T>?, scaleSums: UnsafeMutablePointer<T>?,
        offsetSums: UnsafeMutablePointer<T>?
    ) {
        if T.self == Float.self {
            var normalization = forMicrokernels(
                x, range, scale: scale, offset: nil, means: means, inverses: inverses, y: nil)
            InstructionSet.chosen.kernels.normalize_each_row_gradient(
                &normalization, floats(dy) + range.lowerBound * width,
                dx.map { mutableFloats($0) + range.lowerBound * width }, scaleSums.map { mutableFloats($0) },
                offsetSums.map { mutableFloats($0) })
            return
        }
        for row in range {
            let (line, gradients) = (x + row * width, dy + row * width)
            let (mean, inverse) = (means[row], inverses[row])
            func normal(_ column: Int) -> T { (line[column] - mean) * inverse }
            func scaled(_ column: Int) -> T {
                scale.map { gradients[column] * $0[column] } ?? gradients[column]
            }
            for column in 0..<width {
                if let scaleSums { scaleSums[column] += gradients[column] * normal(column) }
                if let offsetSums { offsetSums[column] += gradients[column] }
            }
            guard let dx else { continue }
            let sum = centers ? pairwiseSum(width) { scaled($0) } / T(width) : 0
            let product = pairwiseSum(width) { scaled($0) * normal($0) } / T(width)
            for column in 0..<width {
                dx[row * width + column] = (scaled(column) - sum - normal(column) * product) * inverse
            }
        }
    }
}
