import CitiusTestSupport
import Testing

@testable import CitiusKernels

@Suite struct TiledProductTests {
    /// (rows, columns, depth), about the tiles' and blocks' edges.
    static let shapes = [
        (16, 16, 16), (193, 33, 257), (64, 31, 600), (301, 77, 65), (17, 1040, 40), (400, 520, 300),
    ]

    @Test(arguments: shapes, [(false, false), (false, true), (true, false)])
    func isTheProduct(shape: (Int, Int, Int), transposed: (Bool, Bool)) {
        let (rows, columns, depth) = shape
        let (transposeA, transposeB) = transposed
        var generator = SplitMix64(seed: 1)
        func numbers(_ count: Int) -> [Float] {
            (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
        }
        // Rows of more elements than are read.
        let (leadingA, leadingB, leadingC) = (
            (transposeA ? rows : depth) + 3, (transposeB ? depth : columns) + 2, columns + 1
        )
        let a = numbers((transposeA ? depth : rows) * leadingA)
        let b = numbers((transposeB ? columns : depth) * leadingB)
        var c = [Float](repeating: .nan, count: rows * leadingC)
        TiledProduct.multiply(
            transposeA: transposeA, transposeB: transposeB, rows: rows, columns: columns, depth: depth, a,
            leadingA: leadingA, b, leadingB: leadingB, &c, leadingC: leadingC)
        var worst = 0.0
        for row in stride(from: 0, to: rows, by: 7) {
            for column in 0..<columns {
                let expected = (0..<depth).reduce(0.0) { sum, k in
                    sum + Double(transposeA ? a[k * leadingA + row] : a[row * leadingA + k])
                        * Double(transposeB ? b[column * leadingB + k] : b[k * leadingB + column])
                }
                worst = max(worst, abs(Double(c[row * leadingC + column]) - expected))
            }
        }
        #expect(
            worst < 1e-6 * Double(depth).squareRoot() * 4, "\(shape) \(transposed): off by \(worst), seed 1")
        // Every element is written, and nothing beside the rows.
        for row in 0..<rows {
            #expect(
                (0..<columns).allSatisfy { !c[row * leadingC + $0].isNaN }
                    && c[row * leadingC + columns].isNaN)
        }
    }

    /// The bias is added before the clamp, whatever number of blocks the depth is cut into.
    @Test(arguments: shapes) func endsWithBiasAndClamp(shape: (Int, Int, Int)) {
        let (rows, columns, depth) = shape
        var generator = SplitMix64(seed: 2)
        func numbers(_ count: Int) -> [Float] {
            (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
        }
        let (a, b, bias) = (numbers(rows * depth), numbers(depth * columns), numbers(columns))
        var plain = [Float](repeating: .nan, count: rows * columns)
        var clamped = plain
        TiledProduct.multiply(
            transposeA: false, transposeB: false, rows: rows, columns: columns, depth: depth, a,
            leadingA: depth, b, leadingB: columns, &plain, leadingC: columns)
        TiledProduct.multiply(
            transposeA: false, transposeB: false, rows: rows, columns: columns, depth: depth, a,
            leadingA: depth, b, leadingB: columns, &clamped, leadingC: columns, bias: bias, clamp: .relu)
        for index in plain.indices {
            let expected = max(0, plain[index] + bias[index % columns])
            #expect(abs(clamped[index] - expected) < 1e-5, "\(shape), element \(index), seed 2")
        }
    }
}
