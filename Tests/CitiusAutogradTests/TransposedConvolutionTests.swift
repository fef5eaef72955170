import CitiusTestSupport
import Testing

@testable import CitiusAutograd
@testable import CitiusTensor

/// A transposed convolution's settings, printed when a test of it fails.
struct TransposedCase: Sendable, CustomTestStringConvertible {
    var batch = 2
    var size = Size2D(5, 6)
    var channels = 5
    var outputs = 7
    var kernel = Size2D(3)
    var strides = Size2D(1)
    var dilation = Size2D(1)
    var padding = Padding.same
    var outputPadding: Size2D?
    var clamp = Clamp.identity

    var testDescription: String {
        "batch \(batch), \(size), \(channels) → \(outputs), kernel \(kernel), strides \(strides), dilation \(dilation), "
            + "\(padding), \(outputPadding?.description ?? "-"), \(clamp.lower)...\(clamp.upper)"
    }

    static let sweep: [TransposedCase] = {
        var cases: [TransposedCase] = []
        for (channels, outputs) in [(1, 1), (3, 16), (16, 3), (8, 24), (33, 17), (64, 32)] {
            for padding in [Padding.same, .valid] {
                for strides in [Size2D(1), Size2D(2), Size2D(3, 1)] {
                    cases.append(
                        TransposedCase(
                            channels: channels, outputs: outputs, strides: strides, padding: padding,
                            clamp: channels % 2 == 1 ? .relu : .identity))
                }
            }
        }
        cases.append(TransposedCase(kernel: Size2D(2, 5), strides: Size2D(4, 3), padding: .valid))
        cases.append(TransposedCase(kernel: Size2D(2), strides: Size2D(3), outputPadding: Size2D(2, 0)))
        cases.append(TransposedCase(kernel: Size2D(3), strides: Size2D(2), padding: .valid, outputPadding: 1))
        cases.append(TransposedCase(kernel: Size2D(3, 2), dilation: Size2D(2, 3), padding: .valid))
        cases.append(TransposedCase(kernel: Size2D(4), strides: Size2D(1, 2), dilation: Size2D(2, 1)))
        cases.append(TransposedCase(batch: 1, size: Size2D(1), kernel: Size2D(5), padding: .valid))
        cases.append(TransposedCase(batch: 0))
        return cases
    }()
}

@Suite struct TransposedConvolutionTests {
    private func random(_ shape: Shape, _ dtype: DType, _ seed: UInt64) -> Tensor {
        // The same numbers for both types.
        randomTensor(shape, dtype: .float32, seed: seed).cast(to: dtype)
    }

    private func run(_ test: TransposedCase, _ dtype: DType, _ method: ConvolutionMethod) -> [Tensor] {
        let tape = Tape()
        let variables = [
            random([test.batch, test.size.height, test.size.width, test.channels], dtype, 1),
            random([test.kernel.height, test.kernel.width, test.outputs, test.channels], dtype, 2),
            random([test.outputs], dtype, 3),
        ].map { tape.watch($0) }
        let y = variables[0].conv2DTransposed(
            variables[1], bias: variables[2], strides: test.strides, padding: test.padding,
            outputPadding: test.outputPadding, dilation: test.dilation, clamp: test.clamp,
            acceleration: Acceleration(convolution: method))
        let gradients = tape.gradients(of: y, cotangent: random(y.shape, dtype, 4))
        return [y.value] + variables.map { gradients[$0] }
    }

    @Test(arguments: TransposedCase.sweep)
    func agreesWithTheGeneralPath(test: TransposedCase) {
        for (actual, expected) in zip(run(test, .float32, .automatic), run(test, .float64, .general)) {
            expectClose(actual.cast(to: .float64), expected, absolute: 2e-4)
        }
    }

    /// By definition: ⟨transposed(x), z⟩ = ⟨x, conv(z)⟩ where both are convolutions of one geometry.
    @Test(arguments: [Padding.same, .valid], [Size2D(1), Size2D(2), Size2D(3, 2)])
    func isTheTransposeOfAConvolution(padding: Padding, strides: Size2D) {
        let kernel = Variable(randomTensor([3, 4, 2, 3], seed: 2))
        let x = Variable(randomTensor([2, 4, 3, 3], seed: 1))
        let y = x.conv2DTransposed(kernel, strides: strides, padding: padding)
        let z = Variable(randomTensor(y.shape, seed: 3))
        let forward = z.conv2D(kernel, strides: strides, padding: padding)
        #expect(forward.shape == x.shape)
        expectClose((y * z).sum().value, (x * forward).sum().value, absolute: 1e-10)
    }

    @Test func gradients() {
        for padding in [Padding.same, .valid] {
            checkGradients(at: [
                randomTensor([2, 3, 2, 2], seed: 1), randomTensor([2, 3, 3, 2], seed: 2),
                randomTensor([3], seed: 3),
            ]) {
                $0[0].conv2DTransposed($0[1], bias: $0[2], strides: Size2D(2, 3), padding: padding)
            }
        }
    }
}

@Suite struct PatchesTests {
    @Test func patchesAreWhatWindowsSee() {
        let x = Tensor((0..<48).map { Double($0) }, shape: [1, 4, 6, 2])
        let y = x.extractedPatches(size: Size2D(2, 3))
        #expect(y.shape == [1, 2, 2, 12])
        #expect(y[0][0][1].elements(as: Double.self) == [6, 7, 8, 9, 10, 11, 18, 19, 20, 21, 22, 23])
        let padded = x.extractedPatches(size: 2, strides: 3, padding: .same)
        #expect(padded.shape == [1, 2, 2, 8])
    }

    @Test func gradients() {
        for padding in [Padding.same, .valid] {
            checkGradients(at: [randomTensor([2, 5, 4, 2], seed: 1)]) {
                $0[0].extractedPatches(
                    size: Size2D(2, 3), strides: Size2D(2, 1), dilation: Size2D(2, 1), padding: padding)
            }
        }
    }
}

@Suite struct ResamplingTests {
    @Test func resizingGradients() {
        for interpolation in [Interpolation.nearest, .bilinear, .bicubic, .lanczos3, .lanczos5] {
            for size in [Size2D(3, 7), Size2D(7, 2)] {
                checkGradients(at: [randomTensor([2, 5, 4, 2], seed: 1)]) {
                    $0[0].resized(to: size, interpolation: interpolation, antialias: size.height == 3)
                }
            }
        }
    }

    /// Weights sum to 1: a constant picture stays one.
    @Test func constantsStay() {
        for interpolation in [Interpolation.nearest, .bilinear, .bicubic, .lanczos3, .lanczos5] {
            for (from, to) in [(5, 13), (13, 5), (1, 4), (4, 1), (7, 7)] {
                for antialias in [false, true] {
                    let x = Tensor(ones: [1, from, from, 1], dtype: .float64)
                    let y = x.resized(to: Size2D(to), interpolation: interpolation, antialias: antialias)
                    expectClose(y, Tensor(ones: [1, to, to, 1], dtype: .float64), absolute: 1e-12)
                }
            }
        }
    }
}
