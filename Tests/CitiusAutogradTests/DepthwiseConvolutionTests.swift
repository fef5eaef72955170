import CitiusTestSupport
import Testing

@testable import CitiusAutograd
@testable import CitiusTensor

/// A depthwise convolution's settings, printed when a test of it fails.
private struct DepthwiseCase: Sendable, CustomTestStringConvertible {
    var batch = 2
    var size = (height: 9, width: 10)
    var channels = 5
    var multiplier = 1
    var kernel = Size2D(3)
    var strides = Size2D(1)
    var dilation = Size2D(1)
    var padding = Padding.same
    var clamp = Clamp.identity
    var hasBias = true

    var testDescription: String {
        "batch \(batch), \(size), \(channels)·\(multiplier), kernel \(kernel), strides \(strides), "
            + "dilation \(dilation), \(padding), \(clamp.lower)...\(clamp.upper)"
    }

    static let sweep: [DepthwiseCase] = {
        var cases: [DepthwiseCase] = []
        for channels in [1, 3, 5, 8, 17, 32, 64] {
            for padding in [Padding.same, .valid] {
                cases.append(
                    DepthwiseCase(
                        channels: channels, padding: padding, clamp: channels % 2 == 1 ? .relu : .identity))
                cases.append(
                    DepthwiseCase(batch: 1, channels: channels, strides: Size2D(2), padding: padding))
                cases.append(
                    DepthwiseCase(
                        batch: 3, size: (12, 7), channels: channels, kernel: Size2D(2, 5),
                        strides: Size2D(3, 1), padding: padding, hasBias: false))
            }
        }
        cases.append(
            DepthwiseCase(size: (14, 13), dilation: Size2D(2, 3), clamp: Clamp(lower: -1, upper: 1.5)))
        cases.append(DepthwiseCase(size: (14, 13), strides: Size2D(4), padding: .valid))
        cases.append(
            DepthwiseCase(size: (6, 6), channels: 16, kernel: Size2D(1), clamp: Clamp(lower: -1, upper: 1.5)))
        // Taps in several groups, of which the last alone is clamped.
        for kernel in [Size2D(1, 4), Size2D(5), Size2D(2, 5)] {
            for clamp in [Clamp.relu, Clamp(lower: -1, upper: 1.5)] {
                cases.append(DepthwiseCase(channels: 19, kernel: kernel, clamp: clamp))
            }
        }
        cases.append(DepthwiseCase(size: (8, 8), channels: 20, kernel: Size2D(7)))
        cases.append(DepthwiseCase(size: (8, 8), channels: 20, kernel: Size2D(1), strides: Size2D(2)))
        cases.append(DepthwiseCase(channels: 4, multiplier: 3))
        return cases
    }()
}

/// Convolution channel by channel against the general kernels in double precision.
@Suite struct DepthwiseConvolutionTests {
    private func run(
        _ test: DepthwiseCase, _ dtype: DType, _ method: ConvolutionMethod
    ) -> (value: Tensor, gradients: [Tensor]) {
        var generator = RandomGenerator(seed: 12)
        func random(_ shape: Shape) -> Tensor {
            // The same numbers for both types.
            Tensor(normal: shape, dtype: .float32, using: &generator).cast(to: dtype)
        }
        let x = random([test.batch, test.size.height, test.size.width, test.channels])
        let kernel = random([test.kernel.height, test.kernel.width, test.channels, test.multiplier])
        let bias = random([test.channels * test.multiplier])
        let tape = Tape()
        let variables = [x, kernel, bias].map { tape.watch($0) }
        let y = variables[0].depthwiseConv2D(
            variables[1], bias: test.hasBias ? variables[2] : nil, strides: test.strides,
            padding: test.padding, dilation: test.dilation, epilogue: Epilogue(clamp: test.clamp),
            acceleration: Acceleration(convolution: method))
        let gradients = tape.gradients(of: y, cotangent: random(y.shape))
        return (y.value, variables.prefix(test.hasBias ? 3 : 2).map { gradients[$0] })
    }

    @Test(arguments: DepthwiseCase.sweep)
    private func agreesWithTheGeneralPath(test: DepthwiseCase) {
        let expected = run(test, .float64, .general)
        let actual = run(test, .float32, .automatic)
        expectClose(actual.value.cast(to: .float64), expected.value, absolute: 2e-5)
        for (gradient, other) in zip(actual.gradients, expected.gradients) {
            expectClose(gradient.cast(to: .float64), other, absolute: 1e-4)
        }
    }

    @Test func aWindowOfOneMultiplies() {
        let x = Tensor([1, 2, 3, 4, 5, 6] as [Float]).reshaped([1, 1, 3, 2])
        let kernel = Tensor([2, -1] as [Float]).reshaped([1, 1, 2, 1])
        let y = Variable(x).depthwiseConv2D(Variable(kernel), epilogue: Epilogue(clamp: .relu))
        #expect(y.value.elements(as: Float.self) == [2, 0, 6, 0, 10, 0])
    }
}
