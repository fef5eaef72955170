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
}
