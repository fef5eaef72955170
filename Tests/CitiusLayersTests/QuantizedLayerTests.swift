import CitiusTestSupport
import Testing

@testable import CitiusLayers
@testable import CitiusModels

/// Layers of whole numbers beside those of real ones with the same numbers.
@Suite struct QuantizedLayerTests {
    static let input = QuantizationRange(from: -0.4, to: 1.2)

    /// The numbers that codes stand for.
    private static func rounded(_ x: Tensor, _ range: QuantizationRange) -> Tensor {
        Tensor(
            x.elements(as: Float.self).map {
                let code = ($0 * Float(1 / range.scale) + Float(range.zeroPoint)).rounded(.toNearestOrEven)
                return (min(max(code, 0), 127) - Float(range.zeroPoint)) * Float(range.scale)
            }, shape: x.shape)
    }

    /// Fills a quantized layer, and the other with the numbers that these bytes stand for.
    private static func fill(_ quantized: Layer, as layer: Layer, inputShape: Shape) {
        var generator = RandomGenerator(seed: 3)
        quantized.buildIfNeeded(inputShape: inputShape, generator: &generator)
        layer.buildIfNeeded(inputShape: inputShape, generator: &generator)
        let kernel = quantized.parameters[0]
        kernel.value = randomTensor(kernel.shape, dtype: .float32, in: -128..<128, seed: 5).cast(to: .int8)
        let scale = quantized.parameters[1]
        scale.value = randomTensor(scale.shape, dtype: .float32, in: 0.001..<0.004, seed: 6)
        layer.parameters[0].value = kernel.value.cast(to: .float32) * scale.value
        if quantized.parameters.count > 2 {
            let bias = randomTensor(scale.shape, dtype: .float32, in: -0.3..<0.3, seed: 7)
            quantized.parameters[2].value = bias
            layer.parameters[1].value = bias
        }
    }

    private static func distance(_ a: Tensor, _ b: Tensor) -> Double {
        zip(a.elements(as: Float.self), b.elements(as: Float.self)).map { Double(abs($0 - $1)) }.max() ?? 0
    }

    @Test(arguments: ["linear", "relu", "tanh"]) func dense(activation: String) throws {
        let function = try #require(ActivationFunction.library.first { $0.name == activation })
        for (sample, useBias) in [(Shape([7]), true), (Shape([3, 5, 12]), false)] {
            let layer = Dense(9, activation: function, useBias: useBias)
            let quantized = QuantizedDense(
                configuration: .init(layer.configuration, input: Self.input, output: nil))
            Self.fill(quantized, as: layer, inputShape: sample)
            #expect(quantized.parameters.map(\.dtype).prefix(2) == [.int8, .float32])
            #expect(quantized.parameters.allSatisfy { !$0.isLearned })
            #expect(quantized.outputShape(for: sample) == layer.outputShape(for: sample))
            let x = randomTensor(sample.prepending(6), dtype: .float32, in: -0.6..<1.4, seed: 1)
            let expected = layer(Self.rounded(x, Self.input))
            #expect(quantized(x).shape == expected.shape)
            #expect(Self.distance(quantized(x), expected) < 1e-4)
        }
    }

    /// As codes, outputs are those numbers rounded once more, and codes are taken as what they stand for.
    @Test func handsOnCodes() {
        let output = QuantizationRange(from: -1, to: 2)
        let layer = Dense(9, activation: .relu)
        let numbers = QuantizedDense(
            configuration: .init(layer.configuration, input: Self.input, output: nil))
        let codes = QuantizedDense(
            configuration: .init(layer.configuration, input: Self.input, output: output))
        Self.fill(numbers, as: layer, inputShape: [20])
        Self.fill(codes, as: Dense(9), inputShape: [20])
        let x = randomTensor([6, 20], dtype: .float32, in: -0.6..<1.4, seed: 1)
        let result = codes(x)
        #expect(result.dtype == .uint8)
        let values = (result.cast(to: .float32) - Double(output.zeroPoint)) * output.scale
        #expect(Self.distance(values, Self.rounded(numbers(x), output)) < output.scale * 1.01)
        let next = Dense(4)
        let second = QuantizedDense(configuration: .init(next.configuration, input: output, output: nil))
        Self.fill(second, as: next, inputShape: [9])
        #expect(Self.distance(second(Variable(result)).value, next(values)) < 1e-4)
    }

    @Test func convolution() {
        for (layer, pools) in [
            (Conv2D(6, kernelSize: 3), false),
            (Conv2D(6, kernelSize: 3, padding: .same, activation: .relu), true),
            (Conv2D(6, kernelSize: [2, 3], strides: 2, padding: .same), false),
            (Conv2D(6, kernelSize: 3, dilation: 2, activation: .relu6, useBias: false), true),
            (Conv2D(6, kernelSize: 1, activation: .sigmoid), false),
        ] {
            let quantized = QuantizedConv2D(
                configuration: .init(
                    layer.configuration, activation: layer.activation, maxPools: pools, input: Self.input,
                    output: nil))
            Self.fill(quantized, as: layer, inputShape: [9, 8, 3])
            let x = randomTensor([4, 9, 8, 3], dtype: .float32, in: -0.6..<1.4, seed: 2)
            var expected = layer(Self.rounded(x, Self.input))
            if pools { expected = MaxPooling2D(2)(expected) }
            #expect(quantized(x).shape == expected.shape)
            #expect(quantized.outputShape(for: [9, 8, 3]) == expected.shape.droppingFirst())
            #expect(Self.distance(quantized(x), expected) < 1e-4)
        }
    }

    /// In a graph, what the reader leaves of an image is not computed, and nothing changes.
    @Test func deadPixelsChangeNothing() {
        let range = QuantizationRange(from: 0, to: 3)
        let first = Conv2D(4, kernelSize: 3, activation: .relu)
        let second = Conv2D(5, kernelSize: 3, activation: .relu)
        let layers: [Layer] = [
            QuantizedConv2D(
                configuration: .init(
                    first.configuration, activation: .relu, maxPools: true, input: Self.input, output: range)),
            QuantizedConv2D(
                configuration: .init(
                    second.configuration, activation: .relu, maxPools: true, input: range, output: nil)),
        ]
        let model = Sequential([Input(28, 28, 1)] + layers, seed: 1)
        Self.fill(layers[0], as: first, inputShape: [28, 28, 1])
        Self.fill(layers[1], as: second, inputShape: [13, 13, 4])
        let x = randomTensor([3, 28, 28, 1], dtype: .float32, in: -0.6..<1.4, seed: 2)
        let fast = model(x)
        model.acceleration.fusesLayers = false
        let whole = model(Variable(x), in: Context(tape: nil, isTraining: false, acceleration: .none)).value
        #expect(fast.shape == [3, 5, 5, 5] && fast == whole)
        #expect(fast.elements(as: Float.self).contains { $0 > 0 })
    }

    @Test func rangesHoldZero() {
        #expect(QuantizationRange(from: 0, to: 1.27) == QuantizationRange(scale: 0.01, zeroPoint: 0))
        #expect(QuantizationRange(from: 0.5, to: 1.27).zeroPoint == 0)
        #expect(QuantizationRange(from: -2, to: -1) == QuantizationRange(scale: 2.0 / 127, zeroPoint: 127))
        #expect(QuantizationRange(from: 0, to: 0).scale == 1.0 / 127)
        for (least, greatest) in [
            (-1e300, 1e300), (-0.0, Double.leastNonzeroMagnitude), (-Double.infinity, 5), (1, -1),
        ] {
            #expect(QuantizationRange(from: least, to: greatest).fault == nil, "\(least), \(greatest)")
        }
    }

    /// Whatever a file says, it is refused or computes.
    @Test func hostileDescriptionsEndInAnAnswer() throws {
        let dense = QuantizedDense(
            configuration: .init(Dense(3).configuration, input: Self.input, output: Self.input))
        let convolution = QuantizedConv2D(
            configuration: .init(
                Conv2D(3, kernelSize: 2).configuration, activation: .relu, maxPools: true, input: Self.input,
                output: Self.input))
        var (refused, made) = (0, 0)
        for (layer, sample) in [(dense as Layer, Shape([4])), (convolution as Layer, Shape([5, 5, 2]))] {
            let text = try Sequential([Input(shape: sample), layer]).toJSON()
            for (key, values) in [
                "\"scale\":": ["0", "-1", "1e-300", "1e300", "\"a\"", "null", "1e-30", "1e30"],
                "\"zero_point\":": ["-1", "128", "1000000000000", "0.5", "127"],
                "\"units\":": ["0", "-3", "9223372036854775807", "70000"],
                "\"filters\":": ["0", "-3", "9223372036854775807"],
                "\"kernel_size\":": [
                    "[0, 1]", "[4294967296, 4294967296]", "[2147483647, 2147483647]", "[300, 300]", "[5, 5]",
                ],
                "\"strides\":": ["[0, 0]", "[2147483647, 2147483647]"],
                "\"dilation_rate\":": ["[2147483647, 2147483647]", "[0, 1]", "[3, 3]"],
                "\"padding\":": ["\"same\"", "\"other\""],
                "\"activation\":": ["\"softmax\"", "\"glu\"", "\"sigmoid\"", "\"relu6\"", "3"],
                "\"max_pools\":": ["false", "3"],
                "\"output\":": ["null", "{}", "[]"],
                "\"dtype\":": ["\"float64\"", "\"int8\""],
                "\"batch_shape\":": ["[null, 1, 1, 2]", "[null, 70000]", "[null, 5, 5, 65536]", "[null]"],
            ] {
                for value in values {
                    // Each place where the key stands.
                    for place in 0..<4 {
                        guard let changed = text.replacing(key, value, at: place) else { continue }
                        do {
                            let model = try Model.fromJSON(changed, seed: 1)
                            made += 1
                            if let shape = model.inputShape, shape.count < 1_000 {
                                let x = randomTensor(shape.prepending(2), seed: 2).cast(to: model.dtype)
                                let result = try model.predict(x)
                                #expect(result.shape[0] == 2)
                            }
                        } catch {
                            refused += 1
                        }
                    }
                }
            }
        }
        #expect(refused > 40 && made > 20, "\(refused) refused, \(made) made")
    }
}

extension String {
    /// With another value behind the key, where this stands for the place-th time; nil if it does not.
    fileprivate func replacing(_ key: String, _ value: String, at place: Int) -> String? {
        let starts = ranges(of: key)
        guard place < starts.count else { return nil }
        let begin = starts[place].upperBound
        // To the comma or bracket behind the value, which may have brackets of its own.
        var depth = 0
        var end = begin
        while end < endIndex {
            let letter = self[end]
            if "[{".contains(letter) { depth += 1 }
            if "]}".contains(letter) {
                if depth == 0 { break }
                depth -= 1
            }
            if letter == ",", depth == 0 { break }
            end = index(after: end)
        }
        return String(self[..<begin]) + value + String(self[end...])
    }
}
