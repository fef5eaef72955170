import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct PReLUTests {
    @Test func keras() { checkGolden("PReLU") }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 3], parameters: ["alpha"]) { PReLU() }
        checkLayerContract(inputShape: [4, 3, 2], parameters: ["alpha"]) { PReLU(sharedAxes: [1, 2]) }
    }

    @Test func faults() {
        #expect(PReLU(sharedAxes: [3]).fault(ofInputs: [[4, 3]])?.contains("no axis 3") == true)
        #expect(configurationFault(PReLU(), ["shared_axes": [0]])?.contains("sharedAxes") == true)
        let layer = PReLU(sharedAxes: [1])
        _ = layer(Tensor(zeros: [2, 5, 3]))
        #expect(layer.fault(ofInputs: [[9, 3]]) == nil)
        #expect(layer.fault(ofInputs: [[5, 4]]) != nil)
    }
}
