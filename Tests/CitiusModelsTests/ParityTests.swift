import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusModels

/// The document's network without dropout, from the same weights over the same batches, trains as in Keras
/// (Tests/Golden/training.py).
///
/// In float64 every step must agree. In float32 any two implementations drift apart, so only the first ten
/// losses are compared.
@Suite struct ParityTests {
    @Test func everyLossOfGradientDescentInDoubles() throws {
        let run = try Golden.training("sgd-float64")
        let (losses, weights) = try train(
            run, SGD(learningRate: 0.0625, momentum: 0.875), dtype: .float64)
        #expect(losses.count == 100)
        expectClose(losses, try run.tensor("losses"), absolute: 0, relative: 1e-10)
        for (p, value) in weights.enumerated() {
            let elements = value.elements(as: Double.self)
            let step = max(1, elements.count / 64)
            let chosen = stride(from: 0, to: elements.count, by: step).prefix(64).map { elements[$0] }
            let expected = try run.tensor("weights\(p)")
            expectClose(Tensor(chosen), expected, absolute: 1e-9, relative: 1e-9, "parameter \(p)")
        }
    }

    @Test func theFirstLossesInSinglePrecision() throws {
        let descent = try Golden.training("sgd-float32")
        let (sgd, _) = try train(descent, SGD(learningRate: 0.0625, momentum: 0.875), dtype: .float32)
        expectClose(sgd, try descent.tensor("losses"), absolute: 0, relative: 1e-5)
        let moments = try Golden.training("adam-float32")
        let (adam, _) = try train(moments, Adam(), dtype: .float32)
        expectClose(adam, try moments.tensor("losses"), absolute: 0, relative: 1e-4)
    }

    private func train(
        _ run: Golden.Case, _ optimizer: any Optimizer, dtype: DType
    ) throws -> (losses: Tensor, weights: [Tensor]) {
        let model = Sequential(dtype: dtype) {
            Input(28, 28, 1)
            Conv2D(32, kernelSize: 3)
            Activation(.relu)
            MaxPooling2D(2)
            Conv2D(64, kernelSize: 3)
            Activation(.relu)
            MaxPooling2D(2)
            Flatten()
            Dense(64, activation: .relu)
            Dense(10, activation: .softmax)
        }
        model.weights = model.weights.enumerated().map { Self.firstWeights($0, $1.shape).cast(to: dtype) }
        model.compile(optimizer: optimizer, loss: .sparseCategoricalCrossentropy)
        let data = try FashionMNIST.load(.embedded).train
        let losses = try (0..<run.settings.steps).map { step in
            let size = run.settings.batchSize
            let batch = data.subset((step * size..<(step + 1) * size).map { $0 * 1237 % data.count })
            let inputs = batch.storedInputs.cast(to: .float64) / 255
            return try model.trainOnBatch(inputs.cast(to: dtype), batch.targets).loss
        }
        return (Tensor(losses), model.weights)
    }

    /// The formula is described in Tests/Golden/training.py.
    private static func firstWeights(_ p: Int, _ shape: Shape) -> Tensor {
        let sizes = shape.sizes
        let field = sizes.dropLast(2).reduce(1, *)
        let limit =
            sizes.count == 1
            ? 0.1 : (6 / Double(field * (sizes[sizes.count - 2] + sizes[sizes.count - 1]))).squareRoot()
        let elements = (0..<shape.count).map { index in
            let bits = SplitMix64.mixed(UInt64(p + 1) << 32 | UInt64(index)) >> 11
            return (2 * (Double(bits) * 0x1p-53) - 1) * limit
        }
        return Tensor(elements, shape: shape)
    }
}

/// The part of the golden file that is needed here.
private struct Golden: Decodable {
    struct Case: Decodable {
        struct Settings: Decodable {
            let steps: Int
            let batchSize: Int

            enum CodingKeys: String, CodingKey {
                case steps
                case batchSize = "batch_size"
            }
        }
        struct Values: Decodable {
            let values: [Double]
        }
        let name: String
        let settings: Settings
        let tensors: [String: Values]

        func tensor(_ name: String) throws -> Tensor { Tensor(try #require(tensors[name]).values) }
    }
    let cases: [Case]

    static func training(_ name: String) throws -> Case {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../CitiusTestSupport/Golden/training.json")
        let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: url))
        return try #require(golden.cases.first { $0.name == name })
    }
}
