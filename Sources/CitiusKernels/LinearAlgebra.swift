import CitiusBLAS

/// LAPACK on row-major matrices, through LAPACKE, for both element types under one name.
///
/// Every function works in place and returns LAPACK's `info`: 0 for success, a positive number where the
/// matrix has no such decomposition.
package enum LAPACK {
    private static func float<T>(_ pointer: UnsafeMutablePointer<T>) -> UnsafeMutablePointer<Float> {
        UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Float.self)
    }
    private static func double<T>(_ pointer: UnsafeMutablePointer<T>) -> UnsafeMutablePointer<Double> {
        UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Double.self)
    }
    private static var rowMajor: Int32 { LAPACK_ROW_MAJOR }
    private static func letter(_ character: Unicode.Scalar) -> CChar { CChar(character.value) }

    /// LU decomposition with row pivots (getrf) of an n × n matrix; `pivots` counts from 1.
    package static func luDecompose<T: KernelReal>(
        _ a: UnsafeMutablePointer<T>, n: Int, pivots: UnsafeMutablePointer<Int32>
    ) -> Int {
        let size = Int32(n)
        return T.self == Float.self
            ? Int(LAPACKE_sgetrf(rowMajor, size, size, float(a), size, pivots))
            : Int(LAPACKE_dgetrf(rowMajor, size, size, double(a), size, pivots))
    }

    /// a·x = b for an n × n matrix and n × columns right-hand sides, which become the solution (gesv).
    package static func solve<T: KernelReal>(
        _ a: UnsafeMutablePointer<T>, n: Int, pivots: UnsafeMutablePointer<Int32>,
        _ b: UnsafeMutablePointer<T>, columns: Int
    ) -> Int {
        let (size, width) = (Int32(n), Int32(columns))
        return T.self == Float.self
            ? Int(LAPACKE_sgesv(rowMajor, size, width, float(a), size, pivots, float(b), width))
            : Int(LAPACKE_dgesv(rowMajor, size, width, double(a), size, pivots, double(b), width))
    }

    /// The lower Cholesky factor (potrf); the upper triangle is left as it was.
    package static func cholesky<T: KernelReal>(_ a: UnsafeMutablePointer<T>, n: Int) -> Int {
        let size = Int32(n)
        return T.self == Float.self
            ? Int(LAPACKE_spotrf(rowMajor, letter("L"), size, float(a), size))
            : Int(LAPACKE_dpotrf(rowMajor, letter("L"), size, double(a), size))
    }

    /// The Householder QR decomposition (geqrf) of an m × n matrix; `reflections` holds min(m, n) factors.
    package static func qrDecompose<T: KernelReal>(
        _ a: UnsafeMutablePointer<T>, m: Int, n: Int, reflections: UnsafeMutablePointer<T>
    ) -> Int {
        T.self == Float.self
            ? Int(LAPACKE_sgeqrf(rowMajor, Int32(m), Int32(n), float(a), Int32(n), float(reflections)))
            : Int(LAPACKE_dgeqrf(rowMajor, Int32(m), Int32(n), double(a), Int32(n), double(reflections)))
    }

    /// The first `columns` columns of Q (orgqr) from `count` reflections, in a matrix of `stride` columns.
    package static func formQ<T: KernelReal>(
        _ a: UnsafeMutablePointer<T>, m: Int, columns: Int, count: Int, stride: Int,
        reflections: UnsafeMutablePointer<T>
    ) -> Int {
        let (rows, width, k, lda) = (Int32(m), Int32(columns), Int32(count), Int32(stride))
        return T.self == Float.self
            ? Int(LAPACKE_sorgqr(rowMajor, rows, width, k, float(a), lda, float(reflections)))
            : Int(LAPACKE_dorgqr(rowMajor, rows, width, k, double(a), lda, double(reflections)))
    }

    /// The reduced singular value decomposition (gesdd): u is m × r, vt r × n with r = min(m, n).
    package static func svd<T: KernelReal>(
        _ a: UnsafeMutablePointer<T>, m: Int, n: Int, values: UnsafeMutablePointer<T>,
        u: UnsafeMutablePointer<T>, vt: UnsafeMutablePointer<T>
    ) -> Int {
        let (rows, columns, rank) = (Int32(m), Int32(n), Int32(min(m, n)))
        return T.self == Float.self
            ? Int(
                LAPACKE_sgesdd(
                    rowMajor, letter("S"), rows, columns, float(a), columns, float(values), float(u), rank,
                    float(vt), columns))
            : Int(
                LAPACKE_dgesdd(
                    rowMajor, letter("S"), rows, columns, double(a), columns, double(values), double(u), rank,
                    double(vt), columns))
    }

    /// Eigenvalues, ascending, and eigenvectors, in columns, of a symmetric matrix by its lower triangle (syevd).
    package static func symmetricEigen<T: KernelReal>(
        _ a: UnsafeMutablePointer<T>, n: Int, values: UnsafeMutablePointer<T>
    ) -> Int {
        let size = Int32(n)
        return T.self == Float.self
            ? Int(LAPACKE_ssyevd(rowMajor, letter("V"), letter("L"), size, float(a), size, float(values)))
            : Int(LAPACKE_dsyevd(rowMajor, letter("V"), letter("L"), size, double(a), size, double(values)))
    }

    /// The solution of least norm of min ‖a·x − b‖ by the singular values (gelsd); b holds max(m, n) rows.
    package static func leastSquares<T: KernelReal>(
        _ a: UnsafeMutablePointer<T>, m: Int, n: Int, _ b: UnsafeMutablePointer<T>, columns: Int,
        singularValues: UnsafeMutablePointer<T>
    ) -> Int {
        var rank: Int32 = 0
        let (rows, width, sides) = (Int32(m), Int32(n), Int32(columns))
        return T.self == Float.self
            ? Int(
                LAPACKE_sgelsd(
                    rowMajor, rows, width, sides, float(a), width, float(b), sides, float(singularValues), -1,
                    &rank))
            : Int(
                LAPACKE_dgelsd(
                    rowMajor, rows, width, sides, double(a), width, double(b), sides, double(singularValues),
                    -1, &rank))
    }
}
