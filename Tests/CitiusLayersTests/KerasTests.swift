import CitiusLayers
import CitiusTestSupport
import Testing

/// Layers against values from Keras, in float64.
@Suite struct KerasTests {
    private let activations: [String: ActivationFunction] = {
        let all: [ActivationFunction] = [
            .linear, .relu, .relu6, .sigmoid, .tanh, .softmax, .logSoftmax, .elu, .selu, .gelu, .silu,
            .leakyReLU,
            .softplus, .softsign, .mish, .hardSigmoid, .hardSiLU, .exponential,
        ]
        return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    }()

    /// Output and gradients of a layer whose parameters take the case's values.
    private func check(
        _ layer: Layer, _ golden: GoldenCase, parameters: [String], isTraining: Bool = false,
        output: String = "output"
    ) {
        // TensorFlow rounds √2 in gelu and the slope of leaky_relu to float32, even in float64.
        let isRounded = golden.name.contains("gelu") || golden.name == "leaky_relu"
        let relative = isRounded ? 1e-7 : 1e-10
        let absolute = isRounded ? 1e-7 : 1e-10
        layer.dtype = .float64
        let input = golden.tensor("input")
        var generator = RandomGenerator(seed: 1)
        layer.buildIfNeeded(inputShape: input.shape.droppingFirst(), generator: &generator)
        for (parameter, name) in zip(layer.parameters, parameters) { parameter.value = golden.tensor(name) }
        let tape = Tape()
        let x = tape.watch(input)
        let y = layer(x, in: Context(tape: tape, isTraining: isTraining, random: RandomStream(generator)))
        expectClose(
            y.value, golden.tensor(output), absolute: absolute, relative: relative, "\(golden) output")
        let gradients = tape.gradients(of: y, cotangent: golden.tensor("cotangent"))
        expectClose(
            gradients[x], golden.tensor("d_input"), absolute: absolute, relative: relative,
            "\(golden) d_input")
        for (parameter, name) in zip(layer.parameters, parameters) where parameter.isLearned {
            guard let gradient = gradients[parameter] else {
                Issue.record("\(golden): no gradient of \(name)")
                continue
            }
            expectClose(
                gradient, golden.tensor("d_" + name), absolute: absolute, relative: relative,
                "\(golden) d_\(name)")
        }
    }

    @Test(arguments: GoldenFile.load("conv2d").cases) func conv2D(golden: GoldenCase) throws {
        let usesBias = golden.flag("bias")
        let layer = Conv2D(
            Int(golden.number("filters") ?? 0), kernelSize: golden.size("kernel"),
            strides: golden.size("strides"),
            padding: try #require(Padding(rawValue: golden.text("padding"))),
            dilation: golden.size("dilation"),
            groups: Int(golden.number("groups") ?? 1),
            activation: try #require(activations[golden.text("activation")]), useBias: usesBias)
        check(layer, golden, parameters: usesBias ? ["kernel", "bias"] : ["kernel"])
    }

    @Test(arguments: GoldenFile.load("pooling").cases) func pooling(golden: GoldenCase) throws {
        let padding = try #require(Padding(rawValue: golden.text("padding")))
        let (size, strides) = (golden.size("pool"), golden.size("strides"))
        let layer: Layer =
            golden.text("kind") == "max"
            ? MaxPooling2D(size, strides: strides, padding: padding)
            : AveragePooling2D(size, strides: strides, padding: padding)
        check(layer, golden, parameters: [])
    }

    @Test(arguments: GoldenFile.load("separable").cases) func separable(golden: GoldenCase) throws {
        let padding = try #require(Padding(rawValue: golden.text("padding")))
        let (size, strides) = (golden.size("kernel"), golden.size("strides"))
        let dilation = golden.size("dilation")
        let multiplier = Int(golden.number("multiplier") ?? 0)
        let activation = try #require(activations[golden.text("activation")])
        if golden.text("kind") == "depthwise" {
            let layer = DepthwiseConv2D(
                size, strides: strides, padding: padding, depthMultiplier: multiplier, dilation: dilation,
                activation: activation)
            check(layer, golden, parameters: ["kernel", "bias"])
        } else {
            let layer = SeparableConv2D(
                Int(golden.number("filters") ?? 0), kernelSize: size, strides: strides, padding: padding,
                depthMultiplier: multiplier, dilation: dilation, activation: activation)
            check(layer, golden, parameters: ["depthwise_kernel", "pointwise_kernel", "bias"])
        }
    }

    @Test(arguments: GoldenFile.load("globalpooling").cases) func globalPooling(golden: GoldenCase) {
        let keeps = golden.flag("keepdims")
        check(
            golden.text("kind") == "max"
                ? GlobalMaxPooling2D(keepDimensions: keeps) : GlobalAveragePooling2D(keepDimensions: keeps),
            golden, parameters: [])
    }

    @Test(arguments: GoldenFile.load("dense").cases) func dense(golden: GoldenCase) throws {
        let activation = try #require(activations[golden.text("activation")])
        check(
            Dense(Int(golden.number("units") ?? 0), activation: activation), golden,
            parameters: ["kernel", "bias"])
    }

    @Test(arguments: GoldenFile.load("activations").cases) func activation(golden: GoldenCase) throws {
        check(Activation(try #require(activations[golden.name])), golden, parameters: [])
    }

    @Test(arguments: GoldenFile.load("batchnorm").cases) func batchNormalization(golden: GoldenCase) {
        let names = ["gamma", "beta", "moving_mean", "moving_variance"]
        let layer = BatchNormalization()
        #expect(layer.momentum == golden.number("momentum") && layer.epsilon == golden.number("epsilon"))
        check(layer, golden, parameters: names, isTraining: true)
        for (parameter, name) in zip(layer.parameters, names).suffix(2) {
            expectClose(parameter.value, golden.tensor(name + "_after"), absolute: 1e-12, "\(golden) \(name)")
        }
        for (parameter, name) in zip(layer.parameters, names) { parameter.value = golden.tensor(name) }
        expectClose(
            layer(Variable(golden.tensor("input"))).value, golden.tensor("inference"), absolute: 1e-11,
            "\(golden) inference")
    }

    @Test(arguments: GoldenFile.load("merging").cases) func merging(golden: GoldenCase) {
        let layer: MergingLayer =
            golden.text("kind") == "add" ? Add() : Concatenate(axis: Int(golden.number("axis") ?? 0))
        let tape = Tape()
        let inputs = (0..<3).compactMap { golden.optionalTensor("input\($0)") }.map { tape.watch($0) }
        let output = layer(inputs)
        expectClose(output.value, golden.tensor("output"), absolute: 1e-12, "\(golden) output")
        let gradients = tape.gradients(of: output, cotangent: golden.tensor("cotangent"))
        for (index, input) in inputs.enumerated() {
            expectClose(
                gradients[input], golden.tensor("d_input\(index)"), absolute: 1e-12,
                "\(golden) d_input\(index)")
        }
    }
}
