import CitiusAutograd
import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct GroupedQueryAttentionTests {
    @Test func keras() { checkGolden("GroupQueryAttention") }

    /// With as many key-value heads as query heads it is multi-head attention.
    @Test func isMultiHeadAttentionWithEqualHeads() {
        let grouped = GroupedQueryAttention(headDim: 3, numQueryHeads: 4, numKeyValueHeads: 4)
        let heads = MultiHeadAttention(numHeads: 4, keyDim: 3)
        let x = Variable(randomTensor([2, 5, 6], seed: 1).cast(to: .float32))
        var generators = (RandomGenerator(seed: 3), RandomGenerator(seed: 3))
        grouped.buildIfNeeded(inputShapes: [[5, 6], [5, 6]], generator: &generators.0)
        heads.buildIfNeeded(inputShapes: [[5, 6], [5, 6]], generator: &generators.1)
        #expect(grouped(x, x).value == heads(x, x).value)
    }

    @Test func gradientsOfInputs() {
        let layer = GroupedQueryAttention(
            headDim: 2, numQueryHeads: 4, numKeyValueHeads: 2, useCausalMask: true)
        layer.dtype = .float64
        let (query, value) = (randomTensor([2, 4, 6], seed: 1), randomTensor([2, 5, 3], seed: 2))
        let tape = Tape()
        _ = layer(tape.watch(query), tape.watch(value))
        checkGradients(at: [query, value]) { layer($0[0], $0[1]) }
    }
}
