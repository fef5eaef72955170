import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct MaximumTests {
    @Test func keras() { checkGolden("Maximum") }

    @Test func gradients() {
        let inputs = (0..<3).map { randomTensor([2, 3, 4], seed: UInt64($0)) }
        checkGradients(at: inputs) { Maximum()($0) }
        checkGradients(at: [inputs[0], randomTensor([2, 4], seed: 9)]) { Maximum()($0) }
    }

    @Test func anyNumberOfInputs() {
        let inputs = (0..<3).map { randomTensor([2, 3], seed: UInt64($0)) }
        let expected = inputs.dropFirst().reduce(inputs[0]) { $0.maximum($1) }
        #expect(Maximum()(inputs.map { Variable($0) }).value == expected)
        #expect(Maximum()(Variable(inputs[0])).value == inputs[0])
    }
}
