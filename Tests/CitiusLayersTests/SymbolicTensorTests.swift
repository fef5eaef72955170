import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct SymbolicTensorTests {
    @Test func callsAreNoted() {
        let image = Input(8, 8, 3)
        let convolution = Conv2D(16, kernelSize: 3)
        let x = convolution(image)
        let y = Flatten()(x)
        #expect(x.shape == [6, 6, 16] && y.shape == [576])
        #expect(x.layer === convolution && y.inputs[0].call === x.call && x.inputs[0].layer === image)
        #expect(!convolution.isBuilt && convolution.parameters.isEmpty)
        #expect(image.symbol.shape == [8, 8, 3] && image.symbol.call.identity == image.symbol.call.identity)
        #expect(convolution(image).call.identity != x.call.identity)
    }

    @Test func deepGraphsAreFreed() async {
        // In a process of its own, since what would go wrong is the end of it.
        await #expect(processExitsWith: .success) {
            let activation = Activation(.relu)
            var x = activation(Input(2))
            for _ in 0..<200_000 { x = activation(x) }
            let shared = x
            for _ in 0..<200_000 { x = Add()(activation(x), x) }
            x = shared
        }
    }

    @Test func aMergingLayerOfOnesOwn() {
        /// a · x + b · y with learned a and b.
        final class Blend: MergingLayer {
            private var factors: [Parameter] = []
            override func build(inputShapes: [Shape], generator: inout RandomGenerator) {
                for index in inputShapes.indices {
                    factors.append(
                        addParameter("factor_\(index)", shape: [], initializer: .ones, generator: &generator))
                }
            }
            override func merge(_ inputs: [Variable], in context: Context) -> Variable {
                Add()(zip(inputs, factors).map { $0 * context[$1] }, in: context)
            }
        }
        let blend = Blend()
        let inputs = [
            randomTensor([2, 3], dtype: .float32, seed: 1), randomTensor([2, 3], dtype: .float32, seed: 2),
        ]
        #expect(blend(Input(3), Input(3)).shape == [3] && !blend.isBuilt)
        #expect(blend(Variable(inputs[0]), Variable(inputs[1])).value == inputs[0] + inputs[1])
        #expect(blend.isBuilt && blend.inputShape == [3] && blend.parameterCount == 2)
        let tape = Tape()
        let context = Context.training(tape, random: RandomStream(seed: 1))
        let sum = blend(inputs.map { Variable($0) }, in: context).sum()
        let gradients = tape.gradients(of: sum)
        for (parameter, input) in zip(blend.parameters, inputs) {
            expectClose(gradients[parameter] ?? Tensor(zeros: []), input.sum(), absolute: 1e-6)
        }
    }

    @Test func wrongSamplesTrapAtOnce() async {
        let rank = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Conv2D(4, kernelSize: 3)(Dense(3)(Input(28, 28)))
        }
        #expect(
            message(of: rank).contains(
                "Conv2D: samples of shape [28, 3] have rank 2, expected 3 [height, width, channels]"))
        let input = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Input(3)(Dense(3)(Input(3)))
        }
        #expect(
            message(of: input).contains(
                "Input: an Input begins a graph, it cannot be called on a layer's output"))
    }
}
