import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import Testing

@testable import CitiusModels

/// Kernels that are packed once for many predictions must not outlive a change of the weights.
@Suite struct PackedWeightsTests {
    private func model(seed: UInt64) -> Sequential {
        let model = Sequential(seed: seed) {
            Input(8, 8, 16)
            Conv2D(16, kernelSize: 3, activation: .relu)
            MaxPooling2D(2)
            Conv2D(4, kernelSize: Size2D(2, 3))
            Flatten()
            Dense(3, activation: .softmax)
        }
        model.compile(optimizer: SGD(learningRate: 0.5), loss: .sparseCategoricalCrossentropy)
        return model
    }

    private let images: Tensor = {
        var generator = RandomGenerator(seed: 9)
        return Tensor(normal: [4, 8, 8, 16], using: &generator)
    }()
    private let labels = Tensor([0, 1, 2, 0] as [Int64])

    /// A model with the same weights that has never predicted.
    private func fresh(with weights: [Tensor]) throws -> Tensor {
        let model = model(seed: 2)
        model.weights = weights
        return try model.predict(images)
    }

    @Test func predictionsFollowAssignedWeights() throws {
        let (model, other) = (model(seed: 1), model(seed: 3))
        let before = try model.predict(images)
        model.weights = other.weights
        let after = try model.predict(images)
        #expect(after == (try other.predict(images)) && after != before)
    }

    @Test func predictionsFollowTraining() throws {
        let model = model(seed: 1)
        for _ in 0..<3 {
            let before = try model.predict(images)
            try model.trainOnBatch(images, labels)
            let after = try model.predict(images)
            #expect(after == (try fresh(with: model.weights)) && after != before)
        }
    }

    @Test func predictionsFollowAnUpdateInPlace() throws {
        let model = model(seed: 1)
        let before = try model.predict(images)
        for parameter in model.parameters { parameter.update { $0 *= 0.5 } }
        let after = try model.predict(images)
        #expect(after == (try fresh(with: model.weights)) && after != before)
    }

    @Test func anotherWayToConvolvePacksAnew() throws {
        let model = model(seed: 1)
        var results: [Tensor] = []
        for method in [ConvolutionMethod.automatic, .direct, .automatic, .general, .loops] {
            model.acceleration.convolution = method
            results.append(try model.predict(images))
        }
        #expect(results[0] == results[2])
        for (a, b) in [(0, 1), (0, 3), (0, 4)] {
            let difference = (results[a] - results[b]).abs().max().scalar
            #expect(difference < 1e-5)
        }
    }
}
