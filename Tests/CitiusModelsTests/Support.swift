import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import Testing

@testable import CitiusModels

/// Targets of a linear map of the inputs, with which a single `Dense` can be perfect.
func linearData(count: Int, seed: UInt64 = 1, dtype: DType = .float32) -> Dataset {
    var generator = RandomGenerator(seed: seed)
    let inputs = Tensor(normal: [count, 3], dtype: dtype, using: &generator)
    let map = Tensor([1, -2, 0.5, 3, 0, -1] as [Double], shape: [3, 2]).cast(to: dtype)
    return Dataset(inputs: inputs, targets: inputs.matmul(map) + 0.25)
}

/// Two classes, told apart by the sign of the first of two features.
func twoClasses(count: Int, seed: UInt64 = 1) -> Dataset {
    var generator = RandomGenerator(seed: seed)
    let inputs = Tensor(normal: [count, 2], using: &generator)
    let values = inputs.elements(as: Float.self)
    return Dataset(inputs: inputs, targets: Tensor((0..<count).map { values[2 * $0] > 0 ? 1 : 0 } as [Int64]))
}

/// A compiled linear model of three inputs and two outputs.
func linearModel(seed: UInt64 = 7, learningRate: Double = 0.1) -> Sequential {
    let model = Sequential(seed: seed) {
        Input(3)
        Dense(2)
    }
    model.compile(optimizer: SGD(learningRate: learningRate), loss: .meanSquaredError)
    return model
}

/// A compiled classifier of two features and two classes.
func classifier(seed: UInt64 = 7) -> Sequential {
    let model = Sequential(seed: seed) {
        Input(2)
        Dense(8, activation: .relu)
        Dropout(0.25)
        Dense(2, activation: .softmax)
    }
    model.compile(
        optimizer: Adam(learningRate: 0.05), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
    return model
}

/// Writes down the hooks as they are called.
final class Recorder: Callback {
    var events: [String] = []

    override func onTrainBegin() { events.append("train begin") }
    override func onTrainEnd(logs: Scores) { events.append("train end \(logs.names)") }
    override func onEpochBegin(_ epoch: Int) { events.append("epoch \(epoch) begin") }
    override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        events.append("epoch \(epoch) end \(logs.names)")
    }
    override func onTrainBatchBegin(_ batch: Int) { events.append("batch \(batch) begin") }
    override func onTrainBatchEnd(_ batch: Int, logs: Scores) { events.append("batch \(batch) end") }
    override func onTestBegin() { events.append("test begin") }
    override func onTestEnd(logs: Scores) { events.append("test end") }
    override func onTestBatchBegin(_ batch: Int) { events.append("test batch \(batch) begin") }
    override func onTestBatchEnd(_ batch: Int, logs: Scores) { events.append("test batch \(batch) end") }
    override func onPredictBegin() { events.append("predict begin") }
    override func onPredictEnd() { events.append("predict end") }
    override func onPredictBatchBegin(_ batch: Int) { events.append("predict batch \(batch) begin") }
    override func onPredictBatchEnd(_ batch: Int) { events.append("predict batch \(batch) end") }
}

/// What a process that an exit test watched said on its standard error stream.
func errorText(of result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}
