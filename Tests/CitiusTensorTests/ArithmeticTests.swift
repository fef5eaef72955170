import CitiusTestSupport
import Testing

@testable import CitiusTensor

@Suite struct ArithmeticTests {
    /// Broadcast by the definition: each result element asks each operand for its own.
    private func oracle(
        _ a: Tensor, _ b: Tensor, _ function: (Double, Double) -> Double
    ) -> Tensor {
        let rank = max(a.rank, b.rank)
        func padded(_ shape: Shape) -> [Int] { Array(repeating: 1, count: rank - shape.rank) + shape.sizes }
        let (left, right) = (padded(a.shape), padded(b.shape))
        let result = Shape(zip(left, right).map { $0 == 1 ? $1 : $0 })
        let (x, y) = (a.elements(as: Double.self), b.elements(as: Double.self))
        let elements = (0..<result.count).map { flat -> Double in
            var (i, j, rest) = (0, 0, flat)
            var (strideI, strideJ) = (1, 1)
            for axis in (0..<rank).reversed() {
                let place = rest % result.sizes[axis]
                rest /= result.sizes[axis]
                if left[axis] != 1 { i += place * strideI }
                if right[axis] != 1 { j += place * strideJ }
                strideI *= left[axis]
                strideJ *= right[axis]
            }
            return function(x[i], y[j])
        }
        return Tensor(elements, shape: result)
    }

    static let pairs: [(Shape, Shape)] = [
        ([], []), ([3], []), ([], [2, 3]), ([2, 3], [3]), ([2, 3], [2, 1]), ([4, 1, 3], [2, 1]),
        ([1, 5, 1, 2], [3, 1, 4, 2]), ([7, 1], [1, 9]), ([0, 3], [3]), ([33, 17], [33, 17]),
        ([300, 200], [200]), ([300, 200], [300, 1]), ([40_000], [1]),
    ]

    @Test(arguments: pairs) func broadcasts(_ left: Shape, _ right: Shape) {
        let a = randomTensor(left, seed: 1)
        let b = randomTensor(right, in: 0.5..<2, seed: 2)
        #expect(a + b == oracle(a, b, +))
        #expect(a - b == oracle(a, b, -))
        #expect(a * b == oracle(a, b, *))
        #expect(a / b == oracle(a, b, /))
        #expect(b - a == oracle(b, a, -))
        #expect(a.maximum(b) == oracle(a, b, Swift.max))
        #expect(b.minimum(a) == oracle(b, a, Swift.min))
        #expect((a .< b).cast(to: .float64) == oracle(a, b) { $0 < $1 ? 1 : 0 })
        #expect((a .>= b).cast(to: .float64) == oracle(a, b) { $0 >= $1 ? 1 : 0 })
        let condition = randomTensor(right, seed: 3) .> 0
        let chosen = Tensor.where(condition, a, b)
        let weights = condition.cast(to: .float64)
        #expect(chosen == oracle(a, weights, *) + oracle(b, weights) { $0 * (1 - $1) })
    }

    @Test func scalarsTakeTheTensorsType() {
        let a = Tensor([1, 2, 3] as [Int32])
        #expect(a * 2 == Tensor([2, 4, 6] as [Int32]))
        #expect(10 - a == Tensor([9, 8, 7] as [Int32]))
        #expect(a / 2 == Tensor([0, 1, 1] as [Int32]))
        #expect(-a == Tensor([-1, -2, -3] as [Int32]))
        #expect(Tensor([250] as [UInt8]) + 10 == Tensor([4] as [UInt8]))
    }

    @Test func updatesInPlaceOnlyWhatItOwns() {
        var a = Tensor([1, 2, 3] as [Float])
        let copy = a
        a += 1
        #expect(copy == Tensor([1, 2, 3] as [Float]))
        let address = a.address
        a *= Tensor([2, 2, 2] as [Float])
        #expect(a.address == address)
        #expect(a == Tensor([4, 6, 8] as [Float]))
        a += Tensor(zeros: [2, 3])
        #expect(a.shape == [2, 3])
    }

    @Test func nanWinsAndEqualsNothing() {
        let a = Tensor([.nan, 1, .nan] as [Float])
        let b = Tensor([1, .nan, .nan] as [Float])
        #expect(a.maximum(b).isNaN().all().element(as: Bool.self))
        #expect(a.minimum(b).isNaN().all().element(as: Bool.self))
        #expect(a != a)
        #expect(a.clamped(to: 0...1).isNaN() == Tensor([true, false, true]))
    }

    @Test func casts() {
        let reals = Tensor([-1.7, 300, .nan, 2.5] as [Double])
        #expect(reals.cast(to: .int32) == Tensor([-1, 300, 0, 2] as [Int32]))
        #expect(reals.cast(to: .uint8) == Tensor([0, 255, 0, 2] as [UInt8]))
        #expect(Tensor([-1e9, 1e9, .nan, -2.7]).cast(to: .int8) == Tensor([-128, 127, 0, -2] as [Int8]))
        #expect(Tensor([100, -3] as [Int8]) + Tensor([100, 1] as [Int8]) == Tensor([-56, -2] as [Int8]))
        #expect(Tensor([true, false]).cast(to: .float32) == Tensor([1, 0] as [Float]))
        #expect(Tensor([0, 3] as [Int64]).cast(to: .bool) == Tensor([false, true]))
        #expect(Tensor([Int64.max]).cast(to: .int32) == Tensor([-1] as [Int32]))
    }

    @Test func expands() {
        #expect(
            Tensor([1, 2] as [Int32], shape: [2, 1]).expanded(to: [2, 2, 3])
                == Tensor([1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2] as [Int32], shape: [2, 2, 3]))
    }

    @Test func shapesThatDoNotFitTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [2, 3]) + Tensor(zeros: [4])
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("+: shapes [2, 3], [4] do not broadcast together"))
    }

    @Test func typesThatDifferTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [2]) * Tensor(zeros: [2], dtype: .float64)
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("*: the operands are float32 and float64; cast one of them"))
    }
}
