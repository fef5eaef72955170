import Citius
import CitiusTechniques
import CitiusTestSupport
import Testing

@Suite struct FoldingTests {
    @Test(arguments: CompressibleNetwork.allCases) func computesTheSame(network: CompressibleNetwork) throws {
        let model = network.make(seed: 3)
        let before = model.weights
        let folded = try model.folded()
        let samples = network.samples
        #expect(distance(try model.predict(samples), try folded.predict(samples)) < 1e-5)
        #expect(model.weights == before, "the model is as it was")
        #expect(type(of: folded) == type(of: model))
        let path = temporaryPath()
        try folded.save(to: path)
        #expect(try Model.load(from: path).predict(samples) == folded.predict(samples))
    }

    @Test func takesOnWhatItCan() throws {
        func normalizations(_ network: CompressibleNetwork) throws -> Int {
            try network.make(seed: 1).folded().layers.count { $0 is BatchNormalization }
        }
        #expect(try normalizations(.normalized) == 0)
        #expect(try normalizations(.residual) == 0)
        // One stands behind an activation.
        #expect(try normalizations(.dense) == 1)
    }

    /// What a layer is told by its calls alone is its copy's too.
    @Test func copiesKeepAttentionMasks() throws {
        let (tokens, mask) = (Input(4, 6), Input(4, 4, dtype: .bool))
        let attention = MultiHeadAttention(numHeads: 2, keyDim: 3, useCausalMask: true)
        let attended = attention(query: tokens, value: tokens, attentionMask: mask)
        let model = Model(inputs: [tokens, mask], outputs: [attended], seed: 1)
        let samples = randomTensor([2, 4, 6], dtype: .float32, seed: 2)
        let seen = Tensor((0..<32).map { $0 % 3 != 1 }, shape: [2, 4, 4])
        #expect(
            distance(try model.predict([samples, seen])[0], try model.folded().predict([samples, seen])[0])
                < 1e-6)
    }

    /// What another layer reads too cannot become something else.
    @Test func leavesWhatIsReadTwice() throws {
        let input = Input(6)
        let hidden = Dense(6)(input)
        let model = Model(inputs: input, outputs: Add()(hidden, BatchNormalization()(hidden)), seed: 1)
        model.parameters.first { $0.name == "moving_mean" }?.value = Tensor([1, 2, 3, 4, 5, 6] as [Float])
        let folded = try model.folded()
        #expect(folded.layers.contains { $0 is BatchNormalization })
        let samples = randomTensor([5, 6], dtype: .float32, seed: 2)
        #expect(distance(try model.predict(samples), try folded.predict(samples)) < 1e-6)
    }

    @Test func needsAGraph() throws {
        #expect(throws: SavingError.self) { try Sequential([Dense(3)]).folded() }
    }
}
