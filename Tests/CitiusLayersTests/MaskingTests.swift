import CitiusConfiguration
import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

@Suite struct MaskingTests {
    @Test func keras() { checkGolden("Masking") }

    @Test func contract() { checkLayerContract(inputShape: [4, 3]) { Masking(maskValue: 0.25) } }

    @Test func readsAnArrayOfKeras() throws {
        let description: JSON = [
            "class_name": "Masking",
            "config": [
                "mask_value": [
                    "module": "builtins", "class_name": "numpy",
                    "config": ["value": -2.0, "dtype": "float32"],
                ]
            ],
        ]
        let layer = try #require(try Layer.described(by: description) as? Masking)
        #expect(layer.maskValue == -2)
    }

    /// What is masked has no part in the gradient.
    @Test func gradients() {
        let tape = Tape()
        let x = tape.watch(Tensor([[[1, 0], [0, 0]], [[0, 0], [2, 3]]], dtype: .float32))
        let output = Masking()(x)
        #expect(output.mask == Tensor([[true, false], [false, true]]))
        let gradient = tape.gradients(of: output.sum())[x]
        #expect(gradient == Tensor([[[1, 1], [0, 0]], [[0, 0], [1, 1]]], dtype: .float32))
    }
}
