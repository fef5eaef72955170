import CitiusLayers
import CitiusTestSupport
import Testing

/// Layers that are made of layers: names, parameters, freezing, masks.
@Suite struct LayerTreeTests {
    /// Two dense layers, one within a layer of its own.
    private final class Outer: Layer {
        final class Inner: Layer {
            let dense = Dense(3, name: "project")
            override var sublayers: [Layer] { [dense] }
            override func forward(_ input: Variable, in context: Context) -> Variable {
                dense(input, in: context)
            }
        }
        let inner = Inner()
        let last = Dense(2)
        private var scale: Parameter?
        override var sublayers: [Layer] { [inner, last] }
        override func build(inputShape: Shape, generator: inout RandomGenerator) {
            scale = addParameter("scale", shape: [], initializer: .ones, generator: &generator)
        }
        override func forward(_ input: Variable, in context: Context) -> Variable {
            let output = last(inner(input, in: context), in: context)
            return scale.map { output * context[$0] } ?? output
        }
    }

    @Test func parametersHavePaths() {
        let layer = Outer()
        layer.dtype = .float64
        var generator = RandomGenerator(seed: 1)
        layer.buildIfNeeded(inputShape: [4], generator: &generator)
        #expect(
            layer.namedParameters.map { $0.path } == [
                "scale", "inner/project/kernel", "inner/project/bias", "dense/kernel", "dense/bias",
            ])
        #expect(layer.parameters.allSatisfy { $0.dtype == .float64 })
        #expect(layer.outputShapes == [[2]] && layer.parameterCount == 1 + 15 + 8)
        // The same seed, the same values.
        let twin = Outer()
        twin.dtype = .float64
        var same = RandomGenerator(seed: 1)
        twin.buildIfNeeded(inputShape: [4], generator: &same)
        #expect(zip(layer.parameters, twin.parameters).allSatisfy { $0.value == $1.value })
        checkLayerContract(
            inputShape: [4], parameters: ["scale", "kernel", "bias", "kernel", "bias"]
        ) { Outer() }
    }

    @Test func freezingDoesNotThawWhatWasFrozenBelow() {
        let layer = Outer()
        _ = layer(Variable(Tensor(ones: [1, 4])))
        layer.inner.dense.isTrainable = false
        layer.last.bias?.isFrozen = true
        func trainable() -> [String] {
            layer.namedParameters.filter { $0.parameter.isTrainable }.map { $0.path }
        }
        #expect(trainable() == ["scale", "dense/kernel"])
        layer.isTrainable = false
        #expect(trainable().isEmpty && !layer.last.isTrainable && !layer.inner.dense.isTrainable)
        layer.last.isTrainable = true
        #expect(trainable().isEmpty, "within a frozen layer")
        layer.isTrainable = true
        #expect(trainable() == ["scale", "dense/kernel"])
        #expect(layer.last.isTrainable && !layer.inner.dense.isTrainable)
        layer.inner.isTrainable = false
        layer.inner.dense.isTrainable = true
        #expect(trainable() == ["scale", "dense/kernel"])
        layer.inner.isTrainable = true
        #expect(trainable().count == 4)
    }

    /// Plain numbers, bytes too, are what a layer is called on by hand.
    @Test func tensorsAreTaken() {
        let dense = Dense(2)
        let bytes = Tensor([1, 2, 3, 4] as [UInt8], shape: [2, 2])
        #expect(dense(bytes) == dense(bytes.cast(to: .float32)))
        #expect(Activation(.relu)(Tensor([-1, 2] as [Double])).dtype == .float64)
    }

    /// Layers of several inputs and outputs, eagerly and in a graph.
    @Test func severalOutputs() {
        final class DivMod: Layer {
            override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
                [inputShapes[0], inputShapes[1]]
            }
            override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
                [inputs[0] + inputs[1], inputs[0] - inputs[1]]
            }
            override func build(inputShapes: [Shape], generator: inout RandomGenerator) {}
        }
        let (a, b) = (Tensor([5, 7] as [Float], shape: [1, 2]), Tensor([2, 3] as [Float], shape: [1, 2]))
        let values = DivMod().outputs(of: [Variable(a), Variable(b)])
        #expect(values.map { $0.value } == [a + b, a - b])
        let symbols = DivMod().outputs(of: Input(2), Input(2))
        #expect(symbols.map { $0.index } == [0, 1] && symbols.allSatisfy { $0.shape == [2] })
    }

    @Test func masksPassWhereALayerLetsThem() {
        var input = Variable(Tensor(ones: [2, 3, 4]))
        let mask = Tensor([true, true, false, true, false, false], shape: [2, 3])
        input.mask = mask
        #expect(Dense(2)(input).mask == mask && Dropout(0.5)(input).mask == mask)
        #expect(Flatten()(input).mask == nil)
        let other = Variable(Tensor(ones: [2, 3, 4]))
        #expect(Add()(input, other).mask == nil)
        var second = other
        second.mask = Tensor([false, true, false, false, false, true], shape: [2, 3])
        #expect(
            Add()(input, second).mask == Tensor([true, true, false, true, false, true], shape: [2, 3]))
        #expect(Concatenate(axis: 1)(input, other).mask?.shape == [2, 6])
    }
}
