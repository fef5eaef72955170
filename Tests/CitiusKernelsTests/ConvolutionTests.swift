import CitiusTestSupport
import Testing

@testable import CitiusKernels

/// A convolution's settings, printed when a test of it fails.
struct ConvolutionCase: Sendable, CustomTestStringConvertible {
    var batch = 2
    var size = (height: 7, width: 6)
    var channels = 3
    var outputs = 4
    var kernel = (height: 3, width: 3)
    var stride = (height: 1, width: 1)
    var dilation = (height: 1, width: 1)
    var pads = false
    var groups = 1
    var usesLoops = false

    var convolution: Convolution {
        Convolution(
            geometry: WindowGeometry(
                batch: batch, channels: channels,
                vertical: .init(
                    input: size.height, window: kernel.height, stride: stride.height,
                    dilation: dilation.height, pads: pads),
                horizontal: .init(
                    input: size.width, window: kernel.width, stride: stride.width, dilation: dilation.width,
                    pads: pads)),
            outputChannels: outputs, groups: groups, usesLoops: usesLoops)
    }

    var testDescription: String {
        "\(usesLoops ? "loops, " : "")batch \(batch), \(size), \(channels) -> \(outputs), kernel \(kernel), stride \(stride), dilation \(dilation), \(pads ? "same" : "valid"), groups \(groups)"
    }

    /// Calls `body` for each product of the definition: output element, input element, kernel element.
    func forEachProduct(_ body: (_ output: Int, _ input: Int, _ weight: Int) -> Void) {
        let geometry = convolution.geometry
        let (oh, ow) = (geometry.vertical.output, geometry.horizontal.output)
        let (groupInputs, groupOutputs) = (channels / groups, outputs / groups)
        for n in 0..<batch {
            for i in 0..<oh {
                for j in 0..<ow {
                    for o in 0..<outputs {
                        for h in 0..<kernel.height {
                            for w in 0..<kernel.width {
                                let y =
                                    i * stride.height + h * dilation.height - geometry.vertical.paddingBefore
                                let x =
                                    j * stride.width + w * dilation.width - geometry.horizontal.paddingBefore
                                guard y >= 0, y < size.height, x >= 0, x < size.width else { continue }
                                for c in 0..<groupInputs {
                                    let channel = o / groupOutputs * groupInputs + c
                                    body(
                                        ((n * oh + i) * ow + j) * outputs + o,
                                        ((n * size.height + y) * size.width + x) * channels + channel,
                                        ((h * kernel.width + w) * groupInputs + c) * outputs + o)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    static let sweep: [ConvolutionCase] = {
        var cases: [ConvolutionCase] = []
        for channels in [1, 3, 5, 8, 17, 32] {
            cases.append(ConvolutionCase(size: (9, 11), channels: channels, outputs: channels + 2))
        }
        for batch in [1, 2, 5] {
            cases.append(ConvolutionCase(batch: batch, size: (28, 28), channels: 1, outputs: 32))
        }
        for stride in [(2, 1), (1, 3), (2, 2)] {
            for pads in [false, true] {
                cases.append(ConvolutionCase(size: (8, 9), stride: stride, pads: pads))
                cases.append(ConvolutionCase(kernel: (2, 4), stride: stride, pads: pads))
            }
        }
        cases.append(ConvolutionCase(size: (12, 13), dilation: (2, 3)))
        cases.append(
            ConvolutionCase(size: (12, 13), kernel: (3, 2), stride: (2, 2), dilation: (3, 2), pads: true))
        cases.append(ConvolutionCase(channels: 6, outputs: 4, groups: 2))
        cases.append(ConvolutionCase(channels: 5, outputs: 10, pads: true, groups: 5))
        cases.append(ConvolutionCase(channels: 8, outputs: 5, kernel: (1, 1)))
        cases.append(ConvolutionCase(channels: 8, outputs: 6, kernel: (1, 1), stride: (2, 2)))
        cases.append(ConvolutionCase(size: (3, 3), kernel: (5, 5), pads: true))
        cases.append(ConvolutionCase(size: (1, 40), kernel: (1, 7), pads: true))
        cases.append(ConvolutionCase(batch: 1, size: (64, 64), channels: 16, outputs: 8))
        return cases
    }()
}

@Suite struct ConvolutionTests {
    private func random<T: KernelReal>(_ count: Int, seed: UInt64) -> [T] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in T(Double.random(in: -1...1, using: &generator)) }
    }

    private func expectAgreement<T: KernelReal>(
        _ actual: [T], _ expected: [Double], tolerance: Double, _ what: String
    ) {
        #expect(actual.count == expected.count)
        let worst = zip(actual, expected).map { abs($0.asDouble - $1) }.max() ?? 0
        #expect(worst <= tolerance, "\(what)")
    }

    private func check<T: KernelReal>(_ type: T.Type, _ setting: ConvolutionCase, tolerance: Double) {
        let convolution = setting.convolution
        let geometry = convolution.geometry
        let input: [T] = random(geometry.batch * geometry.imageCount, seed: 1)
        let kernel: [T] = random(
            geometry.cellCount * setting.channels / setting.groups * setting.outputs, seed: 2)
        let bias: [T] = random(setting.outputs, seed: 3)
        let gradient: [T] = random(geometry.outputPixels * setting.outputs, seed: 4)

        for clamp in [Clamp.identity, .relu, .relu6] {
            var expected = (0..<gradient.count).map { bias[$0 % setting.outputs].asDouble }
            setting.forEachProduct { expected[$0] += input[$1].asDouble * kernel[$2].asDouble }
            expected = expected.map { min(max($0, clamp.lower), clamp.upper) }
            // NaN in the result shows what is read before it is written.
            var output = [T](repeating: .nan, count: gradient.count)
            convolution.forward(
                input: input, kernel: kernel, bias: bias, clamp: clamp, output: &output)
            expectAgreement(output, expected, tolerance: tolerance, "forward")
        }

        var expectedKernel = [Double](repeating: 0, count: kernel.count)
        setting.forEachProduct { expectedKernel[$2] += input[$1].asDouble * gradient[$0].asDouble }
        var kernelWorkspace = [T](repeating: .nan, count: convolution.kernelGradientWorkspaceCount)
        var kernelGradient = [T](repeating: .nan, count: kernel.count)
        convolution.kernelGradient(
            input: input, outputGradient: gradient, kernelGradient: &kernelGradient,
            workspace: &kernelWorkspace)
        expectAgreement(
            kernelGradient, expectedKernel, tolerance: tolerance * 16, "kernel gradient")

        var expectedInput = [Double](repeating: 0, count: input.count)
        setting.forEachProduct { expectedInput[$1] += kernel[$2].asDouble * gradient[$0].asDouble }
        var inputGradient = [T](repeating: .nan, count: input.count)
        convolution.inputGradient(
            kernel: kernel, outputGradient: gradient, inputGradient: &inputGradient)
        expectAgreement(inputGradient, expectedInput, tolerance: tolerance, "input gradient")
    }

    @Test(arguments: ConvolutionCase.sweep, [false, true])
    func agreesWithTheDefinition(setting: ConvolutionCase, usesLoops: Bool) {
        var setting = setting
        setting.usesLoops = usesLoops
        check(Float.self, setting, tolerance: 1e-4)
        check(Double.self, setting, tolerance: 1e-12)
    }
}
