import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct MultiplyTests {
    @Test func keras() { checkGolden("Multiply") }

    @Test func gradients() {
        let inputs = (0..<3).map { randomTensor([2, 3, 4], seed: UInt64($0)) }
        checkGradients(at: inputs) { Multiply()($0) }
        checkGradients(at: [inputs[0], randomTensor([2, 4], seed: 9)]) { Multiply()($0) }
    }

    @Test func anyNumberOfInputs() {
        let inputs = (0..<3).map { randomTensor([2, 3], seed: UInt64($0)) }
        let expected = inputs.dropFirst().reduce(inputs[0]) { $0 * $1 }
        #expect(Multiply()(inputs.map { Variable($0) }).value == expected)
        #expect(Multiply()(Variable(inputs[0])).value == inputs[0])
    }
}
