import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct SubtractTests {
    @Test func keras() { checkGolden("Subtract") }

    @Test func gradients() {
        checkGradients(at: [randomTensor([2, 3], seed: 1), randomTensor([2, 3], seed: 2)]) { Subtract()($0) }
    }

    @Test func threeInputsTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Subtract()(Input(2), Input(2), Input(2))
        }
        #expect(message(of: result).contains("Subtract: 3 inputs, expected 2"))
    }
}
