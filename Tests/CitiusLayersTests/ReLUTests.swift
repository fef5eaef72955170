import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

@Suite struct ReLUTests {
    @Test func keras() { checkGolden("ReLU") }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 3]) { ReLU() }
        checkLayerContract(inputShape: [4, 3]) { ReLU(maxValue: 0.5, negativeSlope: 0.25, threshold: 0.125) }
        checkLayerContract(inputShape: [4, 3]) { ReLU(maxValue: 0) }
    }

    @Test func faults() {
        #expect(configurationFault(ReLU(), ["max_value": -1])?.contains("maxValue is -1") == true)
        #expect(configurationFault(ReLU(), ["negative_slope": -1])?.contains("negativeSlope") == true)
        #expect(configurationFault(ReLU(), ["threshold": -0.5])?.contains("threshold") == true)
    }

    /// A clamp of any bounds, in the pass of a convolution and its pool, is that of the layers one by one.
    @Test(arguments: [0, 1, 2], [true, false]) func fused(number: Int, pools: Bool) throws {
        func model() -> Sequential {
            let clamp: Layer = [ReLU(), ReLU(maxValue: 0.25), Activation(.hardTanh)][number]
            let pool = pools ? [MaxPooling2D(2)] : []
            return Sequential(
                [Input(9, 9, 3), Conv2D(8, kernelSize: 3), clamp] + pool + [Flatten(), Dense(2)], seed: 4)
        }
        let (fused, plain) = (model(), model())
        plain.acceleration = .none
        let x = randomTensor([5, 9, 9, 3], dtype: .float32, in: -3..<3, seed: 2)
        func gradients(_ model: Sequential) -> (Tensor, [Tensor?]) {
            let tape = Tape()
            let output = model(Variable(x), in: model.trainingContext(tape))
            let gradients = tape.gradients(of: output.squared().sum())
            return (output.value, model.parameters.map { gradients[$0] })
        }
        let (actual, expected) = (gradients(fused), gradients(plain))
        expectClose(actual.0, expected.0, absolute: 1e-5)
        for (a, b) in zip(actual.1, expected.1) {
            expectClose(try #require(a), try #require(b), absolute: 1e-3, relative: 1e-4)
        }
    }
}
