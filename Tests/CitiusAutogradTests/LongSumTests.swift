import CitiusTestSupport
import Testing

@testable import CitiusAutograd
@testable import CitiusTensor

/// Gradients that sum millions of terms, which one after the other would drift by per cents in float32.
@Suite struct LongSumTests {
    /// As float32 holds it.
    private static let tenth = Double(Float(0.1))

    private func expectNear(
        _ sums: Tensor, _ expected: Double, within relative: Double, _ comment: @autoclosure () -> String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for value in sums.cast(to: .float64).elements(as: Double.self) {
            #expect(
                abs(value / expected - 1) <= relative, "\(comment()): \(value), expected \(expected)",
                sourceLocation: sourceLocation)
        }
    }

    /// A bias's and a kernel's gradient over two million rows.
    @Test(arguments: [1, 3]) func denseLayers(columns: Int) {
        let rows = 2_000_000
        let x = Tensor(repeating: 0.1 as Float, shape: [rows, 1])
        let tape = Tape()
        let (kernel, bias) = (
            tape.watch(Tensor(ones: [1, columns])), tape.watch(Tensor(zeros: [columns]))
        )
        let y = Variable(x).dense(kernel, bias: bias)
        let gradients = tape.gradients(
            of: y, cotangent: Tensor(repeating: 0.1 as Float, shape: [rows, columns]))
        // (128 + 21)·ε.
        expectNear(gradients[bias], Double(rows) * Self.tenth, within: 150 * 0x1p-24, "bias")
        expectNear(
            gradients[kernel], Double(rows) * Self.tenth * Self.tenth, within: 600 * 0x1p-24, "kernel")
    }

    /// Two million pixels, with a window that begins on every one of them.
    @Test(arguments: [ConvolutionMethod.automatic, .direct, .general], [1, 20])
    func convolutions(method: ConvolutionMethod, outputs: Int) {
        let pixels = outputs == 1 ? 700 : 300
        let x = Tensor(repeating: 0.1 as Float, shape: [4, pixels, pixels, 1])
        let tape = Tape()
        let (kernel, bias) = (
            tape.watch(Tensor(ones: [1, 2, 1, outputs])), tape.watch(Tensor(zeros: [outputs]))
        )
        let y = Variable(x).conv2D(
            kernel, bias: bias, epilogue: Epilogue(), acceleration: Acceleration(convolution: method))
        let gradients = tape.gradients(of: y, cotangent: Tensor(repeating: 0.1 as Float, shape: y.shape))
        let count = Double(4 * pixels * (pixels - 1))
        // Blocks of 1,024, and as many of them as a chunk of an image has.
        let bound = (1_024 + count / 4 / 1_024) * 0x1p-24
        expectNear(gradients[bias], count * Self.tenth, within: bound, "bias")
        expectNear(gradients[kernel], count * Self.tenth * Self.tenth, within: bound, "kernel")
    }

    /// Behind a pool the sums go over the windows.
    @Test(arguments: [1, 16]) func pooledConvolutions(channels: Int) {
        let x = Tensor(repeating: 0.1 as Float, shape: [2, 401, 401, channels])
        let tape = Tape()
        let input = channels == 1 ? Variable(x) : tape.watch(x)
        let (kernel, bias) = (
            tape.watch(Tensor(ones: [2, 2, channels, 5])), tape.watch(Tensor(zeros: [5]))
        )
        let y = input.conv2D(kernel, bias: bias, epilogue: Epilogue(pool: PoolWindow(2)))
        let gradients = tape.gradients(of: y, cotangent: Tensor(repeating: 0.1 as Float, shape: y.shape))
        let count = Double(2 * 200 * 200)
        expectNear(gradients[bias], count * Self.tenth, within: 1_064 * 0x1p-24, "bias")
        expectNear(gradients[kernel], count * Self.tenth * Self.tenth, within: 1_064 * 0x1p-24, "kernel")
    }

    @Test func depthwiseConvolutions() {
        let x = Tensor(repeating: 0.1 as Float, shape: [4, 300, 301, 3])
        let tape = Tape()
        let kernel = tape.watch(Tensor(ones: [1, 2, 3, 1]))
        let y = Variable(x).depthwiseConv2D(kernel)
        let gradients = tape.gradients(of: y, cotangent: Tensor(repeating: 0.1 as Float, shape: y.shape))
        expectNear(
            gradients[kernel], 360_000 * Self.tenth * Self.tenth, within: 400 * 0x1p-24, "kernel")
    }

    @Test(arguments: [1, 5]) func normalization(channels: Int) {
        let rows = 2_000_000
        let pair = Tensor([10_000, 10_001] as [Float], shape: [2, 1])
        let x = pair.expanded(to: [2, channels]).reshaped(to: [1, 2, channels])
            .expanded(to: [rows / 2, 2, channels]).reshaped(to: [rows, channels])
        let tape = Tape()
        let (scale, offset) = (
            tape.watch(Tensor(ones: [channels])), tape.watch(Tensor(zeros: [channels]))
        )
        let y = Variable(x).batchNormalized(scale: scale, offset: offset, epsilon: 0)
        expectNear(y.mean, 10_000.5, within: 1e-7, "mean")
        expectNear(y.variance, 0.25, within: 1e-5, "variance")
        let gradients = tape.gradients(of: y.output, cotangent: y.output.value * 0.1 + 0.1)
        expectNear(gradients[offset], Double(rows) * Self.tenth, within: 1e-5, "offset")
        expectNear(gradients[scale], Double(rows) * Self.tenth, within: 1e-5, "scale")
    }

    /// No images: gradients of weights are zeros, whatever the memory held before.
    @Test(arguments: [ConvolutionMethod.automatic, .direct, .general, .loops])
    func emptyBatches(method: ConvolutionMethod) {
        func expectZeros(_ name: String, _ compute: (Tape) -> (Variable, [Variable])) {
            // What is not written shows as NaN.
            for size in 1...200 { _ = Tensor(repeating: Float.nan, shape: [size * 16]) }
            let tape = Tape()
            let (y, weights) = compute(tape)
            let gradients = tape.gradients(of: y, cotangent: Tensor(zeros: y.shape))
            for weight in weights {
                #expect(gradients[weight] == Tensor(zeros: weight.shape), "\(name), \(method)")
            }
        }
        for channels in [1, 16] {
            for pool in [nil, PoolWindow(2), PoolWindow(3, strides: 2)] {
                for tracksInput in [false, true] {
                    expectZeros("convolution of \(channels) channels") { tape in
                        let x = Tensor(zeros: [0, 12, 12, channels])
                        let input = tracksInput ? tape.watch(x) : Variable(x)
                        let weights = [
                            tape.watch(Tensor(ones: [3, 3, channels, 16])), tape.watch(Tensor(zeros: [16])),
                        ]
                        let y = input.conv2D(
                            weights[0], bias: weights[1], epilogue: Epilogue(pool: pool),
                            acceleration: Acceleration(convolution: method))
                        return (y, weights + (tracksInput ? [input] : []))
                    }
                }
            }
        }
        expectZeros("depthwise convolution") { tape in
            let weights = [tape.watch(Tensor(ones: [3, 3, 8, 1])), tape.watch(Tensor(zeros: [8]))]
            return (
                Variable(Tensor(zeros: [0, 9, 9, 8])).depthwiseConv2D(
                    weights[0], bias: weights[1], epilogue: Epilogue(),
                    acceleration: Acceleration(convolution: method)), weights
            )
        }
        expectZeros("dense layer") { tape in
            let weights = [tape.watch(Tensor(ones: [20, 7])), tape.watch(Tensor(zeros: [7]))]
            return (Variable(Tensor(zeros: [0, 20])).dense(weights[0], bias: weights[1]), weights)
        }
        expectZeros("normalization by constants") { tape in
            let weights = [tape.watch(Tensor(ones: [5])), tape.watch(Tensor(zeros: [5]))]
            let y = Variable(Tensor(zeros: [0, 5])).normalized(
                mean: Tensor(zeros: [5]), variance: Tensor(ones: [5]), scale: weights[0], offset: weights[1],
                epsilon: 1e-3)
            return (y, weights)
        }
    }
}
