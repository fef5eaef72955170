import CitiusPlatform
import CitiusSIMD

/// What a product of codes reads: codes, or numbers that become codes first.
package enum CodeInput {
    case codes(UnsafePointer<UInt8>)
    case numbers(UnsafePointer<Float>)

    /// Leaves `count` codes from `offset` on at `target`.
    func copy(
        from offset: Int, count: Int, _ range: CodeRange, by set: CodeInstructionSet,
        to target: UnsafeMutablePointer<UInt8>
    ) {
        switch self {
        case .codes(let codes): target.update(from: codes + offset, count: count)
        case .numbers(let numbers): set.quantize(numbers + offset, count: count, by: range, to: target)
        }
    }
}

/// Where results go: as codes, or as numbers.
package enum CodeOutput {
    case codes(UnsafeMutablePointer<UInt8>)
    case numbers(UnsafeMutablePointer<Float>)

    func assign(from offset: Int, to product: inout citius_code_product) {
        switch self {
        case .codes(let codes): product.codes = codes + offset
        case .numbers(let numbers): product.y = numbers + offset
        }
    }
}

/// A dense layer in whole numbers: rows of codes times a matrix of signed bytes.
///
/// value[r, c] = clamp(Σ over k of (x[r, k] − zero)·w[k, c] · input scale · scales[c] + bias[c])
///
/// The sums are exact, so that every instruction set and any number of threads gives the same bits. (Jacob et al. 2018,
/// arXiv 1712.05877, with a real factor for each column in place of a fixed-point one.)
package struct CodeProduct: Sendable {
    package let rows: Int
    package let depth: Int
    package let columns: Int
    package let arithmetic: CodeArithmetic
    let set: CodeInstructionSet
    private let weights: CodeWeights

    package init(
        rows: Int, depth: Int, columns: Int, arithmetic: CodeArithmetic, set: CodeInstructionSet = .chosen
    ) {
        self.rows = rows
        self.depth = depth
        self.columns = columns
        self.arithmetic = arithmetic
        self.set = set
        weights = CodeWeights(
            segmentCount: 1, segmentLength: depth, columns: columns, zeroPoint: arithmetic.input.zeroPoint,
            lanes: set.kernels.lanes)
    }

    package static let depthLimit = CodeWeights.depthLimit

    package var packedByteCount: Int { weights.byteCount }

    /// Lays a matrix [depth, columns] out as `run` reads it.
    package func pack(_ matrix: UnsafePointer<Int8>, to target: UnsafeMutableRawPointer) {
        weights.pack(matrix, to: target)
    }

    /// - Parameters:
    ///   - packed: the weights, as `pack` leaves them.
    ///   - scales: of the weights, [columns].
    package func run(
        input: CodeInput, packed: UnsafeRawPointer, scales: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        output: CodeOutput
    ) {
        let span = Span(
            "integer product \(rows)×\(depth)×\(columns)", operations: 2 * rows * depth * columns,
            elements: rows * depth + depth * columns + rows * columns, elementBytes: 1)
        defer { span.end() }
        // Rows of which groups of four are whole are read in place.
        let stride = (depth + 3) / 4 * 4
        let tileRows = 48
        let chunks = ThreadPool.chunkCount(
            of: rows * depth * columns / 4, grain: ProductCut.grain, limit: max(1, min(64, rows / 12)))
        arithmetic.withScaling(
            scales: scales, bias: bias, columns: columns, padded: weights.paddedColumns
        ) { scaling in
            let product = weights.product(packed, scaling)
            let offsets = (0..<tileRows).map { $0 * stride }
            ThreadPool.shared.forChunks(chunks, of: rows, scratchCount: tileRows * stride) {
                (_, range, scratch: UnsafeMutablePointer<UInt8>) in
                var product = product
                var segment = 0
                for first in Swift.stride(from: range.lowerBound, to: range.upperBound, by: tileRows) {
                    let count = min(tileRows, range.upperBound - first)
                    if case .codes(let codes) = input, stride == depth {
                        product.x = codes + first * depth
                    } else {
                        for row in 0..<count {
                            input.copy(
                                from: (first + row) * depth, count: depth, arithmetic.input, by: set,
                                to: scratch + row * stride)
                            // The weights there are 0; what is read must be a code all the same.
                            (scratch + row * stride + depth).update(repeating: 0, count: stride - depth)
                        }
                        product.x = UnsafePointer(scratch)
                    }
                    output.assign(from: first * columns, to: &product)
                    product.row_count = count
                    offsets.withUnsafeBufferPointer { offsets in
                        product.rows = offsets.baseAddress
                        withUnsafePointer(to: &segment) {
                            product.segments = $0
                            set.kernels.multiply_codes(&product)
                        }
                    }
                }
            }
        }
    }
}
