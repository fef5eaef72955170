import CitiusKernels
import CitiusTestSupport
import Testing

@testable import CitiusAutograd
@testable import CitiusTensor

@Suite struct EpilogueTests {
    @Test func pixelsThatAPoolReads() {
        var epilogue = Epilogue(pool: PoolWindow(2))
        #expect(epilogue.resultSize(of: Size2D(11, 10)) == Size2D(5, 5))
        #expect(epilogue.pixelsRead(of: Size2D(11, 10)) == Size2D(10, 10))
        epilogue.extent = Size2D(3, 5)
        #expect(epilogue.pixelsRead(of: Size2D(11, 10)) == Size2D(6, 10))
        epilogue.pool = nil
        #expect(epilogue.pixelsRead(of: Size2D(11, 10)) == Size2D(3, 5))
        // Images that are padded are read to the end: a smaller one would be padded elsewhere.
        epilogue.pool = PoolWindow(3, strides: 2, padding: .same)
        #expect(epilogue.resultSize(of: Size2D(11, 10)) == Size2D(6, 5))
        #expect(epilogue.pixelsRead(of: Size2D(11, 10)) == Size2D(11, 10))
    }

    /// What the reader asks for is the beginning of the whole result, by every way to compute it, and so are the
    /// gradients that it sends back.
    @Test(
        arguments: [
            nil, PoolWindow(2), PoolWindow(3, strides: 2), PoolWindow(3, strides: 2, padding: .same),
        ],
        [ConvolutionMethod.automatic, .direct, .general, .loops])
    func anExtentIsThePartThatIsRead(pool: PoolWindow?, method: ConvolutionMethod) {
        let x = randomTensor([2, 13, 12, 8], dtype: .float32, seed: 1)
        let kernel = randomTensor([3, 3, 8, 16], dtype: .float32, seed: 2)
        let read = Size2D(3, 4)
        func run(_ extent: Size2D?) -> [Tensor] {
            let tape = Tape()
            let (input, weights) = (tape.watch(x), tape.watch(kernel))
            let y = input.conv2D(
                weights, epilogue: Epilogue(clamp: .relu6, pool: pool, extent: extent),
                acceleration: Acceleration(convolution: method)
            ).sliced(0..<read.height, axis: 1).sliced(0..<read.width, axis: 2)
            let gradients = tape.gradients(of: (y * y).sum())
            return [y.value, gradients[input], gradients[weights]]
        }
        for (part, whole) in zip(run(read), run(nil)) { expectClose(part, whole, absolute: 2e-4) }
    }

    /// An epilogue is what its parts are one by one, NaN, infinities and zeros of both signs included.
    @Test(arguments: [DType.float32, .float64]) func asItsPartsOneByOne(dtype: DType) {
        let values: [Double] = [-.infinity, -1, -0.0, 0, 1, 6, 7, .infinity, .nan, 5.5, -0.5, 3]
        let x = Tensor(values, shape: [3, 4]).cast(to: dtype)
        let one = Tensor(identity: 4, dtype: dtype)
        let zero = Tensor(zeros: [4], dtype: dtype)
        for (clamp, activation) in [
            (Clamp.relu, { $0.relu() }), (.relu6, { $0.relu6() }), (.identity, { $0 }),
        ] as [(Clamp, (Variable) -> Variable)] {
            func run(_ function: (Variable) -> Variable) -> [Tensor] {
                let tape = Tape()
                let input = tape.watch(x)
                let y = function(input)
                return [
                    y.value, tape.gradients(of: y, cotangent: Tensor(ones: y.shape, dtype: dtype))[input],
                ]
            }
            let sum = run { $0.added(to: Variable(x * 0), epilogue: Epilogue(clamp: clamp)) }
            let expected = run { activation($0 + Variable(x * 0)) }
            for (actual, expected) in zip(sum, expected) {
                expectClose(actual, expected, absolute: 0, relative: 0)
            }
            let statistics = (mean: zero, variance: zero + 1)
            func normalized(_ x: Variable, _ epilogue: Epilogue) -> Variable {
                x.normalized(
                    mean: statistics.mean, variance: statistics.variance, scale: nil, offset: nil, epsilon: 0,
                    epilogue: epilogue)
            }
            let fused = run { normalized($0, Epilogue(clamp: clamp)) }
            let separate = run { activation(normalized($0, Epilogue())) }
            for (actual, expected) in zip(fused, separate) {
                expectClose(actual, expected, absolute: 0, relative: 0)
            }
            let finite = Tensor(values.map { $0.isFinite ? $0 : 2 }, shape: [3, 4]).cast(to: dtype)
            expectClose(
                Variable(finite).dense(Variable(one), bias: Variable(zero), epilogue: Epilogue(clamp: clamp))
                    .value, activation(Variable(finite)).value, absolute: 0, relative: 0)
        }
    }
}
