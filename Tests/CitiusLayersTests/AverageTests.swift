import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct AverageTests {
    @Test func keras() { checkGolden("Average") }

    @Test func gradients() {
        let inputs = (0..<3).map { randomTensor([2, 3, 4], seed: UInt64($0)) }
        checkGradients(at: inputs) { Average()($0) }
        checkGradients(at: [inputs[0], randomTensor([2, 1, 4], seed: 9)]) { Average()($0) }
    }
}
