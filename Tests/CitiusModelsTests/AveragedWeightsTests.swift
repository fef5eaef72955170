import CitiusAutograd
import CitiusLayers
import CitiusModels
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct AveragedWeightsTests {
    /// As in Keras, training ends with the averages for weights, and callbacks see the weights before.
    @Test func fitEndsWithTheAverages() throws {
        let x = randomTensor([32, 3], dtype: .float32, seed: 1)
        let y = x.sum(axes: [1], keepingAxes: true)
        func trained(useEMA: Bool, _ callbacks: [Callback] = []) throws -> Model {
            let model = Sequential(seed: 1) {
                Input(3)
                Dense(1)
            }
            model.compile(
                optimizer: SGD(learningRate: 0.1, useEMA: useEMA, emaMomentum: 0.9), loss: .meanSquaredError)
            try model.fit(x, y, epochs: 3, verbose: .silent, callbacks: callbacks, shuffle: false)
            return model
        }
        let plain = try trained(useEMA: false)
        let observed = Observed()
        let model = try trained(useEMA: true, [observed])
        #expect(observed.values == plain.parameters.map(\.value))
        for (parameter, other) in zip(model.parameters, plain.parameters) {
            #expect(parameter.value == model.optimizer?.averagedValue(of: parameter))
            #expect(parameter.value != other.value)
        }
    }
}

/// The weights at the end of the last epoch.
private final class Observed: Callback {
    var values: [Tensor] = []
    override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        values = model.parameters.map(\.value)
    }
}
