import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// A graph that parts, meets and shares a layer has Keras's weights in Keras's order, and trains as there (`graph`
/// in Tests/Golden/generate.py).
@Suite struct GraphParityTests {
    private func makeModel() -> Model {
        let images = Input(6, 6, 2)
        var x = Conv2D(4, kernelSize: 3, padding: .same, activation: .relu)(images)
        var y = BatchNormalization()(Conv2D(4, kernelSize: 3, padding: .same, useBias: false)(x))
        y = Conv2D(4, kernelSize: 3, padding: .same)(Activation(.relu)(y))
        let narrow = Conv2D(4, kernelSize: 1)(x)
        x = Activation(.relu)(Add()(narrow, y))
        let (a, b) = (GlobalAveragePooling2D()(x), Flatten()(MaxPooling2D(6)(x)))
        let shared = Dense(4, activation: .tanh)
        let joined = Concatenate()(shared(shared(a)), b, shared(b))
        return Model(inputs: images, outputs: Dense(3, activation: .softmax)(joined), dtype: .float64)
    }

    @Test(arguments: [Acceleration.full, .none]) func trainsAsInKeras(acceleration: Acceleration) throws {
        let golden = try #require(GoldenFile.load("graph").cases.first)
        let model = makeModel()
        model.acceleration = acceleration
        let count = Int(try #require(golden.number("weights")))
        model.weights = (0..<count).map { golden.tensor("weight\($0)") }
        let inputs = golden.tensor("inputs")
        expectClose(try model.predict(inputs), golden.tensor("output"), absolute: 1e-12, relative: 1e-10)
        model.compile(
            optimizer: SGD(learningRate: 0.0625, momentum: 0.875), loss: .sparseCategoricalCrossentropy)
        let labels = golden.tensor("labels", dtype: .int64)
        let losses = try (0..<10).map { _ in try model.trainOnBatch(inputs, labels).loss }
        expectClose(Tensor(losses), golden.tensor("losses"), absolute: 0, relative: 1e-10)
        for (index, weight) in model.weights.enumerated() {
            expectClose(
                weight, golden.tensor("weight\(index)_after"), absolute: 1e-10, relative: 1e-10,
                "weight \(index)")
        }
    }
}
