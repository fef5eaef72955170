import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

@Suite struct Conv1DTests {
    @Test func keras() { checkGolden("Conv1D") }

    @Test func contract() {
        checkLayerContract(inputShape: [7, 3], parameters: ["kernel", "bias"]) {
            Conv1D(4, kernelSize: 3, strides: 2, padding: .causal, activation: .tanh)
        }
        checkLayerContract(inputShape: [7, 4], parameters: ["kernel"]) {
            Conv1D(6, kernelSize: 2, padding: .same, dilation: 2, groups: 2, useBias: false)
        }
    }

    /// No output of a causal convolution changes with a later step.
    @Test func causalOutputsSeeNoLaterStep() {
        let layer = Conv1D(3, kernelSize: 3, padding: .causal, dilation: 2)
        let input = randomTensor([1, 9, 2], dtype: .float32, seed: 1)
        let output = layer(input)
        for step in 0..<9 {
            let later = input.sliced(0..<step + 1, axis: 1).padded([(0, 0), (0, 8 - step), (0, 0)], value: 9)
            #expect(layer(later).sliced(0..<step + 1, axis: 1) == output.sliced(0..<step + 1, axis: 1))
        }
    }

    @Test func whatDoesNotFitTraps() async {
        let narrow = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv1D(3, kernelSize: 5)(Input(4, 2))
        }
        #expect(
            message(of: narrow).contains(
                "Conv1D: a window of 5 (dilation 1) does not fit into samples of shape [4, 2]"))
        let image = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv1D(3, kernelSize: 5)(Input(8, 8, 2))
        }
        #expect(message(of: image).contains("have rank 3, expected 2 [steps, channels]"))
    }

    /// The document's way to a model of text: the pool is taken in the convolution's own pass.
    @Test(arguments: [7, 254, 255, 700], [DType.float32, .float64])
    func aPoolBehindItChangesNothing(steps: Int, dtype: DType) {
        for activation in [ActivationFunction.relu, .linear, .tanh] {
            for pool in [
                GlobalMaxPooling1D(), GlobalMaxPooling1D(keepDimensions: true), MaxPooling1D(3),
                MaxPooling1D(4, strides: 2, padding: .same),
            ] {
                checkFusion(
                    of: [Conv1D(8, kernelSize: 3, activation: activation), pool], inputShape: [steps, 16],
                    dtype: dtype)
            }
        }
    }
}

@Suite struct ConvolutionFusionTests {
    @Test(arguments: [(5, 9), (20, 30), (3, 300)])
    func aGlobalPoolBehindImagesChangesNothing(height: Int, width: Int) {
        for activation in [ActivationFunction.relu, .linear] {
            for keeps in [true, false] {
                checkFusion(
                    of: [
                        Conv2D(16, kernelSize: 3, padding: .same, activation: activation),
                        GlobalMaxPooling2D(keepDimensions: keeps),
                    ], inputShape: [height, width, 8], dtype: .float32)
            }
        }
    }

    @Test func aClampBehindOthersChangesNothing() {
        checkFusion(
            of: [Conv2DTranspose(8, kernelSize: 3, strides: 2), Activation(.relu)], inputShape: [4, 5, 8],
            dtype: .float32)
        checkFusion(
            of: [Conv3DTranspose(2, kernelSize: 2), Activation(.relu6)], inputShape: [3, 2, 2, 2],
            dtype: .float32)
        checkFusion(
            of: [Conv3D(4, kernelSize: 2), Activation(.relu)], inputShape: [3, 4, 4, 2], dtype: .float32)
    }
}

/// A model that computes layers in one pass predicts and learns as one that computes them one by one.
func checkFusion(
    of layers: [Layer], inputShape: Shape, dtype: DType, sourceLocation: SourceLocation = #_sourceLocation
) {
    let model = Sequential([Input(shape: inputShape)] + layers, seed: 2, dtype: dtype)
    for (number, parameter) in model.parameters.enumerated() {
        parameter.value = randomTensor(parameter.shape, dtype: dtype, seed: UInt64(number))
    }
    func run(_ acceleration: Acceleration) -> [Tensor] {
        model.acceleration = acceleration
        let tape = Tape()
        let input = tape.watch(randomTensor(inputShape.prepending(3), dtype: dtype, seed: 7))
        let output = model(input, in: model.trainingContext(tape))
        let gradients = tape.gradients(
            of: output, cotangent: randomTensor(output.shape, dtype: dtype, seed: 8))
        return [output.value, gradients[input]] + model.parameters.map { gradients[$0] ?? Tensor(0.0) }
    }
    let (fused, apart) = (run(.full), run(.none))
    for (a, b) in zip(fused, apart) {
        expectClose(
            a, b, absolute: dtype == .float32 ? 1e-4 : 1e-11, relative: 1e-4, sourceLocation: sourceLocation)
    }
}

@Suite struct Conv3DTests {
    @Test func keras() { checkGolden("Conv3D") }

    @Test func contract() {
        checkLayerContract(inputShape: [3, 4, 3, 2], parameters: ["kernel", "bias"]) {
            Conv3D(2, kernelSize: [2, 3, 1], strides: [1, 2, 1], padding: .same, activation: .tanh)
        }
    }
}

@Suite struct TransposedConvolutionTests {
    @Test(arguments: ["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"])
    func keras(name: String) { checkGolden(name) }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 3], parameters: ["kernel", "bias"]) {
            Conv1DTranspose(2, kernelSize: 3, strides: 2, padding: .same, outputPadding: 1, activation: .tanh)
        }
        checkLayerContract(inputShape: [3, 2, 2], parameters: ["kernel", "bias"]) {
            Conv2DTranspose(3, kernelSize: [2, 3], strides: [3, 1], activation: .tanh)
        }
        checkLayerContract(inputShape: [2, 3, 2, 2], parameters: ["kernel", "bias"]) {
            Conv3DTranspose(2, kernelSize: 2, strides: [2, 1, 1], activation: .tanh)
        }
    }

    @Test func outputPaddingIsLessThanTheStrides() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv2DTranspose(2, kernelSize: 3, strides: 2, outputPadding: [1, 2])
        }
        #expect(
            message(of: result).contains(
                "outputPadding is 1×2, expected from 0 to less than the strides, 2×2"))
    }
}

@Suite struct DepthwiseConv1DTests {
    @Test func keras() { checkGolden("DepthwiseConv1D") }

    @Test func contract() {
        checkLayerContract(inputShape: [6, 3], parameters: ["kernel", "bias"]) {
            DepthwiseConv1D(3, padding: .same, depthMultiplier: 2, activation: .tanh)
        }
    }
}

@Suite struct SeparableConv1DTests {
    @Test func keras() { checkGolden("SeparableConv1D") }

    @Test func contract() {
        checkLayerContract(
            inputShape: [6, 3], parameters: ["depthwise_kernel", "pointwise_kernel", "bias"]
        ) {
            SeparableConv1D(4, kernelSize: 2, strides: 2, depthMultiplier: 2, activation: .tanh)
        }
    }
}
