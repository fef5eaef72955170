import Citius
import CitiusTechniques
import Testing

/// Two classes that a line almost tells apart: some samples are easy, some hard.
func twoClasses(count: Int, seed: UInt64 = 1) -> Dataset {
    var generator = RandomGenerator(seed: seed)
    let inputs = Tensor(normal: [count, 2], using: &generator)
    let values = inputs.elements(as: Float.self)
    return Dataset(
        inputs: inputs,
        targets: Tensor((0..<count).map { values[2 * $0] + values[2 * $0 + 1] > 0 ? 1 : 0 } as [Int64]))
}

/// A compiled classifier of two features and two classes.
func classifier(seed: UInt64 = 7, optimizer: Optimizer = Adam(learningRate: 0.05), normalizes: Bool = false)
    -> Sequential
{
    let model = Sequential(seed: seed) {
        Input(2)
        Dense(8, activation: .relu)
        if normalizes { BatchNormalization() }
        Dropout(0.25)
        Dense(2, activation: .softmax)
    }
    model.compile(optimizer: optimizer, loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
    return model
}

/// Writes down what a training's passes and steps are made of.
final class Recorder: Technique {
    let stage = TechniqueStage.weights
    var passes: [SampleSelection] = []
    var batches: [Batch] = []
    var rates: [Double] = []
    var progress: [Double] = []
    var losses: [Double] = []

    func select(_ selection: inout SampleSelection, in training: Training) { passes.append(selection) }
    func transform(_ batch: inout Batch, in training: Training) {
        batches.append(batch)
        progress.append(training.progress)
        rates.append(training.model.optimizer?.learningRate ?? .nan)
    }
    func loss(
        _ predictions: [Variable], _ batch: Batch, in training: Training, inner: (Batch) -> Variable
    ) -> Variable {
        let loss = inner(batch)
        losses.append(loss.value.scalar)
        return loss
    }
}

/// Trains in silence.
@discardableResult
func train(
    _ model: Model, _ data: Dataset, epochs: Int = 1, batchSize: Int = 16, callbacks: [Callback] = [],
    validation: Dataset? = nil, _ techniques: [any Technique]
) throws -> History {
    try model.fit(
        data, batchSize: batchSize, epochs: epochs, verbose: .silent, callbacks: callbacks,
        validationData: validation, techniques: techniques)
}
