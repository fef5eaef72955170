import CitiusTestSupport
import Testing

@testable import CitiusTensor

@Suite struct MovementTests {
    /// A tensor by the definition: each element from its place.
    private func make(_ shape: Shape, _ element: ([Int]) -> Int64) -> Tensor {
        let elements = (0..<shape.count).map { flat in
            element(shape.strides.enumerated().map { flat / $1 % shape.sizes[$0] })
        }
        return Tensor(elements, shape: shape)
    }

    private func numbered(_ shape: Shape) -> Tensor { Tensor(range: 0..<shape.count).reshaped(to: shape) }

    private func at(_ tensor: Tensor, _ place: [Int]) -> Int64 {
        tensor.elements(as: Int64.self)[zip(place, tensor.shape.strides).reduce(0) { $0 + $1.0 * $1.1 }]
    }

    @Test(arguments: [[0, 1, 2], [2, 0, 1], [1, 0, 2], [0, 2, 1], [2, 1, 0], [1, 2, 0]])
    func permutes(axes: [Int]) {
        let x = numbered([3, 4, 5])
        let expected = make(Shape(axes.map { x.shape.sizes[$0] })) { place in
            var source = [0, 0, 0]
            for (position, axis) in axes.enumerated() { source[axis] = place[position] }
            return at(x, source)
        }
        #expect(x.permuted(axes) == expected)
        for dtype in DType.allCases {
            #expect(x.cast(to: dtype).permuted(axes) == expected.cast(to: dtype))
        }
    }

    @Test func reshapes() {
        let x = numbered([2, 3, 4])
        #expect(x.reshaped([4, -1]).shape == [4, 6])
        #expect(x.reshaped([-1]) == x.flattened())
        #expect(x.expandingAxis(at: -1).shape == [2, 3, 4, 1])
        #expect(x.expandingAxis(at: 0).squeezed(axis: 0) == x)
        #expect(x.expandingAxis(at: 1).expandingAxis(at: 0).squeezed() == x)
        #expect(x.transposed() == x.permuted([0, 2, 1]))
        #expect(x.flipped(axes: [0, -1]) == make([2, 3, 4]) { at(x, [1 - $0[0], $0[1], 3 - $0[2]]) })
    }

    @Test func joinsAndSplits() {
        let x = numbered([2, 3, 4])
        for axis in [0, 1, 2, -1] {
            let (a, b) = (x, x + 100)
            let joined = Tensor.concatenate([a, b, a], axis: axis)
            let pieces = joined.split(parts: 3, axis: axis)
            #expect(pieces == [a, b, a])
            let stacked = Tensor.stack([a, b], axis: axis)
            #expect(stacked.split(parts: 2, axis: axis).map { $0.squeezed(axis: axis) } == [a, b])
        }
        #expect(x.split(sizes: [1, 0, 2], axis: 1).map { $0.shape[1] } == [1, 0, 2])
        #expect(x.repeated(2, axis: 1) == make([2, 6, 4]) { at(x, [$0[0], $0[1] / 2, $0[2]]) })
        #expect(x.tiled([2, 1, 3]) == make([4, 3, 12]) { at(x, [$0[0] % 2, $0[1], $0[2] % 4]) })
        #expect(
            x.padded([(1, 0), (0, 2), (0, 0)], value: -7)
                == make([3, 5, 4]) { $0[0] >= 1 && $0[1] < 3 ? at(x, [$0[0] - 1, $0[1], $0[2]]) : -7 })
    }

    @Test func slicesAreViewsUntilWritten() {
        var x = numbered([4, 3])
        let view = x[1..<3]
        #expect(view.storage === x.storage)
        #expect(view == make([2, 3]) { Int64(($0[0] + 1) * 3 + $0[1]) })
        #expect(x[2] == Tensor([6, 7, 8] as [Int64]))
        x[1] = Tensor([-1, -2, -3] as [Int64])
        #expect(view == make([2, 3]) { Int64(($0[0] + 1) * 3 + $0[1]) })
        #expect(x.elements(as: Int64.self) == [0, 1, 2, -1, -2, -3, 6, 7, 8, 9, 10, 11])
        let address = x.address
        x[0..<1] = Tensor([5, 5, 5] as [Int64], shape: [1, 3])
        #expect(x.address == address)
        #expect(x.sliced(1..<3, axis: 1) == make([4, 2]) { at(x, [$0[0], $0[1] + 1]) })
    }

    @Test func takesAndGathers() {
        let x = numbered([3, 4, 2])
        let indices = Tensor([3, 0, -1, 1, 1, 2] as [Int32], shape: [2, 3])
        let places = [3, 0, 3, 1, 1, 2]
        #expect(
            x.taking(indices, axis: 1)
                == make([3, 2, 3, 2]) { at(x, [$0[0], places[$0[1] * 3 + $0[2]], $0[3]]) })
        let sorted = x.argSorted(axis: 1, descending: true)
        #expect(x.gathering(sorted, axis: 1) == x.sorted(axis: 1, descending: true).values)
        // The pullback is the adjoint: ⟨take(x), w⟩ = ⟨x, pullback(w)⟩.
        let y = randomTensor([3, 4, 2], seed: 1)
        let w = randomTensor([3, 2, 3, 2], seed: 2)
        expectClose(
            (y.taking(indices, axis: 1) * w).sum(),
            (y * Tensor.takingPullback(w, indices: indices, axis: 1, source: y.shape)).sum(), absolute: 1e-12)
        let along = Tensor([0, 2, 1, 1, 3, 3] as [Int64], shape: [3, 1, 2])
        let v = randomTensor([3, 1, 2], seed: 3)
        expectClose(
            (y.gathering(along, axis: 1) * v).sum(),
            (y * Tensor.gatheringPullback(v, indices: along, axis: 1, source: y.shape)).sum(),
            absolute: 1e-12)
    }

    @Test func sorts() {
        let x = Tensor([3, .nan, 1, 2, 1, 3] as [Float], shape: [1, 6])
        let (values, indices) = x.sorted()
        #expect(values.elements(as: Float.self).prefix(5) == [1, 1, 2, 3, 3])
        #expect(indices == Tensor([2, 4, 3, 0, 5, 1] as [Int64], shape: [1, 6]))
        #expect(x.sorted(descending: true).indices == Tensor([0, 5, 3, 2, 4, 1] as [Int64], shape: [1, 6]))
        #expect(x.topK(2).indices == Tensor([0, 5] as [Int64], shape: [1, 2]))
        #expect(
            numbered([2, 3]).cumulativeSum(axis: 0) == Tensor([0, 1, 2, 3, 5, 7] as [Int64], shape: [2, 3]))
        #expect(
            numbered([2, 3]).cumulativeSum(axis: 1, isReversed: true)
                == Tensor([3, 3, 2, 12, 9, 5] as [Int64], shape: [2, 3]))
        #expect(
            Tensor([2, 0] as [UInt8]).oneHot(3) == Tensor([0, 0, 1, 1, 0, 0] as [Float], shape: [2, 3]))
    }

    @Test(arguments: [
        ([3], [3]), ([2, 3], [3, 4]), ([5, 2, 3], [3, 4]), ([4, 1, 2, 3], [5, 3, 2]), ([3], [2, 3, 4]),
        ([2, 4, 3], [3]),
    ])
    func multiplies(left: [Int], right: [Int]) {
        let a = randomTensor(Shape(left), seed: 1)
        let b = randomTensor(Shape(right), seed: 2)
        let rows = left.count == 1 ? a.expandingAxis(at: 0) : a
        let columns = right.count == 1 ? b.expandingAxis(at: 1) : b
        // [.., m, k, 1] · [.., 1, k, n], summed over k.
        var expected = (rows.expandingAxis(at: -1) * columns.expandingAxis(at: -3)).sum(axes: [-2])
        if left.count == 1 { expected = expected.squeezed(axis: -2) }
        if right.count == 1 { expected = expected.squeezed(axis: -1) }
        expectClose(a.matmul(b), expected, absolute: 1e-12)
        if left.count > 1 && right.count > 1 {
            expectClose(a.transposed().matmul(b, transposingLeft: true), expected, absolute: 1e-12)
            expectClose(a.matmul(b.transposed(), transposingRight: true), expected, absolute: 1e-12)
            let whole = (a * 10).rounded().cast(to: .int32).matmul((b * 10).rounded().cast(to: .int32))
            expectClose(
                whole.cast(to: .float64), (a * 10).rounded().matmul((b * 10).rounded()), absolute: 1e-9)
        }
    }

    @Test func indicesOutOfRangeTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [3, 4]).taking(Tensor([4] as [Int64]), axis: 1)
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("taking: index 4 is out of range for 4 places"))
    }
}
