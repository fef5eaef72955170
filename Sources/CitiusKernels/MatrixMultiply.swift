import CitiusBLAS
import CitiusPlatform

/// C ← α·op(A)·op(B) + β·C for row-major matrices, where op transposes or not.
///
/// - Parameters:
///   - m: rows of op(A) and of C.
///   - n: columns of op(B) and of C.
///   - k: columns of op(A), rows of op(B).
///   - leadingA: elements from one row of A, as stored, to the next; likewise B's and C's.
///
/// C is split over the pool's threads along its longer side; a call from inside a parallel loop runs on its
/// own thread. With β = 0, C need not be initialized.
@specialized(where T == Float)
@specialized(where T == Double)
package func matrixMultiply<T: KernelReal>(
    transposeA: Bool = false, transposeB: Bool = false, rows m: Int, columns n: Int, depth k: Int,
    alpha: T = 1, _ a: UnsafePointer<T>, leadingA: Int, _ b: UnsafePointer<T>, leadingB: Int,
    beta: T = 0, _ c: UnsafeMutablePointer<T>, leadingC: Int
) {
    guard m > 0, n > 0 else { return }
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
            leadingA: leadingA, floats(b), leadingB: leadingB) : .general
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
    // A loop of the pool costs a microsecond: some 50,000 multiplications of one core.
    let smallestShare = 50_000
    let pool = ThreadPool.shared
    let parts = min(pool.threadCount, max(1, m * n * max(k, 1) / smallestShare), max(m, n))
    // Split so that each thread reads its own share of the larger side; whole vectors of columns. Where the left side is
    // listed, each its own rows of it, if the right one is not turned.
    let vectors = (n + 31) / 32
    if parts == 1 {
        multiplyBlock(0..<m, 0..<n)
    } else if method == .sparse && !transposeA && !transposeB && m >= 2 * parts {
        pool.forParts(of: m, parts: parts) { _, rows in multiplyBlock(rows, 0..<n) }
    } else if method != .general && !transposeA && vectors >= parts {
        pool.forParts(of: vectors, parts: parts) { _, range in
            multiplyBlock(0..<m, range.lowerBound * 32..<min(range.upperBound * 32, n))
        }
    } else if m >= n {
        pool.forParts(of: m, parts: parts) { _, rows in multiplyBlock(rows, 0..<n) }
    } else {
        pool.forParts(of: n, parts: parts) { _, columns in multiplyBlock(0..<m, columns) }
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
