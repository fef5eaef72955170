import CitiusTestSupport
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
        #expect(empty.product() == Tensor(1.0))
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

    @Test func largestOfNothingTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [0, 3]).max(axes: [0])
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("max: the axes of shape [0, 3] hold no elements"))
    }
}
