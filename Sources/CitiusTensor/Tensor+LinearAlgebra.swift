import CitiusKernels
import CitiusPlatform

/// Why a matrix has no such decomposition or solution.
public struct LinearAlgebraError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
}

// Linear algebra over LAPACK, on float32 and float64. The last two axes are the matrix; axes before them are
// a batch, and each of its matrices is treated on its own. What a matrix's values make impossible throws;
// shapes that do not fit trap.
extension Tensor {
    /// The x of A·x = b. `self` is A, [.., n, n]; b is [.., n, columns], or [n] for one matrix; the batch axes
    /// agree. Throws if a matrix is singular.
    public func solve(_ b: Tensor) throws(LinearAlgebraError) -> Tensor {
        if b.rank == 1 && rank == 2 {
            return try solve(b.expandingAxis(at: 1)).squeezed(axis: 1)
        }
        let n = requireSquare("solve")
        Self.requireOneDType("solve", self, b)
        require(
            b.rank == rank && b.shape.sizes.dropLast() == shape.sizes.dropLast(),
            "solve: right-hand sides \(b.shape) for matrices \(shape), expected [.., \(n), columns]")
        let columns = b.shape[-1]
        return try eachMatrix("solve", results: [(b, n * columns)]) { body in
            body.solve(n, columns)
        }[0]
    }

    /// The inverse, [.., n, n]. Throws if a matrix is singular.
    public func inverse() throws(LinearAlgebraError) -> Tensor {
        let n = requireSquare("inverse")
        return try solve(Tensor(identity: n, dtype: dtype).expanded(to: shape))
    }

    /// The determinants, of the batch's shape. Zero for a singular matrix.
    public func determinant() -> Tensor {
        let n = requireSquare("determinant")
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            var factors = self
            let batch = Shape(Array(shape.sizes.dropLast(2)))
            var pivots = [Int32](repeating: 0, count: n)
            return Tensor(shape: batch) { (out: UnsafeMutablePointer<T>) in
                factors.withMutableElements { (a: UnsafeMutablePointer<T>) in
                    for index in 0..<batch.count {
                        let matrix = a + index * n * n
                        _ = n == 0 ? 0 : LAPACK.luDecompose(matrix, n: n, pivots: &pivots)
                        var determinant: T = 1
                        for row in 0..<n {
                            determinant *= matrix[row * n + row]
                            // Each exchange of rows turns the sign.
                            if pivots[row] != Int32(row + 1) { determinant = -determinant }
                        }
                        out[index] = determinant
                    }
                }
            }
        }
        return apply(dtype.realType(for: "determinant"))
    }

    /// The lower triangular L of A = L·Lᵀ, [.., n, n]; only A's lower triangle is read. Throws if a matrix is
    /// not positive definite.
    public func cholesky() throws(LinearAlgebraError) -> Tensor {
        let n = requireSquare("cholesky")
        return try eachMatrix("cholesky", results: [(self, n * n)]) { $0.cholesky(n) }[0]
    }

    /// The reduced decomposition A = Q·R of [.., m, n]: Q is [.., m, r] with orthonormal columns, R upper
    /// triangular, [.., r, n], with r = min(m, n).
    ///
    /// Throws if a matrix holds NaN.
    public func qr() throws(LinearAlgebraError) -> (q: Tensor, r: Tensor) {
        let (m, n, batch) = requireMatrix("qr")
        let rank = Swift.min(m, n)
        let q = Tensor(zeros: Shape(batch + [m, rank]), dtype: dtype)
        let r = Tensor(zeros: Shape(batch + [rank, n]), dtype: dtype)
        let results = try eachMatrix("qr", results: [(q, m * rank), (r, rank * n)]) { $0.qr(m, n) }
        return (results[0], results[1])
    }

    /// The reduced decomposition A = U·diag(s)·Vᵀ of [.., m, n]: U is [.., m, r], the singular values [.., r],
    /// largest first, Vᵀ [.., r, n], with r = min(m, n). Throws if a matrix holds NaN or does not converge.
    public func svd() throws(LinearAlgebraError) -> (u: Tensor, singularValues: Tensor, vt: Tensor) {
        let (m, n, batch) = requireMatrix("svd")
        let rank = Swift.min(m, n)
        let results = try eachMatrix(
            "svd",
            results: [
                (Tensor(zeros: Shape(batch + [m, rank]), dtype: dtype), m * rank),
                (Tensor(zeros: Shape(batch + [rank]), dtype: dtype), rank),
                (Tensor(zeros: Shape(batch + [rank, n]), dtype: dtype), rank * n),
            ]
        ) { $0.svd(m, n) }
        return (results[0], results[1], results[2])
    }

    /// Eigenvalues, [.., n], ascending, and eigenvectors, [.., n, n], in columns, of symmetric matrices, of
    /// which only the lower triangle is read. Throws if a matrix holds NaN or does not converge.
    public func symmetricEigen() throws(LinearAlgebraError) -> (values: Tensor, vectors: Tensor) {
        let n = requireSquare("symmetricEigen")
        let values = Tensor(zeros: Shape(Array(shape.sizes.dropLast())), dtype: dtype)
        let results = try eachMatrix("symmetricEigen", results: [(values, n), (self, n * n)]) {
            $0.symmetricEigen(n)
        }
        return (results[0], results[1])
    }

    /// The x of least norm that minimizes ‖A·x − b‖. `self` is A, [.., m, n]; b is [.., m, columns], or [m]
    /// for one matrix. Throws if a matrix holds NaN or does not converge.
    public func leastSquares(_ b: Tensor) throws(LinearAlgebraError) -> Tensor {
        if b.rank == 1 && rank == 2 {
            return try leastSquares(b.expandingAxis(at: 1)).squeezed(axis: 1)
        }
        let (m, n, batch) = requireMatrix("leastSquares")
        Self.requireOneDType("leastSquares", self, b)
        require(
            b.rank == rank && Array(b.shape.sizes.dropLast()) == batch + [m],
            "leastSquares: right-hand sides \(b.shape) for matrices \(shape), expected [.., \(m), columns]")
        let columns = b.shape[-1]
        // LAPACK's right-hand sides make room for the solution, which may have more rows.
        let rows = Swift.max(m, n)
        let padding = Array(repeating: (before: 0, after: 0), count: batch.count)
        let sides = b.padded(padding + [(0, rows - m), (0, 0)])
        let solution = try eachMatrix("leastSquares", results: [(sides, rows * columns)]) {
            $0.leastSquares(m, n, columns)
        }[0]
        return solution.sliced(0..<n, axis: -2)
    }

    // MARK: Shared

    private func requireMatrix(_ operation: String) -> (m: Int, n: Int, batch: [Int]) {
        require(rank >= 2, "\(operation): shape \(shape) has rank \(rank), expected at least 2")
        return (shape[-2], shape[-1], Array(shape.sizes.dropLast(2)))
    }

    private func requireSquare(_ operation: String) -> Int {
        let (m, n, _) = requireMatrix(operation)
        require(m == n, "\(operation): matrices of shape \(shape) are not square")
        return n
    }

    /// Calls `body` on a copy of each matrix and on its share of copies of the results, which it fills.
    private func eachMatrix(
        _ operation: String, results: [(tensor: Tensor, count: Int)],
        _ body: (any MatrixWork) -> String?
    ) throws(LinearAlgebraError) -> [Tensor] {
        func apply<T: RealScalar>(_ type: T.Type) -> ([Tensor], String?) {
            var outputs = results.map(\.tensor)
            let size = requireMatrix(operation)
            let count = size.m * size.n
            let batch = size.batch.reduce(1, *)
            guard count > 0, batch > 0 else { return (outputs, nil) }
            var failure: String?
            withElements { (matrices: UnsafePointer<T>) in
                let copy = Storage(byteCount: count * MemoryLayout<T>.stride)
                let matrix = copy.pointer.assumingMemoryBound(to: T.self)
                for index in 0..<batch where failure == nil {
                    matrix.update(from: matrices + index * count, count: count)
                    let pointers = outputs.indices.map { output in
                        outputs[output].withMutableElements { (out: UnsafeMutablePointer<T>) in
                            out + index * results[output].count
                        }
                    }
                    if let reason = body(TypedMatrixWork(matrix: matrix, results: pointers)) {
                        failure = "\(operation): matrix \(index) of shape \(shape) \(reason)"
                    }
                }
                withExtendedLifetime(copy) {}
            }
            return (outputs, failure)
        }
        let (outputs, failure) = apply(dtype.realType(for: operation))
        if let failure { throw LinearAlgebraError(description: failure) }
        return outputs
    }
}

/// The decompositions of one matrix, of whichever element type; each returns why it failed.
private protocol MatrixWork {
    func solve(_ n: Int, _ columns: Int) -> String?
    func cholesky(_ n: Int) -> String?
    func qr(_ m: Int, _ n: Int) -> String?
    func svd(_ m: Int, _ n: Int) -> String?
    func symmetricEigen(_ n: Int) -> String?
    func leastSquares(_ m: Int, _ n: Int, _ columns: Int) -> String?
}

private struct TypedMatrixWork<T: RealScalar>: MatrixWork {
    /// A copy of the matrix, to be destroyed.
    let matrix: UnsafeMutablePointer<T>
    let results: [UnsafeMutablePointer<T>]

    func solve(_ n: Int, _ columns: Int) -> String? {
        guard columns > 0 else { return nil }
        var pivots = [Int32](repeating: 0, count: n)
        let info = LAPACK.solve(matrix, n: n, pivots: &pivots, results[0], columns: columns)
        return info == 0 ? nil : (info < 0 ? "holds NaN" : "is singular")
    }

    func cholesky(_ n: Int) -> String? {
        let info = LAPACK.cholesky(results[0], n: n)
        for row in 0..<n {
            for column in row + 1..<Swift.max(n, row + 1) { results[0][row * n + column] = 0 }
        }
        return info == 0 ? nil : (info < 0 ? "holds NaN" : "is not positive definite")
    }

    func qr(_ m: Int, _ n: Int) -> String? {
        let rank = Swift.min(m, n)
        var reflections = [T](repeating: 0, count: rank)
        var info = LAPACK.qrDecompose(matrix, m: m, n: n, reflections: &reflections)
        for row in 0..<rank {
            for column in row..<n { results[1][row * n + column] = matrix[row * n + column] }
        }
        if info == 0 {
            info = LAPACK.formQ(
                matrix, m: m, columns: rank, count: rank, stride: n, reflections: &reflections)
        }
        for row in 0..<m {
            for column in 0..<rank { results[0][row * rank + column] = matrix[row * n + column] }
        }
        return info == 0 ? nil : "holds NaN"
    }

    func svd(_ m: Int, _ n: Int) -> String? {
        let info = LAPACK.svd(matrix, m: m, n: n, values: results[1], u: results[0], vt: results[2])
        return Self.reason(info)
    }

    func symmetricEigen(_ n: Int) -> String? {
        Self.reason(LAPACK.symmetricEigen(results[1], n: n, values: results[0]))
    }

    func leastSquares(_ m: Int, _ n: Int, _ columns: Int) -> String? {
        guard columns > 0 else { return nil }
        var values = [T](repeating: 0, count: Swift.min(m, n))
        return Self.reason(
            LAPACK.leastSquares(matrix, m: m, n: n, results[0], columns: columns, singularValues: &values))
    }

    /// LAPACKE answers a negative number for NaN in the input, LAPACK a positive one for no convergence.
    private static func reason(_ info: Int) -> String? {
        info == 0 ? nil : (info < 0 ? "holds NaN" : "does not converge")
    }
}
