import CitiusKernels
import CitiusPlatform
import CitiusTensor

// The pullbacks follow Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
// differentiation", 2008 (LNCSE 64, doi:10.1007/978-3-540-68942-3_4); those of QR and of the singular value
// decomposition Walter, Lehmann 2018 (arXiv:1001.1654) and Townsend 2016 (j-towns.github.io/papers/svd-derivative.pdf).
// Aᵀ is the transpose of the last two axes throughout. What throws going forward throws here too.

extension Variable {
    /// The x of A·x = b, with b [.., n, columns]. Pullback: w ↦ (−v·xᵀ, v) with v = A⁻ᵀ·w.
    public func solve(_ b: Variable) throws(LinearAlgebraError) -> Variable {
        let a = value
        let x = try a.solve(b.value)
        return Variable(x, computedFrom: self, b) { w in
            let v = Tensor.unfailing { () throws(LinearAlgebraError) in try a.transposed().solve(w) }
            if x.rank == 1 && a.rank == 2 {
                return [-v.expandingAxis(at: 1) * x.expandingAxis(at: 0), v]
            }
            return [-v.matmul(x, transposingRight: true), v]
        }
    }

    /// The inverse B. Pullback: w ↦ −Bᵀ·w·Bᵀ.
    public func inverse() throws(LinearAlgebraError) -> Variable {
        let b = try value.inverse()
        return computing(b) { -b.matmul($0, transposingLeft: true).matmul(b, transposingRight: true) }
    }

    /// The determinants d. Pullback: w ↦ w·d·A⁻ᵀ.
    ///
    /// Throws if a matrix is singular: its gradient would need the adjugate.
    public func determinant() throws(LinearAlgebraError) -> Variable {
        let determinant = value.determinant()
        guard isTracked else { return Variable(determinant) }
        let inverse = try value.inverse()
        return computing(determinant) { w in
            (w * determinant).expandingAxis(at: -1).expandingAxis(at: -1) * inverse.transposed()
        }
    }

    /// The lower triangular L of A = L·Lᵀ, which takes A for symmetric.
    ///
    /// Pullback: w ↦ the symmetric part of L⁻ᵀ·Φ(Lᵀ·w)·L⁻¹, where Φ takes the lower triangle and halves the
    /// diagonal.
    public func cholesky() throws(LinearAlgebraError) -> Variable {
        let lower = try value.cholesky()
        return computing(lower) { w in
            let inner = lower.matmul(w, transposingLeft: true).lowerTriangle(halvingDiagonal: true)
            return Tensor.unfailing { () throws(LinearAlgebraError) in
                let inverse = try lower.inverse()
                return inverse.matmul(inner, transposingLeft: true).matmul(inverse).symmetricPart()
            }
        }
    }

    /// The reduced decomposition A = Q·R of matrices with at least as many rows as columns.
    ///
    /// Pullback: (w, u) ↦ (w + Q·S)·R⁻ᵀ, S the symmetric matrix whose lower triangle is that of R·uᵀ − wᵀ·Q.
    ///
    /// Throws if a matrix holds NaN. Traps for matrices with more columns than rows that are differentiated.
    public func qr() throws(LinearAlgebraError) -> (q: Variable, r: Variable) {
        let (q, r) = try value.qr()
        require(
            !isTracked || shape[-2] >= shape[-1],
            "qr: matrices \(shape) have more columns than rows, for which no gradient is defined here")
        let results = Variable.computed([q, r], from: [self]) { cotangents in
            let w = cotangents[0] ?? Tensor(zeros: q.shape, dtype: q.dtype)
            let u = cotangents[1] ?? Tensor(zeros: r.shape, dtype: r.dtype)
            let difference =
                r.matmul(u, transposingRight: true) - w.matmul(q, transposingLeft: true)
            let half = difference.lowerTriangle(halvingDiagonal: true)
            let sides = w + q.matmul(half + half.transposed())
            // x·Rᵀ = sides, that is R·xᵀ = sidesᵀ.
            return [
                Tensor.unfailing { () throws(LinearAlgebraError) in
                    try r.solve(sides.transposed()).transposed()
                }
            ]
        }
        return (results[0], results[1])
    }

    /// The reduced decomposition A = U·diag(s)·Vᵀ.
    ///
    /// Pullback, with F[i, j] = 1/(s[j]² − s[i]²) off the diagonal: finite only where the singular values
    /// differ from each other and from zero.
    public func svd() throws(LinearAlgebraError) -> (u: Variable, singularValues: Variable, vt: Variable) {
        let (u, s, vt) = try value.svd()
        let results = Variable.computed([u, s, vt], from: [self]) { cotangents in
            let identity = Tensor(identity: s.shape[-1], dtype: s.dtype)
            let row = s.expandingAxis(at: -2)
            let column = s.expandingAxis(at: -1)
            // The diagonal of the quotient is masked: 1 keeps it finite.
            let f = (1 - identity) / (row.squared() - column.squared() + identity)
            var inner = identity * (cotangents[1].map { $0.expandingAxis(at: -2) } ?? row * 0)
            var result: Tensor
            if let w = cotangents[0] {
                let product = f * u.matmul(w, transposingLeft: true)
                inner = inner + (product + product.transposed()) * row
            }
            if let w = cotangents[2] {
                let product = f * vt.matmul(w, transposingRight: true)
                inner = inner + column * (product + product.transposed())
            }
            result = u.matmul(inner).matmul(vt)
            // What lies outside of the spaces that U and V span.
            if let w = cotangents[0] {
                let outside = w - u.matmul(u.matmul(w, transposingLeft: true))
                result = result + (outside / row).matmul(vt)
            }
            if let w = cotangents[2] {
                let outside = w - w.matmul(vt, transposingRight: true).matmul(vt)
                result = result + u.matmul(outside / column)
            }
            return [result]
        }
        return (results[0], results[1], results[2])
    }

    /// Eigenvalues λ, ascending, and eigenvectors V, in columns, of symmetric matrices.
    ///
    /// Pullback: (w, u) ↦ V·(diag(w) + F∘(Vᵀ·u))·Vᵀ, its symmetric part, with F[i, j] = 1/(λ[j] − λ[i]) off
    /// the diagonal: finite only where the eigenvalues differ.
    public func symmetricEigen() throws(LinearAlgebraError) -> (values: Variable, vectors: Variable) {
        let (values, vectors) = try value.symmetricEigen()
        let results = Variable.computed([values, vectors], from: [self]) { cotangents in
            let identity = Tensor(identity: values.shape[-1], dtype: values.dtype)
            let differences = values.expandingAxis(at: -2) - values.expandingAxis(at: -1)
            let f = (1 - identity) / (differences + identity)
            var inner = identity * (cotangents[0] ?? values * 0).expandingAxis(at: -2)
            if let u = cotangents[1] { inner = inner + f * vectors.matmul(u, transposingLeft: true) }
            return [vectors.matmul(inner).matmul(vectors, transposingRight: true).symmetricPart()]
        }
        return (results[0], results[1])
    }

    /// The x that minimizes ‖A·x − b‖, for matrices of full column rank: the normal equations' solution, whose
    /// pullback is made of those of its parts.
    ///
    /// Throws if the columns of a matrix depend on each other. The value is LAPACK's, by singular values.
    public func leastSquares(_ b: Variable) throws(LinearAlgebraError) -> Variable {
        let x = try value.leastSquares(b.value)
        guard isTracked || b.isTracked else { return Variable(x) }
        let (a, sides) = (value, b.value)
        // Found to be regular here, so that the pullback need not throw.
        let inverse = try a.matmul(a, transposingLeft: true).inverse()
        return Variable(x, computedFrom: self, b) { w in
            let isVector = x.rank == 1 && a.rank == 2
            func matrix(_ tensor: Tensor) -> Tensor { isVector ? tensor.expandingAxis(at: 1) : tensor }
            // x = (AᵀA)⁻¹Aᵀb; with v = (AᵀA)⁻¹w and the residual r = b − A·x: dA = r·vᵀ − A·v·xᵀ, db = A·v.
            let v = inverse.matmul(matrix(w))
            let product = a.matmul(v)
            let residual = matrix(sides) - a.matmul(matrix(x))
            return [
                residual.matmul(v, transposingRight: true)
                    - product.matmul(matrix(x), transposingRight: true),
                isVector ? product.squeezed(axis: 1) : product,
            ]
        }
    }
}

extension Tensor {
    /// (A + Aᵀ) / 2.
    fileprivate func symmetricPart() -> Tensor { (self + transposed()) * 0.5 }

    /// The elements on and below the diagonal, those on it halved if asked for.
    fileprivate func lowerTriangle(halvingDiagonal: Bool) -> Tensor {
        let n = shape[-1]
        let place = Tensor(range: 0..<n)
        let isBelow = (place.expandingAxis(at: 1) .> place).cast(to: dtype)
        let diagonal = Tensor(identity: n, dtype: dtype) * (halvingDiagonal ? 0.5 : 1)
        return self * (isBelow + diagonal)
    }

    /// What cannot fail any more, since it went well going forward.
    fileprivate static func unfailing(_ body: () throws(LinearAlgebraError) -> Tensor) -> Tensor {
        do {
            return try body()
        } catch {
            fail(error.description)
        }
    }
}
