import CitiusLayers
import CitiusTestSupport
import Testing

/// Every layer keeps the contract of layers.
@Suite struct LayersTests {
    @Test func conv2D() {
        let names = ["kernel", "bias"]
        checkLayerContract(inputShape: [6, 5, 3], parameters: names) { Conv2D(4, kernelSize: 3) }
        checkLayerContract(inputShape: [6, 5, 3], parameters: names) {
            Conv2D(4, kernelSize: Size2D(2, 3), strides: 2, padding: .same, activation: .relu)
        }
        checkLayerContract(inputShape: [7, 7, 4], parameters: ["kernel"]) {
            Conv2D(6, kernelSize: 2, dilation: 2, groups: 2, activation: .tanh, useBias: false)
        }
    }

    @Test func depthwiseConv2D() {
        let names = ["kernel", "bias"]
        checkLayerContract(inputShape: [6, 5, 3], parameters: names) { DepthwiseConv2D(3) }
        checkLayerContract(inputShape: [7, 7, 2], parameters: names) {
            DepthwiseConv2D(3, strides: 2, padding: .same, depthMultiplier: 3, activation: .relu)
        }
        checkLayerContract(inputShape: [7, 6, 3], parameters: ["kernel"]) {
            DepthwiseConv2D(Size2D(2, 3), dilation: 2, activation: .tanh, useBias: false)
        }
    }

    @Test func separableConv2D() {
        let names = ["depthwise_kernel", "pointwise_kernel", "bias"]
        checkLayerContract(inputShape: [6, 5, 3], parameters: names) { SeparableConv2D(4, kernelSize: 3) }
        checkLayerContract(inputShape: [7, 7, 2], parameters: names.dropLast()) {
            SeparableConv2D(
                3, kernelSize: 3, strides: 2, padding: .same, depthMultiplier: 2, activation: .relu,
                useBias: false)
        }
    }

    @Test func globalPooling() {
        checkLayerContract(inputShape: [4, 5, 3]) { GlobalAveragePooling2D() }
        checkLayerContract(inputShape: [4, 5, 3]) { GlobalAveragePooling2D(keepDimensions: true) }
        checkLayerContract(inputShape: [4, 5, 3]) { GlobalMaxPooling2D() }
        checkLayerContract(inputShape: [4, 5, 3]) { GlobalMaxPooling2D(keepDimensions: true) }
    }

    @Test func dense() {
        checkLayerContract(inputShape: [5], parameters: ["kernel", "bias"]) { Dense(3, activation: .relu) }
        checkLayerContract(inputShape: [2, 5], parameters: ["kernel"]) {
            Dense(3, activation: .softmax, useBias: false)
        }
    }

    @Test func pooling() {
        checkLayerContract(inputShape: [7, 6, 3]) { MaxPooling2D(2) }
        checkLayerContract(inputShape: [7, 6, 3]) { MaxPooling2D(3, strides: 2, padding: .same) }
        checkLayerContract(inputShape: [7, 6, 3]) { AveragePooling2D(Size2D(2, 3)) }
        checkLayerContract(inputShape: [7, 6, 3]) { AveragePooling2D(3, strides: 1, padding: .same) }
    }

    @Test func input() {
        checkLayerContract(inputShape: [4, 3]) { Input(4, 3) }
    }

    @Test func batchNormalization() {
        checkLayerContract(
            inputShape: [3, 4], parameters: ["gamma", "beta", "moving_mean", "moving_variance"]
        ) { BatchNormalization() }
        checkLayerContract(inputShape: [4], parameters: ["moving_mean", "moving_variance"]) {
            BatchNormalization(center: false, scale: false)
        }
    }

    @Test func aFrozenNormalizationKeepsItsStatistics() {
        let layer = BatchNormalization()
        let input = Variable(randomTensor([8, 3], dtype: .float32, seed: 1))
        _ = layer(input, in: .training(Tape(), random: RandomStream(seed: 2)))
        let statistics = layer.parameters.map(\.value)
        #expect(statistics[2] != Tensor(zeros: [3]))
        layer.isTrainable = false
        _ = layer(input, in: .training(Tape(), random: RandomStream(seed: 2)))
        #expect(layer.parameters.map(\.value) == statistics)
    }

    @Test func aLayerOfOnesOwn() {
        final class Scale: Layer {
            private var factor: Parameter?
            override func build(inputShape: Shape, generator: inout RandomGenerator) {
                factor = addParameter(
                    "factor", shape: [inputShape[-1]], initializer: .ones, generator: &generator)
            }
            override func forward(_ input: Variable, in context: Context) -> Variable {
                guard let factor else { return input }
                return input * context[factor]
            }
        }
        checkLayerContract(inputShape: [2, 3], parameters: ["factor"]) { Scale() }
    }

    @Test func wrongSamplesTrap() async {
        let rank = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv2D(4, kernelSize: 3)(Variable(Tensor(zeros: [32, 28, 28])))
        }
        #expect(
            message(of: rank).contains(
                "Conv2D: samples of shape [28, 28] have rank 2, expected 3 [height, width, channels]"))
        let window = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = MaxPooling2D(5)(Input(4, 9, 1))
        }
        #expect(
            message(of: window).contains("a window of 5×5 does not fit into samples of shape [4, 9, 1]"))
        let inputs = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let layer = Dense(3, name: "head")
            _ = layer(Variable(Tensor(zeros: [2, 5])))
            _ = layer(Variable(Tensor(zeros: [2, 6])))
        }
        #expect(
            message(of: inputs).contains("Dense \"head\": input [2, 6], expected the last axis to be the 5"))
    }
}
