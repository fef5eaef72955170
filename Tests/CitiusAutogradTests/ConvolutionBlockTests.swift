import CitiusKernels
import CitiusTestSupport
import Testing

@testable import CitiusAutograd
@testable import CitiusTensor

/// A block's settings, printed when a test of it fails.
private struct BlockCase: Sendable, CustomTestStringConvertible {
    var batch = 2
    var size = (height: 9, width: 10)
    var channels = 3
    var outputs = 5
    var kernel = Size2D(3)
    var strides = Size2D(1)
    var dilation = Size2D(1)
    var padding = Padding.valid
    var clamp = Clamp.relu
    var hasBias = true
    var pool: PoolWindow? = PoolWindow(2)
    /// False as in a first layer, whose input's gradient nobody wants.
    var tracksInput = true

    var testDescription: String {
        "batch \(batch), \(size), \(channels) -> \(outputs), kernel \(kernel), strides \(strides), "
            + "dilation \(dilation), \(padding), \(clamp.lower)...\(clamp.upper), "
            + (pool.map { "pool \($0.size) strides \($0.strides) \($0.padding)" } ?? "no pool")
            + (tracksInput ? "" : ", constant input")
    }

    static let sweep: [BlockCase] = {
        var cases: [BlockCase] = []
        for channels in [1, 3, 5, 8, 17, 32] {
            for outputs in [1, 5, 16, 17, 40] {
                cases.append(BlockCase(channels: channels, outputs: outputs))
                cases.append(BlockCase(channels: channels, outputs: outputs, padding: .same, pool: nil))
            }
        }
        for pool in [
            nil, PoolWindow(2), PoolWindow(3, strides: 2), PoolWindow(2, strides: 3),
            PoolWindow(3, strides: 2, padding: .same),
        ] {
            for clamp in [Clamp.relu, .identity, Clamp(lower: -1, upper: 2.5)] {
                for padding in [Padding.valid, .same] {
                    for channels in [3, 16] {
                        cases.append(
                            BlockCase(
                                batch: 1, size: (11, 8), channels: channels, outputs: 24, padding: padding,
                                clamp: clamp, hasBias: clamp != .identity, pool: pool))
                        cases.append(
                            BlockCase(
                                batch: 3, channels: channels, outputs: 7, kernel: Size2D(2, 4),
                                strides: Size2D(2, 1), padding: padding, clamp: clamp, pool: pool))
                    }
                }
            }
        }
        for channels in [1, 3, 4] {
            for kernel in [Size2D(3), Size2D(5), Size2D(2, 7), Size2D(7, 1)] {
                for pool in [PoolWindow(2), PoolWindow(3, strides: 2), PoolWindow(Size2D(2, 3))] {
                    cases.append(
                        BlockCase(
                            batch: 3, size: (12, 15), channels: channels, outputs: 21, kernel: kernel,
                            pool: pool, tracksInput: false))
                }
            }
            for outputs in [1, 5, 8, 16, 17, 32, 40] {
                cases.append(
                    BlockCase(channels: channels, outputs: outputs, padding: .same, tracksInput: false))
            }
        }
        cases.append(BlockCase(batch: 1, size: (28, 28), channels: 1, outputs: 32, tracksInput: false))
        cases.append(
            BlockCase(channels: 2, kernel: Size2D(8), padding: .same, clamp: .identity, tracksInput: false))
        cases.append(BlockCase(batch: 5, size: (13, 13), channels: 32, outputs: 64))
        cases.append(
            BlockCase(
                size: (15, 14), channels: 16, outputs: 16, strides: Size2D(2), padding: .same, pool: nil))
        cases.append(BlockCase(size: (12, 13), channels: 16, dilation: Size2D(2, 3), padding: .same))
        cases.append(BlockCase(size: (12, 13), dilation: Size2D(2, 1), clamp: .identity, pool: nil))
        cases.append(
            BlockCase(size: (8, 8), channels: 33, outputs: 20, kernel: Size2D(1), clamp: .identity, pool: nil)
        )
        cases.append(
            BlockCase(
                size: (8, 7), channels: 16, outputs: 20, kernel: Size2D(1), strides: Size2D(2),
                clamp: .identity, pool: nil))
        cases.append(BlockCase(size: (7, 7), channels: 200, outputs: 70, padding: .same, pool: nil))
        return cases
    }()
}

/// Convolution, clamp and pool in one pass against the general kernels in double precision.
@Suite struct ConvolutionBlockTests {
    private func run(
        _ test: BlockCase, _ dtype: DType, _ method: ConvolutionMethod, skipsZeros: Bool = true
    ) -> (value: Tensor, gradients: [Tensor]) {
        var generator = RandomGenerator(seed: 11)
        func random(_ shape: Shape) -> Tensor {
            // The same numbers for both types.
            Tensor(normal: shape, dtype: .float32, using: &generator).cast(to: dtype)
        }
        let x = random([test.batch, test.size.height, test.size.width, test.channels])
        let kernel = random([test.kernel.height, test.kernel.width, test.channels, test.outputs])
        let bias = random([test.outputs])
        let tape = Tape()
        let variables = [
            test.tracksInput ? tape.watch(x) : Variable(x), tape.watch(kernel), tape.watch(bias),
        ]
        let y = variables[0].conv2D(
            variables[1], bias: test.hasBias ? variables[2] : nil, strides: test.strides,
            padding: test.padding, dilation: test.dilation,
            epilogue: Epilogue(clamp: test.clamp, pool: test.pool),
            acceleration: Acceleration(convolution: method, skipsZeros: skipsZeros))
        let cotangent = random(y.shape)
        let gradients = tape.gradients(of: y, cotangent: cotangent)
        let tracked = variables.prefix(test.hasBias ? 3 : 2).dropFirst(test.tracksInput ? 0 : 1)
        return (y.value, tracked.map { gradients[$0] })
    }

    @Test(arguments: BlockCase.sweep, [ConvolutionMethod.automatic, .direct])
    private func agreesWithTheGeneralPath(test: BlockCase, method: ConvolutionMethod) {
        check(run(test, .float32, method), test)
    }

    @Test(arguments: BlockCase.sweep) private func agreesOverAllProducts(test: BlockCase) {
        check(run(test, .float32, .automatic, skipsZeros: false), test)
    }

    @Test func zerosAreOnlyLeftOutWhereThatIsAllowed() {
        let test = BlockCase(channels: 16, outputs: 32, pool: PoolWindow(2))
        let (sparse, dense) = (
            run(test, .float32, .automatic), run(test, .float32, .automatic, skipsZeros: false)
        )
        #expect(sparse.value == dense.value)
        // The sums are made in another order.
        #expect(sparse.gradients[0] != dense.gradients[0] && sparse.gradients[1] != dense.gradients[1])
    }

    private func check(_ actual: (value: Tensor, gradients: [Tensor]), _ test: BlockCase) {
        let expected = run(test, .float64, .general)
        // Sums of products of unit variance: an error of some rounding units of the sum's size.
        let depth = Double(test.kernel.height * test.kernel.width * max(test.channels, test.outputs))
        let tolerance = 2e-6 * max(8, depth.squareRoot() * 4)
        expectClose(actual.value.cast(to: .float64), expected.value, absolute: tolerance)
        for (gradient, other) in zip(actual.gradients, expected.gradients) {
            expectClose(gradient.cast(to: .float64), other, absolute: tolerance * 8)
        }
    }

    /// Docs/Numerics.md states these bounds.
    @Test(arguments: [8, 32, 64, 256]) func winogradsErrorIsSmall(channels: Int) {
        var generator = RandomGenerator(seed: UInt64(channels))
        let x = Tensor(normal: [2, 16, 16, channels], dtype: .float32, using: &generator)
        let kernel = Tensor(normal: [3, 3, channels, 32], dtype: .float32, using: &generator)
        func result(_ dtype: DType, _ method: ConvolutionMethod) -> Tensor {
            Variable(x.cast(to: dtype)).conv2D(
                Variable(kernel.cast(to: dtype)), epilogue: Epilogue(),
                acceleration: Acceleration(convolution: method)
            ).value.cast(to: .float64)
        }
        let exact = result(.float64, .general)
        func rootMeanSquare(_ t: Tensor) -> Double { t.squared().mean().scalar.squareRoot() }
        func error(_ method: ConvolutionMethod) -> Double {
            rootMeanSquare(result(.float32, method) - exact) / rootMeanSquare(exact)
        }
        let (winograd, direct) = (error(.automatic), error(.direct))
        // Else it was not Winograd's.
        #expect(winograd != direct)
        let bound = 8e-8 * Double(channels).squareRoot()
        #expect(winograd < bound)
        #expect(direct < bound)
    }

    @Test func withoutATapeTheResultIsTheSame() {
        let test = BlockCase(channels: 16, outputs: 32)
        var generator = RandomGenerator(seed: 3)
        let x = Tensor(normal: [2, 9, 10, 16], dtype: .float32, using: &generator)
        let kernel = Tensor(normal: [3, 3, 16, 32], dtype: .float32, using: &generator)
        let epilogue = Epilogue(clamp: .relu, pool: test.pool)
        let constant = Variable(x).conv2D(Variable(kernel), epilogue: epilogue)
        let tape = Tape()
        let tracked = tape.watch(x).conv2D(Variable(kernel), epilogue: epilogue)
        #expect(constant.value.elements(as: Float.self) == tracked.value.elements(as: Float.self))
    }

    @Test func gradientsOfWhatIsNotTrackedAreLeftOut() {
        var generator = RandomGenerator(seed: 4)
        let x = Tensor(normal: [2, 9, 10, 16], dtype: .float32, using: &generator)
        let kernel = Tensor(normal: [3, 3, 16, 32], dtype: .float32, using: &generator)
        let epilogue = Epilogue(clamp: .relu, pool: PoolWindow(2))
        func gradient(tracking other: Bool) -> (Tensor, Tensor) {
            let tape = Tape()
            let input = tape.watch(x)
            let weights = other ? tape.watch(kernel) : Variable(kernel)
            let y = input.conv2D(weights, epilogue: epilogue).sum()
            let first = tape.gradients(of: y)[input]
            let second = Tape()
            let constant = other ? second.watch(x) : Variable(x)
            let tracked = second.watch(kernel)
            let z = constant.conv2D(tracked, epilogue: epilogue).sum()
            return (first, second.gradients(of: z)[tracked])
        }
        let (alone, together) = (gradient(tracking: false), gradient(tracking: true))
        #expect(alone.0.elements(as: Float.self) == together.0.elements(as: Float.self))
        #expect(alone.1.elements(as: Float.self) == together.1.elements(as: Float.self))
    }
}
