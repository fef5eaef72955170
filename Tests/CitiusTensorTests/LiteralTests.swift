import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct LiteralTests {
    @Test func literalsTakeTheTypeThatIsMeant() {
        #expect(Tensor([1, 2, 3]) == Tensor([1, 2, 3] as [Int64]))
        #expect(Tensor([1.0, 2]) == Tensor([1, 2] as [Float]))
        #expect(Tensor([-1, 2.5]) == Tensor([-1, 2.5] as [Float]))
        #expect(Tensor([true, false]).dtype == .bool)
        #expect(Tensor(3).dtype == .int64 && Tensor(3).shape == [])
        #expect(Tensor(3.5) == Tensor(3.5 as Float) && Tensor(-3.5).scalar == -3.5)
        #expect(Tensor([1, 2, 3, 4], shape: [2, 2]) == Tensor([[1, 2], [3, 4]]))
        #expect(Tensor([1.0, 2, 3, 4], shape: [2, 2]) == Tensor([[1.0, 2], [3, 4]]))
        // Beyond what a Double holds.
        #expect(Tensor([9_007_199_254_740_993]).element(as: Int64.self) == 9_007_199_254_740_993)
    }

    @Test func literalsNest() {
        #expect(Tensor([[1, 2, 3], [4, 5, 6]]) == Tensor([1, 2, 3, 4, 5, 6] as [Int64], shape: [2, 3]))
        let cube = Tensor([[[1, 2.5]], [[3, 4]], [[5, 6]]])
        #expect(cube == Tensor([1, 2.5, 3, 4, 5, 6] as [Float], shape: [3, 1, 2]))
        #expect(Tensor([[[1], [2]]]).shape == [1, 2, 1] && Tensor([[[1], [2]]]).dtype == .int64)
        #expect(Tensor([[true], [false]]).shape == [2, 1])
    }

    @Test func variablesKeepTheirType() {
        let (doubles, floats, ints, bytes) = ([0.5, 1], [0.5, 1] as [Float], [1, 2], [1, 2] as [UInt8])
        #expect(Tensor(doubles).dtype == .float64 && Tensor([doubles[0]]).dtype == .float64)
        #expect(Tensor(floats).dtype == .float32 && Tensor(floats, shape: [2, 1]).shape == [2, 1])
        #expect(Tensor(ints) == Tensor([1, 2]) && Tensor(bytes).dtype == .uint8)
        #expect(Tensor(doubles[0]).dtype == .float64 && Tensor(ints[0]).dtype == .int64)
        #expect(Tensor([doubles, doubles]) == Tensor([[0.5, 1], [0.5, 1]], dtype: .float64))
        #expect(Tensor([ints, ints]) == Tensor([[1, 2], [1, 2]]))
        #expect(Tensor([floats]).shape == [1, 2] && Tensor([floats]).dtype == .float32)
    }

    @Test func aTypeMayBeNamed() {
        #expect(Tensor([1, 2], dtype: .float32) == Tensor([1.0, 2]))
        #expect(Tensor([0.1], dtype: .float64).element(as: Double.self) == 0.1)
        #expect(Tensor([1, 0.1], dtype: .float64).elements(as: Double.self) == [1, 0.1])
        #expect(Tensor([1, 0], dtype: .bool) == Tensor([true, false]))
        #expect(Tensor([0.5, 1] as [Double], dtype: .float32) == Tensor([0.5, 1]))
        #expect(Tensor(3, dtype: .uint8).dtype == .uint8)
    }

    @Test func raggedRowsTrap() async {
        func message(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let ragged = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor([[[1.0, 2], [3, 4]], [[5, 6]]])
        }
        let sentence =
            "Tensor: row 0 of the literal has shape [2, 2] and row 1 [1, 2], expected one shape for all"
        #expect(message(ragged).contains(sentence))
        let rows = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let rows: [[Float]] = [[1, 2], [3]]
            _ = Tensor(rows)
        }
        #expect(
            message(rows).contains("Tensor: row 0 has 2 elements and row 1 1, expected one length for all"))
        let mixed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor([1, true])
        }
        #expect(message(mixed).contains("numbers and truth values"))
        let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor([1.0, 2, 3], shape: [2, 2])
        }
        #expect(message(count).contains("Tensor: 3 elements do not fill shape [2, 2] of 4"))
    }

    @Test func oneAxisOrSeveral() {
        let x = randomTensor([3, 4, 2], seed: 1)
        #expect(x.sum(axis: -1) == x.sum(axes: [2]))
        #expect(x.mean(axis: 0, keepingAxes: true) == x.mean(axes: [0], keepingAxes: true))
        #expect(x.max(axis: 1) == x.max(axes: [1]) && x.min(axis: 1) == x.min(axes: [1]))
        #expect(x.product(axis: 1) == x.product(axes: [1]) && x.logSumExp(axis: 2) == x.logSumExp(axes: [2]))
        #expect(x.variance(axis: 1, correction: 1) == x.variance(axes: [1], correction: 1))
        #expect((x .> 0).any(axis: 0) == (x .> 0).any(axes: [0]))
        #expect((x .> 0).all(axis: 0) == (x .> 0).all(axes: [0]))
    }

    @Test func whatStandsForASize() {
        func size(_ size: some Size2DConvertible) -> Size2D { size.size2D }
        let side = 3
        #expect(size(3) == Size2D(3, 3) && size(side) == 3 && size([2, 3]) == Size2D(2, 3))
        #expect(size(Size2D(4, 5)) == Size2D(4, 5))
    }
}
