import CitiusSIMD
import CitiusTestSupport
import Testing

@testable import CitiusKernels

@Suite struct MatrixMultiplyTests {
    /// op(A) is m × k, op(B) is k × n; leading dimensions are a little larger than they need to be.
    private func check<T: KernelReal>(
        _ type: T.Type, m: Int, n: Int, k: Int, transposeA: Bool, transposeB: Bool, beta: T, tolerance: Double
    ) {
        var generator = SplitMix64(seed: UInt64(m * 10_007 + n * 101 + k))
        func random(_ count: Int) -> [T] {
            (0..<count).map { _ in T(Double.random(in: -1...1, using: &generator)) }
        }
        let leadingA = (transposeA ? m : k) + 1
        let leadingB = (transposeB ? k : n) + 2
        let leadingC = n + 3
        let a = random((transposeA ? k : m) * leadingA)
        let b = random((transposeB ? n : k) * leadingB)
        let c = random(m * leadingC)
        var result = c
        result.withUnsafeMutableBufferPointer { out in
            matrixMultiply(
                transposeA: transposeA, transposeB: transposeB, rows: m, columns: n, depth: k, alpha: 0.5,
                a, leadingA: leadingA, b, leadingB: leadingB, beta: beta, out.baseAddress!,
                leadingC: leadingC)
        }
        for row in 0..<m {
            for column in 0..<leadingC {
                let before = c[row * leadingC + column].asDouble
                var expected = before
                if column < n {
                    var sum = 0.0
                    for inner in 0..<k {
                        let left = transposeA ? a[inner * leadingA + row] : a[row * leadingA + inner]
                        let right = transposeB ? b[column * leadingB + inner] : b[inner * leadingB + column]
                        sum += left.asDouble * right.asDouble
                    }
                    expected = 0.5 * sum + beta.asDouble * before
                }
                let difference = abs(result[row * leadingC + column].asDouble - expected)
                #expect(difference <= tolerance * Double(k + 1), "row \(row), column \(column)")
            }
        }
    }

    @Test(arguments: [(1, 1, 1), (3, 5, 7), (33, 17, 1), (2, 300, 5), (129, 65, 40), (400, 3, 200)])
    func agreesWithTheDefinition(m: Int, n: Int, k: Int) {
        for transposeA in [false, true] {
            for transposeB in [false, true] {
                check(
                    Float.self, m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB, beta: 0,
                    tolerance: 2e-7)
                check(
                    Double.self, m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB, beta: 1,
                    tolerance: 4e-16)
            }
        }
    }

    @Test func noDepthScalesTheResult() {
        var c: [Float] = [1, 2, 3, 4]
        let empty = UnsafeMutablePointer<Float>.allocate(capacity: 1)
        defer { empty.deallocate() }
        matrixMultiply(
            rows: 2, columns: 2, depth: 0, empty, leadingA: 0, empty, leadingB: 2, beta: 2, &c, leadingC: 2)
        #expect(c == [2, 4, 6, 8])
    }

    // MARK: Left sides of many zeros

    private enum SparseSide: CaseIterable { case left, leftTransposingRight, right }

    /// C is [rows, columns]; the sparse side is S [rows, depth], or [depth, columns] if it is the right one.
    private func expectSparseProduct(
        _ set: citius_kernels, rows: Int, columns: Int, depth: Int, live: Double, side: SparseSide
    ) {
        var generator = SplitMix64(seed: UInt64(rows * 10_007 + columns * 101 + depth))
        let isRight = side == .right
        // Sizes as the kernel sees them: S [a rows, a columns], the other side [b rows, b columns].
        let (aRows, aColumns) = isRight ? (depth, columns) : (rows, depth)
        let (bRows, bColumns) =
            isRight ? (depth, rows) : side == .left ? (depth, columns) : (columns, depth)
        let (leadingA, leadingB, leadingC) = (aColumns + 1, bColumns, columns + 3)
        let a = (0..<aRows * leadingA).map { _ in
            Double.random(in: 0..<1, using: &generator) < live
                ? Float.random(in: -1...1, using: &generator) : 0
        }
        // Without a gap at its end, so that a sanitizer sees what reads beyond it.
        let b = (0..<bRows * leadingB).map { _ in Float.random(in: -1...1, using: &generator) }
        var c = [Float](repeating: 7, count: rows * leadingC)
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                c.withUnsafeMutableBufferPointer { c in
                    var job = citius_sparse_product(
                        a: a.baseAddress, a_stride: leadingA, rows: isRight ? columns : rows, depth: depth,
                        b: b.baseAddress, b_stride: leadingB, columns: isRight ? rows : columns,
                        transposes_b: side == .leftTransposingRight ? 1 : 0, c: c.baseAddress,
                        c_stride: leadingC)
                    if isRight { set.multiply_by_sparse(&job) } else { set.multiply_sparse(&job) }
                }
            }
        }
        for row in 0..<rows {
            for column in 0..<leadingC {
                var expected = column < columns ? 0.0 : 7
                for k in 0..<(column < columns ? depth : 0) {
                    let (sparse, other) =
                        switch side {
                        case .left: (a[row * leadingA + k], b[k * leadingB + column])
                        case .leftTransposingRight: (a[row * leadingA + k], b[column * leadingB + k])
                        case .right: (a[k * leadingA + column], b[k * leadingB + row])
                        }
                    expected += Double(sparse) * Double(other)
                }
                #expect(
                    abs(Double(c[row * leadingC + column]) - expected) <= 2e-7 * Double(depth + 1),
                    "\(side), \(rows)×\(depth)·\(depth)×\(columns), row \(row), column \(column)")
            }
        }
    }

    @Test(arguments: InstructionSet.available.map(\.name))
    func productsOverWhatIsNotZeroAgreeWithTheDefinition(name: String) throws {
        let set = try #require(InstructionSet.available.first { $0.name == name }).kernels
        for (rows, columns, depth) in [
            (1, 1, 1), (2, 7, 3), (5, 64, 65), (3, 8, 130), (130, 17, 9), (4, 97, 64), (2, 200, 5), (3, 5, 0),
            (0, 4, 3), (200, 35, 256),
        ] {
            for live in [0, 0.1, 0.5, 1] {
                for side in SparseSide.allCases {
                    expectSparseProduct(
                        set, rows: rows, columns: columns, depth: depth, live: live, side: side)
                }
            }
        }
    }

    /// The way is chosen by the zeros; both give the same within float rounding.
    @Test func manyZerosAreLeftOut() {
        var generator = SplitMix64(seed: 3)
        let (rows, columns, depth) = (32, 64, 1_600)
        for (live, method) in [(0.05, FloatProduct.Method.sparse), (0.1, .sparse), (1, .dense)] {
            let a = (0..<rows * depth).map { _ in
                Double.random(in: 0..<1, using: &generator) < live
                    ? Float.random(in: -1...1, using: &generator) : 0
            }
            #expect(
                FloatProduct.method(
                    transposeA: false, transposeB: false, rows: rows, columns: columns, depth: depth, a,
                    leadingA: depth, a, leadingB: columns, skipsZeros: true) == method, "live share \(live)")
            #expect(
                FloatProduct.method(
                    transposeA: false, transposeB: false, rows: rows, columns: columns, depth: depth, a,
                    leadingA: depth, a, leadingB: columns, skipsZeros: false) == .dense)
            // The same zeros on the right of a transposed matrix.
            #expect(
                FloatProduct.method(
                    transposeA: true, transposeB: false, rows: depth, columns: depth, depth: rows, a,
                    leadingA: depth, a, leadingB: depth, skipsZeros: true) == method, "live share \(live)")
            let b = (0..<columns * depth).map { _ in Float.random(in: -1...1, using: &generator) }
            for transposeB in [false, true] {
                var (c, dense) = (
                    [Float](repeating: 0, count: rows * columns), [Float](repeating: 0, count: rows * columns)
                )
                matrixMultiply(
                    transposeB: transposeB, rows: rows, columns: columns, depth: depth, a, leadingA: depth, b,
                    leadingB: transposeB ? depth : columns, &c, leadingC: columns)
                FloatProduct.multiply(
                    transposeA: false, transposeB: transposeB, rows: rows, columns: columns, depth: depth, a,
                    leadingA: depth, b, leadingB: transposeB ? depth : columns, &dense, leadingC: columns)
                #expect(zip(c, dense).allSatisfy { abs($0 - $1) < 1e-4 })
            }
        }
    }
}
