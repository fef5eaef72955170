import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusKernels

/// Softmax and cross-entropy of every instruction set against their formulas in float64.
@Suite struct SoftmaxTests {
    static let names = InstructionSet.available.map(\.name)
    static let shapes = [
        (1, 1), (3, 2), (70, 3), (33, 10), (5, 17), (200, 4), (2, 64), (3, 1_000), (2, 1_024), (2, 2_500),
    ]

    private func set(named name: String) throws -> InstructionSet {
        try #require(InstructionSet.available.first { $0.name == name })
    }

    private func logits(_ count: Int) -> [Float] {
        var generator = SplitMix64(seed: UInt64(count))
        return (0..<count).map { _ in Float.random(in: -30...30, using: &generator) }
    }

    /// log Σ exp of a row, in float64.
    private func logSum(_ row: ArraySlice<Float>) -> Double {
        let largest = row.map { Double($0) }.max() ?? 0
        return largest + log(row.reduce(0) { $0 + exp(Double($1) - largest) })
    }

    @Test(arguments: names, shapes) func softmaxes(name: String, shape: (Int, Int)) throws {
        let kernels = try set(named: name).kernels
        let (rows, classes) = shape
        let x = logits(rows * classes)
        var (y, logarithms) = (x + [7], x + [7])
        y.withUnsafeMutableBufferPointer { kernels.softmax($0.baseAddress, rows, classes, 0, $0.baseAddress) }
        kernels.softmax(x, rows, classes, 1, &logarithms)
        var (losses, probabilities) = ([Float](repeating: 7, count: rows + 1), y)
        let labels = (0..<rows).map { Int32($0 * 7 % classes) }
        kernels.softmax_cross_entropy(x, labels, rows, classes, &losses, &probabilities)
        for row in 0..<rows {
            let line = x[row * classes..<(row + 1) * classes]
            let sum = logSum(line)
            for index in line.indices {
                let expected = Double(x[index]) - sum
                // The difference from the largest, up to 60, is rounded to a float.
                #expect(abs(Double(y[index]) - exp(expected)) <= 4e-6 * exp(expected) + 1e-30)
                #expect(abs(Double(logarithms[index]) - expected) <= 2e-7 * (1 + abs(expected)) * 4)
            }
            let loss = sum - Double(x[row * classes + Int(labels[row])])
            #expect(abs(Double(losses[row]) - loss) <= 1e-6 * (1 + loss))
        }
        #expect(probabilities == y)
        #expect(y[rows * classes] == 7 && logarithms[rows * classes] == 7 && losses[rows] == 7)
    }

    @Test(arguments: names) func extremes(name: String) throws {
        let kernels = try set(named: name).kernels
        for classes in [3, 16, 40] {
            var x = [Float](repeating: -1e30, count: 2 * classes)
            x[classes - 1] = 1_000
            x[classes] = .nan
            var y = x
            kernels.softmax(x, 2, classes, 0, &y)
            #expect(y[..<classes] == (0..<classes).map { $0 == classes - 1 ? 1 : 0 }[...])
            // A NaN spoils its row, and that row alone.
            #expect(y[classes...].allSatisfy { $0.isNaN })
        }
    }
}
