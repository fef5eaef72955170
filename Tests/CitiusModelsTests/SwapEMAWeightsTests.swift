import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import Testing

@testable import CitiusModels

@Suite struct SwapEMAWeightsTests {
    private func makeModel(useEMA: Bool = true) -> Model {
        let model = linearModel()
        model.compile(
            optimizer: SGD(learningRate: 0.1, useEMA: useEMA, emaMomentum: 0.9), loss: .meanSquaredError)
        return model
    }

    private func averages(_ model: Model) -> [Tensor] {
        model.parameters.compactMap { model.optimizer?.averagedValue(of: $0) }
    }

    /// The validation is that of the averages, and the training goes on with the weights.
    @Test func evaluatesTheAverages() throws {
        let data = linearData(count: 32)
        let (model, plain) = (makeModel(), makeModel(useEMA: false))
        var trained: [[Tensor]] = []
        var validated: [[Tensor]] = []
        let history = try model.fit(
            data, batchSize: 8, epochs: 3, verbose: .silent,
            callbacks: [
                SwapEMAWeights(),
                LambdaCallback(
                    onEpochEnd: { _, _ in trained.append(model.weights) },
                    onTestBatchBegin: { _ in validated.append(model.weights) }),
            ], validationData: linearData(count: 8, seed: 2), shuffle: false)
        var expected: [[Tensor]] = []
        try plain.fit(
            data, batchSize: 8, epochs: 3, verbose: .silent,
            callbacks: [LambdaCallback(onEpochEnd: { _, _ in expected.append(plain.weights) })],
            shuffle: false)
        #expect(trained == expected)
        #expect(validated.count == 3 && validated[0] != trained[0])
        #expect(validated[2] == averages(model) && model.weights == averages(model))
        let loss = try model.evaluate(linearData(count: 8, seed: 2), verbose: .silent).loss
        #expect(history["val_loss"][2] == loss)
    }

    @Test func swapsForOtherCallbacks() throws {
        let data = linearData(count: 32)
        let (model, plain) = (makeModel(), makeModel(useEMA: false))
        var (before, begun, ended): ([[Tensor]], [[Tensor]], [[Tensor]]) = ([], [], [])
        let swap = SwapEMAWeights(swapOnEpoch: true)
        try model.fit(
            data, batchSize: 8, epochs: 3, verbose: .silent,
            callbacks: [
                LambdaCallback(onEpochEnd: { _, _ in before.append(model.weights) }), swap,
                LambdaCallback(
                    onEpochBegin: { _ in begun.append(model.weights) },
                    onEpochEnd: { epoch, _ in
                        ended.append(model.weights)
                        #expect(model.weights == averages(model))
                        // An end that was not known at the epoch's.
                        if epoch == 1 { model.stopTraining = true }
                    }),
            ], shuffle: false)
        try plain.fit(data, batchSize: 8, epochs: 2, verbose: .silent, shuffle: false)
        #expect(before.count == 2 && before[1] == plain.weights)
        #expect(begun[1] == before[0] && ended[0] != before[0])
        #expect(model.weights == averages(model) && model.weights == ended[1])
    }

    @Test func predictionsAreOfTheAverages() throws {
        let model = makeModel()
        let data = linearData(count: 32)
        var own: [Tensor] = []
        var predicted: [Tensor] = []
        let watcher = LambdaCallback(onPredictBatchBegin: { _ in predicted = model.weights })
        let inner = LambdaCallback(onEpochEnd: { _, _ in
            own = model.weights
            _ = try? model.predict(data, verbose: .silent, callbacks: [SwapEMAWeights(), watcher])
            #expect(model.weights == own)
        })
        try model.fit(data, batchSize: 8, epochs: 1, verbose: .silent, callbacks: [inner])
        #expect(predicted == averages(model) && predicted != own)
    }

    @Test func mistakesTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try linearModel().fit(linearData(count: 2), verbose: .silent, callbacks: [SwapEMAWeights()])
        }
        #expect(errorText(of: result).contains("SwapEMAWeights: the optimizer keeps no running averages"))
    }
}
