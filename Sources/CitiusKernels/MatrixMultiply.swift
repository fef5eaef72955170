import CitiusBLAS
import CitiusPlatform

/// C ← α·op(A)·op(B) + β·C for row-major matrices, where op transposes or not.
///
/// - Parameters:
///   - m: rows of op(A) and of C.
///   - n: columns of op(B) and of C.
///   - k: columns of op(A), rows of op(B).
///   - leadingA: elements from one row of A, as stored, to the next; likewise B's and C's.
///   - skipsZeros: whether products with elements that are 0 may be left out, where that is faster.
///   - bias: what is added to each row of C before it is clamped; of a C without gaps between its rows, of A as it is.
///
/// C is cut into blocks by the sizes alone, which the pool's threads compute; a call from inside a parallel loop runs on
/// its own thread, block by block as well. With β = 0, C need not be initialized.
@specialized(where T == Float)
@specialized(where T == Double)
package func matrixMultiply<T: KernelReal>(
    transposeA: Bool = false, transposeB: Bool = false, rows m: Int, columns n: Int, depth k: Int,
    alpha: T = 1, _ a: UnsafePointer<T>, leadingA: Int, _ b: UnsafePointer<T>, leadingB: Int,
    beta: T = 0, _ c: UnsafeMutablePointer<T>, leadingC: Int, bias: UnsafePointer<T>? = nil,
    clamp: Clamp = .identity, skipsZeros: Bool = true
) {
    guard m > 0, n > 0 else { return }
    assert(bias == nil && clamp.isIdentity || !transposeA && leadingC == n)
    let span = Span(
        "matrix product \(m)×\(k) · \(k)×\(n)", operations: 2 * m * n * k, elements: m * k + k * n + m * n,
        elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    func floats(_ pointer: UnsafePointer<T>) -> UnsafePointer<Float> {
        UnsafeRawPointer(pointer).assumingMemoryBound(to: Float.self)
    }
    let method: FloatProduct.Method =
        T.self == Float.self && alpha == 1 && beta == 0
        ? FloatProduct.method(
            transposeA: transposeA, transposeB: transposeB, rows: m, columns: n, depth: k, floats(a),
            leadingA: leadingA, floats(b), leadingB: leadingB, skipsZeros: skipsZeros) : .general
    func addBiasIfAny() {
        if bias != nil || !clamp.isIdentity { addBias(bias, clamp: clamp, to: c, rows: m, columns: n) }
    }
    func multiplyBlock(_ rows: Range<Int>, _ columns: Range<Int>) {
        if method != .general {
            let a = floats(a + rows.lowerBound * (transposeA ? 1 : leadingA))
            let b = floats(b + columns.lowerBound * (transposeB ? leadingB : 1))
            let c = UnsafeMutableRawPointer(c + rows.lowerBound * leadingC + columns.lowerBound)
                .assumingMemoryBound(to: Float.self)
            if method == .sparse {
                FloatProduct.multiplySparse(
                    transposeA: transposeA, transposeB: transposeB, rows: rows.count, columns: columns.count,
                    depth: k, a, leadingA: leadingA, b, leadingB: leadingB, c, leadingC: leadingC)
            } else {
                FloatProduct.multiply(
                    transposeA: transposeA, transposeB: transposeB, rows: rows.count, columns: columns.count,
                    depth: k, a, leadingA: leadingA, b, leadingB: leadingB, c, leadingC: leadingC)
            }
            return
        }
        multiplyOnThisThread(
            transposeA: transposeA, transposeB: transposeB,
            rows: rows.count, columns: columns.count, depth: k, alpha: alpha,
            a + rows.lowerBound * (transposeA ? 1 : leadingA), leadingA: leadingA,
            b + columns.lowerBound * (transposeB ? leadingB : 1), leadingB: leadingB,
            beta: beta, c + rows.lowerBound * leadingC + columns.lowerBound, leadingC: leadingC)
    }
    let slots = beta == 0 ? ProductCut.depthChunks(method, rows: m, columns: n, depth: k) : 1
    if slots > 1 {
        multiplyDeep(
            slots, transposeA: transposeA, transposeB: transposeB, rows: m, columns: n, depth: k,
            alpha: alpha, a,
            leadingA: leadingA, b, leadingB: leadingB, c, leadingC: leadingC)
        addBiasIfAny()
        return
    }
    if method == .general && T.self == Float.self && alpha == 1 && beta == 0
        && TiledProduct.takes(
            transposeA: transposeA, transposeB: transposeB, rows: m, columns: n, depth: k)
    {
        TiledProduct.multiply(
            transposeA: transposeA, transposeB: transposeB, rows: m, columns: n, depth: k, floats(a),
            leadingA: leadingA, floats(b), leadingB: leadingB, mutableFloats(c), leadingC: leadingC,
            bias: bias.map { floats($0) }, clamp: clamp)
        return
    }
    let cut = ProductCut(
        method, transposeA: transposeA, transposeB: transposeB, rows: m, columns: n, depth: k)
    ThreadPool.shared.run(cut.rowChunks * cut.columnChunks) { chunk in
        let (rows, columns) = cut.block(chunk)
        if !rows.isEmpty && !columns.isEmpty { multiplyBlock(rows, columns) }
    }
    addBiasIfAny()
}

/// C ← α·op(A)·op(B) for a great depth and a small result: a product for each chunk of the depth, which are added in
/// pairs. One running sum would drift, and would leave all threads but one or two idle.
private func multiplyDeep<T: KernelReal>(
    _ chunks: Int, transposeA: Bool, transposeB: Bool, rows m: Int, columns n: Int, depth k: Int, alpha: T,
    _ a: UnsafePointer<T>, leadingA: Int, _ b: UnsafePointer<T>, leadingB: Int,
    _ c: UnsafeMutablePointer<T>, leadingC: Int
) {
    withUnsafeTemporaryAllocation(of: T.self, capacity: chunks * m * n) { slots in
        guard let slots = slots.baseAddress else { return }
        ThreadPool.shared.forChunks(chunks, of: k) { chunk, depth in
            multiplyOnThisThread(
                transposeA: transposeA, transposeB: transposeB, rows: m, columns: n, depth: depth.count,
                alpha: alpha, a + depth.lowerBound * (transposeA ? leadingA : 1), leadingA: leadingA,
                b + depth.lowerBound * (transposeB ? 1 : leadingB), leadingB: leadingB,
                slots + chunk * m * n, leadingC: n)
        }
        addSlots(slots, stride: m * n, slots: chunks, 0..<m * n, to: slots)
        for row in 0..<m { (c + row * leadingC).update(from: slots + row * n, count: n) }
    }
}

/// How a product's result is cut into blocks: by the sizes and the method alone, since the BLAS rounds otherwise for a
/// block of another size, and so do sums over listed elements.
struct ProductCut {
    private let rows: Int
    private let columns: Int
    private(set) var rowChunks = 1
    private(set) var columnChunks = 1
    /// Chunks of columns begin at multiples of it.
    private var columnUnit = 1

    /// A loop of the pool costs a microsecond: some 50,000 multiplications of one core.
    static let grain = 50_000

    init(
        _ method: FloatProduct.Method, transposeA: Bool, transposeB: Bool, rows: Int, columns: Int, depth: Int
    ) {
        self.rows = rows
        self.columns = columns
        let work = rows * columns * max(depth, 1)
        func chunks(of count: Int) -> Int {
            ThreadPool.chunkCount(of: work, grain: Self.grain, limit: max(1, min(16, count)))
        }
        switch method {
        case .sparse where !transposeA && !transposeB && rows >= 32:
            // Each chunk lists its own rows of the left side.
            rowChunks = chunks(of: rows / 16)
        case .sparse, .dense:
            // Each chunk lists the sparse side again, which its own part of the other side must outweigh.
            let length = method == .sparse ? 256 : 64
            if transposeA {
                rowChunks = chunks(of: max(2, rows / length))
            } else {
                // Whole vectors of columns of the right side.
                columnUnit = 32
                columnChunks = chunks(of: min((columns + 31) / 32, max(2, columns / length)))
            }
        case .general:
            // Two blocks, or four of 50 µs, if there is so much to do; more only where sides are longer than 512, since
            // the BLAS copies the rows and columns of each block first.
            while rowChunks * columnChunks < 64 {
                let blocks = rowChunks * columnChunks
                let (height, width) = (rows / rowChunks, columns / columnChunks)
                let isLarge = max(height, width) > 512
                let pays = work / blocks >= (blocks == 1 ? 2 * Self.grain : 80 * Self.grain)
                guard max(height, width) > 1, pays, isLarge || blocks < 4 else { break }
                if height >= width { rowChunks *= 2 } else { columnChunks *= 2 }
            }
        }
    }

    /// Chunks of a depth beyond which the BLAS's running sum would drift; 1 where its sums are short, or where slots for
    /// them would take more than 16 MiB.
    static func depthChunks(_ method: FloatProduct.Method, rows: Int, columns: Int, depth: Int) -> Int {
        guard method == .general else { return 1 }
        return ThreadPool.chunkCount(
            of: depth, grain: 8_192, limit: max(1, min(64, (4 << 20) / (rows * columns))))
    }

    func block(_ number: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        let units = ThreadPool.range(
            number % columnChunks, of: columnChunks, in: (columns + columnUnit - 1) / columnUnit)
        return (
            ThreadPool.range(number / columnChunks, of: rowChunks, in: rows),
            units.lowerBound * columnUnit..<min(units.upperBound * columnUnit, columns)
        )
    }
}

/// The same product by one call of the BLAS, for kernels that split their work themselves.
@inline(__always)
func multiplyOnThisThread<T: KernelReal>(
    transposeA: Bool = false, transposeB: Bool = false, rows m: Int, columns n: Int, depth k: Int,
    alpha: T = 1, _ a: UnsafePointer<T>, leadingA: Int, _ b: UnsafePointer<T>, leadingB: Int,
    beta: T = 0, _ c: UnsafeMutablePointer<T>, leadingC: Int
) {
    // The BLAS rejects a leading dimension of 0, which an empty matrix has.
    let (m32, n32, k32) = (Int32(m), Int32(n), Int32(k))
    let lda = Int32(max(1, leadingA))
    let ldb = Int32(max(1, leadingB))
    let ldc = Int32(max(1, leadingC))
    let opA = transposeA ? CblasTrans : CblasNoTrans
    let opB = transposeB ? CblasTrans : CblasNoTrans
    if T.self == Float.self {
        cblas_sgemm(
            CblasRowMajor, opA, opB, m32, n32, k32, Float(alpha),
            UnsafeRawPointer(a).assumingMemoryBound(to: Float.self), lda,
            UnsafeRawPointer(b).assumingMemoryBound(to: Float.self), ldb, Float(beta),
            UnsafeMutableRawPointer(c).assumingMemoryBound(to: Float.self), ldc)
    } else if T.self == Double.self {
        cblas_dgemm(
            CblasRowMajor, opA, opB, m32, n32, k32, Double(alpha),
            UnsafeRawPointer(a).assumingMemoryBound(to: Double.self), lda,
            UnsafeRawPointer(b).assumingMemoryBound(to: Double.self), ldb, Double(beta),
            UnsafeMutableRawPointer(c).assumingMemoryBound(to: Double.self), ldc)
    } else {
        fail("matrixMultiply: \(T.self) is not an element type of the BLAS")
    }
}
