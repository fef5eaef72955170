import CitiusTestSupport
import Testing

@testable import CitiusTensor

/// Decompositions are checked by putting their parts together again.
@Suite struct LinearAlgebraTests {
    private let tolerance = 1e-9

    private func positiveDefinite(_ batch: [Int], _ n: Int, seed: UInt64) -> Tensor {
        let root = randomTensor(Shape(batch + [n, n]), seed: seed)
        return root.matmul(root, transposingRight: true) + Tensor(identity: n, dtype: .float64) * 0.5
    }

    @Test(arguments: [([], 1), ([], 5), ([3], 4), ([2, 3], 7)]) func squareMatrices(batch: [Int], n: Int)
        throws
    {
        let a = randomTensor(Shape(batch + [n, n]), seed: 11)
        let b = randomTensor(Shape(batch + [n, 3]), seed: 12)
        let identity = Tensor(identity: n, dtype: .float64).expanded(to: a.shape)
        expectClose(a.matmul(try a.solve(b)), b, absolute: tolerance, "solve")
        expectClose(a.matmul(try a.inverse()), identity, absolute: tolerance, "inverse")
        expectClose(
            a.determinant() * (try a.inverse().determinant()), Tensor(ones: Shape(batch), dtype: .float64),
            absolute: tolerance, "determinant")

        let definite = positiveDefinite(batch, n, seed: 13)
        let lower = try definite.cholesky()
        expectClose(lower.matmul(lower, transposingRight: true), definite, absolute: tolerance, "cholesky")
        let (values, vectors) = try definite.symmetricEigen()
        expectClose(
            (vectors * values.expandingAxis(at: -2)).matmul(vectors, transposingRight: true), definite,
            absolute: tolerance, "eigen")
        #expect(values.sorted().values == values)
    }

    @Test(arguments: [(5, 3), (3, 5), (4, 4), (1, 6)]) func rectangularMatrices(m: Int, n: Int) throws {
        let a = randomTensor([2, m, n], seed: 21)
        let rank = min(m, n)
        let identity = Tensor(identity: rank, dtype: .float64).expanded(to: [2, rank, rank])
        let (q, r) = try a.qr()
        expectClose(q.matmul(r), a, absolute: tolerance)
        expectClose(q.matmul(q, transposingLeft: true), identity, absolute: tolerance)
        let (u, singularValues, vt) = try a.svd()
        expectClose((u * singularValues.expandingAxis(at: -2)).matmul(vt), a, absolute: tolerance)
        expectClose(u.matmul(u, transposingLeft: true), identity, absolute: tolerance)
        #expect(singularValues.sorted(descending: true).values == singularValues)

        // The residual of a least-squares solution is orthogonal to the columns.
        let b = randomTensor([2, m, 2], seed: 22)
        let x = try a.leastSquares(b)
        #expect(x.shape == [2, n, 2])
        let residual = a.matmul(x) - b
        expectClose(
            a.matmul(residual, transposingLeft: true), Tensor(zeros: [2, n, 2], dtype: .float64),
            absolute: tolerance)
    }

    @Test func singlePrecisionAndVectors() throws {
        let a = Tensor([4, 1, 1, 3] as [Float], shape: [2, 2])
        expectClose(try a.solve(Tensor([1, 2] as [Float])), Tensor([1.0 / 11, 7.0 / 11] as [Float]))
        expectClose(a.determinant(), Tensor(11 as Float))
        expectClose(try a.leastSquares(Tensor([1, 2] as [Float])), Tensor([1.0 / 11, 7.0 / 11] as [Float]))
    }

    @Test func impossibleMatricesThrow() throws {
        let singular = Tensor([1, 0, 0, 1, 1, 2, 2, 4] as [Double], shape: [2, 2, 2])
        #expect(throws: LinearAlgebraError(description: "solve: matrix 1 of shape [2, 2, 2] is singular")) {
            try singular.inverse()
        }
        #expect(singular.determinant() == Tensor([1, 0] as [Double]))
        let indefinite = Tensor([1, 2, 2, 1] as [Double], shape: [2, 2])
        #expect(
            throws: LinearAlgebraError(
                description: "cholesky: matrix 0 of shape [2, 2] is not positive definite")
        ) { try indefinite.cholesky() }
        #expect(throws: LinearAlgebraError(description: "svd: matrix 0 of shape [1, 2] holds NaN")) {
            try Tensor([1, .nan] as [Double], shape: [1, 2]).svd()
        }
    }

    @Test func shapesThatDoNotFitTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = try Tensor(zeros: [2, 3]).inverse()
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("inverse: matrices of shape [2, 3] are not square"))
    }
}
