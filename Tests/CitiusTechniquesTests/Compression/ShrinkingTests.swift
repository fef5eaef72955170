import Citius
import CitiusTechniques
import CitiusTestSupport
import Testing

@Suite struct ShrinkingTests {
    /// Channels whose kernels, biases and normalizations are 0 can go without a change of the result, through whatever lies
    /// between them and what reads them.
    @Test(arguments: CompressibleNetwork.allCases) func removesWhatIsZero(network: CompressibleNetwork) throws
    {
        let model = network.make(seed: 3)
        // The second half of each layer's channels gives 0.
        for layer in model.layers where layer !== model.layers.last(where: { $0 is Dense }) {
            for parameter in layer.ownParameters {
                let shape = parameter.shape
                guard !parameter.name.hasPrefix("moving_variance"), parameter.name != "gamma" else {
                    continue
                }
                let axis = parameter.name == "depthwise_kernel" ? 2 : shape.rank - 1
                let channels = shape[axis]
                var mask = [Float](repeating: 0, count: channels)
                for channel in 0..<channels / 2 { mask[channel] = 1 }
                var sizes = [Int](repeating: 1, count: shape.rank)
                sizes[axis] = channels
                parameter.value = parameter.value * Tensor(mask).reshaped(to: Shape(sizes))
            }
        }
        let smaller = try model.shrunk(keeping: 0.5, multiple: 1)
        #expect(distance(try model.predict(network.samples), try smaller.predict(network.samples)) < 1e-5)
        #expect(smaller.layers.map { $0.name } == model.layers.map { $0.name })
        for (old, new) in zip(model.layers, smaller.layers) {
            if let old = old as? Conv2D, let new = new as? Conv2D { #expect(new.filters == old.filters / 2) }
        }
        #expect((smaller.layers.last { $0 is Dense } as? Dense)?.units == 10)
    }

    /// The channels that stay are those of the greatest weight, together where they are added up.
    @Test func keepsTheHeaviest() throws {
        let input = Input(4)
        let first = Dense(4, useBias: false, name: "first")
        let second = Dense(4, useBias: false, name: "second")
        let model = Model(
            inputs: input, outputs: Dense(1, useBias: false)(Add()(first(input), second(input))), seed: 1)
        func diagonal(_ values: [Float]) -> Tensor { Tensor(identity: 4) * Tensor(values) }
        first.kernel?.value = diagonal([1, -5, 2, 0])
        second.kernel?.value = diagonal([3, 1, 0.5, -2.75])
        let smaller = try model.shrunk(keeping: 0.5, multiple: 1)
        #expect(
            (smaller.layer(named: "first") as? Dense)?.kernel?.value
                == first.kernel?.value.sliced(0..<2, axis: 1))
        #expect(
            (smaller.layer(named: "second") as? Dense)?.kernel?.value
                == second.kernel?.value.sliced(0..<2, axis: 1))
    }

    @Test func roundsUp() throws {
        let model = CompressibleNetwork.document.make(seed: 1)
        let smaller = try model.shrunk(keeping: 0.3)
        #expect(smaller.layers.compactMap { ($0 as? Conv2D)?.filters } == [8, 8])
        #expect(smaller.layers.compactMap { ($0 as? Dense)?.units } == [16, 10])
        #expect(throws: CompressionError.self) { try model.shrunk(keeping: 1) }
        let kept = try model.shrunk(keeping: 0.3) { $0.name != "conv2d" }
        #expect(kept.layers.compactMap { ($0 as? Conv2D)?.filters } == [16, 8])
    }

    /// A layer whose channels something reads of which nothing is known keeps them.
    @Test func leavesWhatItDoesNotKnow() throws {
        let model = Sequential(seed: 1) {
            Input(8, 8, 3)
            Conv2D(16, kernelSize: 3)
            LayerNormalization()
            Conv2D(16, kernelSize: 3)
            Flatten()
            Dense(4, activation: .softmax)
        }
        let smaller = try model.shrunk(keeping: 0.5)
        #expect(smaller.layers.compactMap { ($0 as? Conv2D)?.filters } == [16, 8])
    }

    @Test(arguments: CompressibleNetwork.allCases) func learnsOnAndIsSaved(network: CompressibleNetwork)
        throws
    {
        let smaller = try network.make(seed: 1).shrunk(keeping: 0.5)
        smaller.compile(optimizer: Adam(), loss: .meanSquaredError)
        let targets = randomTensor([64, 10], dtype: .float32, in: 0..<1, seed: 8)
        try smaller.fit(network.samples, targets, batchSize: 16, epochs: 1, verbose: .silent)
        let path = temporaryPath()
        try smaller.save(to: path)
        #expect(try Model.load(from: path).predict(network.samples) == smaller.predict(network.samples))
    }
}
