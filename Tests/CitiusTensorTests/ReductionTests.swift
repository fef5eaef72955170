import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusTensor

@Suite struct ReductionTests {
    /// Every subset of axes by the definition: each element goes to its result's place.
    private func oracle(
        _ x: Tensor, _ axes: [Int], from start: Double, _ combine: (Double, Double) -> Double
    ) -> Tensor {
        let kept = (0..<x.rank).filter { !axes.contains($0) }
        let result = Shape(kept.map { x.shape.sizes[$0] })
        var elements = [Double](repeating: start, count: result.count)
        for (flat, value) in x.elements(as: Double.self).enumerated() {
            var place = 0
            for axis in kept {
                place = place * x.shape.sizes[axis] + flat / x.shape.strides[axis] % x.shape.sizes[axis]
            }
            elements[place] = combine(elements[place], value)
        }
        return Tensor(elements, shape: result)
    }

    @Test(arguments: [[3], [2, 5], [3, 1, 4], [2, 3, 4, 5], [17, 33], [70_001], [500, 70]])
    func agreesWithTheDefinition(sizes: [Int]) {
        let x = randomTensor(Shape(sizes), seed: 7)
        for mask in 0..<(1 << sizes.count) {
            let axes = sizes.indices.filter { mask >> $0 & 1 == 1 }
            let count = axes.reduce(1.0) { $0 * Double(sizes[$1]) }
            let sum = oracle(x, axes, from: 0, +)
            expectClose(x.sum(axes: axes), sum, absolute: 1e-10, relative: 1e-12, "sum \(axes)")
            expectClose(x.mean(axes: axes), sum / count, absolute: 1e-10, relative: 1e-12)
            #expect(x.max(axes: axes) == oracle(x, axes, from: -.infinity, Swift.max))
            #expect(x.min(axes: axes) == oracle(x, axes, from: .infinity, Swift.min))
            let squares = oracle(x * x, axes, from: 0, +)
            expectClose(
                x.variance(axes: axes), squares / count - (sum / count).squared(), absolute: 1e-9, relative: 0
            )
            expectClose(
                x.logSumExp(axes: axes), oracle(x.exp(), axes, from: 0, +).log(), absolute: 1e-9, relative: 0)
            #expect(x.sum(axes: axes, keepingAxes: true).rank == x.rank)
        }
    }

    @Test func typesOfResults() {
        let bytes = Tensor([200, 100, 7] as [UInt8])
        #expect(bytes.sum() == Tensor(307 as Int64))
        #expect(bytes.max() == Tensor(200 as UInt8))
        expectClose(bytes.mean(), Tensor(307 / 3 as Float))
        #expect((bytes .> 6).all().element(as: Bool.self))
        #expect(!(bytes .> 200).any().element(as: Bool.self))
        #expect(Tensor([1, 2, 3, 4] as [Double]).variance(correction: 1).scalar == 5.0 / 3)
    }

    @Test func positions() {
        let x = Tensor([1, 3, 3, 0, .nan, 2] as [Float], shape: [2, 3])
        #expect(x.argMax(axis: 1) == Tensor([1, 1] as [Int64]))
        #expect(x.argMin(axis: -1) == Tensor([0, 1] as [Int64]))
        #expect(x.argMax(axis: 0) == Tensor([0, 1, 0] as [Int64]))
    }

    @Test func overNothing() {
        let empty = Tensor(zeros: [0, 3], dtype: .float64)
        #expect(empty.sum(axes: [0]) == Tensor(zeros: [3], dtype: .float64))
        #expect(empty.product() == Tensor(1 as Double))
        #expect(empty.mean().isNaN().element(as: Bool.self))
        #expect(empty.logSumExp().scalar == -.infinity)
    }

    @Test func softmaxIsStable() {
        let x = Tensor([1000, 1001, 999, -1000, 0, 5] as [Float], shape: [2, 3])
        expectClose(x.softmax().sum(axes: [-1]), Tensor(ones: [2]))
        expectClose(x.logSoftmax().exp(), x.softmax())
        let y = randomTensor([3, 4, 5], seed: 2)
        expectClose(y.softmax(axis: 1), y.exp() / y.exp().sum(axes: [1], keepingAxes: true))
        expectClose(y.permuted([0, 2, 1]).softmax().permuted([0, 2, 1]), y.softmax(axis: 1))
        #expect(Tensor([.infinity, 0] as [Float]).logSumExp().scalar == .infinity)
    }

    /// An axis that is reduced may have elements where another has none: the result is empty, as NumPy's is.
    @Test func besideAnEmptyAxis() {
        let empty = Tensor(zeros: [3, 0])
        for result in [
            empty.sum(axes: [0]), empty.mean(axes: [0]), empty.product(axes: [0]), empty.max(axes: [0]),
            empty.min(axes: [0]), empty.variance(axes: [0]), empty.logSumExp(axes: [0]),
            empty.softmax(axis: 0),
        ] {
            #expect(result.count == 0)
        }
        #expect(empty.sum(axes: [0], keepingAxes: true).shape == [1, 0])
        #expect(empty.argMax(axis: 0).shape == [0])
        #expect(empty.sum(axes: [1]) == Tensor(zeros: [3]))
        #expect(empty.cast(to: .uint8).sum(axes: [1]) == Tensor(zeros: [3], dtype: .int64))
        #expect(empty.cast(to: .uint8).sum(axes: [0]).shape == [0])
        #expect(Tensor(zeros: [2, 0, 3]).sum(axes: [0, 2]).shape == [0])
        #expect(Tensor(zeros: [2, 0, 3]).sum(axes: [1]) == Tensor(zeros: [2, 3]))
    }

    // MARK: Long sums

    /// ε of float32: half the distance from 1 to the next number.
    private static let epsilon = 0x1p-24

    /// The bound of Docs/Numerics.md: (c + log₂ n)·ε·Σ|x|.
    private func expectWithinBound(
        _ sum: Tensor, _ expected: Double, count: Int, constant: Double, magnitude: Double,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let bound = (constant + log2(Double(count)).rounded(.up)) * Self.epsilon * magnitude
        for value in sum.cast(to: .float64).elements(as: Double.self) {
            #expect(
                abs(value - expected) <= bound, "\(value) for \(expected)", sourceLocation: sourceLocation)
        }
    }

    /// One by one, 40 million times 0.1 are 3,902,396 in float32, and a column of ten million 1,087,937.
    @Test func longSumsDoNotDrift() {
        let count = 40_000_000
        let tenth = Double(Float(0.1))
        let x = Tensor(repeating: 0.1 as Float, shape: [count])
        let total = Double(count) * tenth
        expectWithinBound(x.sum(), total, count: count, constant: 40, magnitude: total)
        expectWithinBound(x.mean(), tenth, count: count, constant: 40, magnitude: tenth)
        let columns = x.reshaped(to: [count / 4, 4])
        let column = total / 4
        expectWithinBound(columns.sum(axes: [0]), column, count: count / 4, constant: 128, magnitude: column)
        expectWithinBound(columns.mean(axes: [0]), tenth, count: count / 4, constant: 128, magnitude: tenth)
    }

    @Test(arguments: [
        [1_000_003], [3, 300_007], [100_003, 5], [2, 50_001, 3], [5_000, 1_500], [70, 3, 900],
    ])
    func sumsStayWithinTheirBound(sizes: [Int]) {
        let x = randomTensor(Shape(sizes), dtype: .float32, in: 0..<1, seed: 21)
        let exact = x.cast(to: .float64)
        for axis in sizes.indices {
            let sums = x.sum(axes: [axis]).cast(to: .float64)
            let expected = exact.sum(axes: [axis])
            let bound = (130 + log2(Double(sizes[axis])).rounded(.up)) * Self.epsilon
            #expect(((sums - expected).abs() .<= expected * bound).all().element(as: Bool.self))
        }
    }

    /// 7.8 with a mean that has drifted.
    @Test func theVarianceOfALongAlternation() {
        let count = 4_000_000
        let x = Tensor([10_000, 10_001] as [Float]).expanded(to: [count / 2, 2]).reshaped(to: [count])
        #expect(abs(x.variance().scalar - 0.25) < 1e-5)
        #expect(abs(x.mean().scalar - 10_000.5) < 1e-3)
        #expect(x.reshaped(to: [count / 2, 2]).variance(axes: [0]).max().scalar < 1e-5)
        // The mean itself cannot be held in float32; the variance must not take its rounding for spread.
        let y = Tensor([16_777_214, 16_777_215, 16_777_215] as [Float])
        #expect(abs(y.variance().scalar - 2.0 / 9) < 1e-6)
    }

    @Test func logSumExpOfALongLine() {
        let x = Tensor(zeros: [3_000_000])
        #expect(abs(x.logSumExp().scalar - log(3_000_000)) < 1e-5)
    }

    /// A vocabulary of a million classes: exponentials that no float holds exactly.
    @Test func softmaxOfALongLine() {
        let count = 1_000_000
        var logits = [Float](repeating: -0.3, count: count)
        logits[0] = 0
        let probabilities = Tensor(logits, shape: [1, count]).softmax()
        let power: Double = exp(Double(Float(-0.3)))
        let others = Double(count - 1)
        let expected: Double = power / (1 + others * power)
        let blocks = Double(count / 1_024)
        let second = Double(probabilities.elements(as: Float.self)[1])
        let error: Double = abs(second / expected - 1)
        #expect(error < (264 + blocks) * Self.epsilon)
    }

    /// Bytes and other integers are summed exactly.
    @Test func meansOfIntegersAreExact() {
        let count = 5_000_001
        let bytes = Tensor(repeating: 201 as UInt8, shape: [count])
        #expect(bytes.sum() == Tensor(Int64(count * 201)))
        #expect(bytes.mean() == Tensor(201 as Float))
        let pairs = Tensor([3, 250, 7, 251] as [UInt8]).expanded(to: [500_000, 4])
        #expect(pairs.mean(axes: [0]) == Tensor([3, 250, 7, 251] as [Float]))
        #expect(
            pairs.reshaped(to: [2, 250_000, 4]).sum(axes: [1]).elements(as: Int64.self) == [
                750_000, 62_500_000, 1_750_000, 62_750_000, 750_000, 62_500_000, 1_750_000, 62_750_000,
            ])
        #expect(Tensor([1 << 40, 1 << 40, 3] as [Int64]).mean() == Tensor(Float((Double(1 << 41) + 3) / 3)))
        #expect(Tensor([true, false, true, true]).mean() == Tensor(0.75 as Float))
    }

    @Test func largestOfNothingTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [0, 3]).max(axes: [0])
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("max: the axes of shape [0, 3] hold no elements"))
    }
}
