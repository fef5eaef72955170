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

    /// The average of a layer that is frozen in the middle of a training stands still before its weights: as in Keras,
    /// they keep their values.
    @Test func frozenLayersKeepTheirWeights() throws {
        let x = randomTensor([32, 3], dtype: .float32, seed: 2)
        let y = x.sum(axes: [1], keepingAxes: true)
        let frozen = Dense(4)
        let model = Sequential(seed: 1) {
            Input(3)
            frozen
            Dense(1)
        }
        model.compile(
            optimizer: SGD(learningRate: 0.1, useEMA: true, emaMomentum: 0.9), loss: .meanSquaredError)
        var values: [Tensor] = []
        let freezing = LambdaCallback(onTrainBatchEnd: { step, _ in
            guard step == 9 else { return }
            frozen.isTrainable = false
            values = model.parameters.map(\.value)
        })
        try model.fit(x, y, batchSize: 1, verbose: .silent, callbacks: [freezing], shuffle: false)
        #expect(model.parameters.prefix(2).map(\.value) == Array(values.prefix(2)))
        for (parameter, value) in zip(model.parameters, values).dropFirst(2) {
            #expect(parameter.value != value)
        }
        #expect(frozen.parameters[0].value != model.optimizer?.averagedValue(of: frozen.parameters[0]))
    }
}

/// The weights at the end of the last epoch.
private final class Observed: Callback {
    var values: [Tensor] = []
    override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        values = model.parameters.map(\.value)
    }
}
