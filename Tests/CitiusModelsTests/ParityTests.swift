import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// The document's network without dropout, from the same weights over the same batches, trains as in Keras
/// (`parity` in Tests/Golden/generate.py).
///
/// In float64 every step must agree. In float32 any two implementations drift apart, so only the first ten
/// losses are compared.
@Suite struct ParityTests {
    private let cases = GoldenFile.load("parity").cases

    private func golden(_ name: String) throws -> GoldenCase {
        try #require(cases.first { $0.name == name })
    }

    @Test func everyLossOfGradientDescentInDoubles() throws {
        let golden = try golden("sgd-float64")
        let (losses, weights) = try train(
            golden, SGD(learningRate: 0.0625, momentum: 0.875), dtype: .float64)
        #expect(losses.count == 100)
        expectClose(losses, golden.tensor("losses"), absolute: 0, relative: 1e-10)
        #expect(weights.count == 8)
        for (index, weight) in weights.enumerated() {
            let elements = weight.elements(as: Double.self)
            let step = (elements.count + 255) / 256
            let samples = stride(from: 0, to: elements.count, by: step).map { elements[$0] }
            expectClose(
                Tensor(samples), golden.tensor("weight\(index)_samples"), absolute: 1e-9, relative: 1e-9,
                "weight \(index)")
            let signed = elements.enumerated().reduce(0) {
                $0 + (Self.splitMix(UInt64($1.offset)) >> 63 == 0 ? $1.element : -$1.element)
            }
            let sums = [elements.reduce(0, +), elements.reduce(0) { $0 + $1 * $1 }, signed]
            // Each of the n summands may differ by 1e-9.
            expectClose(
                Tensor(sums), golden.tensor("weight\(index)_sums"), absolute: 1e-9 * Double(elements.count),
                relative: 1e-9, "weight \(index)")
        }
    }

    @Test func theFirstLossesInSinglePrecision() throws {
        let descent = try golden("sgd-float32")
        let (sgd, _) = try train(descent, SGD(learningRate: 0.0625, momentum: 0.875), dtype: .float32)
        expectClose(sgd, descent.tensor("losses"), absolute: 0, relative: 1e-5)
        let moments = try golden("adam-float32")
        let (adam, _) = try train(moments, Adam(), dtype: .float32)
        expectClose(adam, moments.tensor("losses"), absolute: 0, relative: 1e-4)
    }

    private func train(
        _ golden: GoldenCase, _ optimizer: Optimizer, dtype: DType
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
        model.weights = model.weights.enumerated().map {
            Self.firstWeights($0, $1.shape).cast(to: dtype)
        }
        model.compile(optimizer: optimizer, loss: .sparseCategoricalCrossentropy)
        let data = try FashionMNIST.load(.embedded).train
        let size = Int(try #require(golden.number("batch")))
        let steps = Int(try #require(golden.number("steps")))
        let losses = try (0..<steps).map { step in
            let batch = data.subset((step * size..<(step + 1) * size).map { $0 % data.count })
            return try model.trainOnBatch(batch.storedInputs.cast(to: dtype) / 255, batch.targets).loss
        }
        return (Tensor(losses), model.weights)
    }

    /// Formulas of the generator: `initial_weights` and `splitmix`.
    private static func firstWeights(_ index: Int, _ shape: Shape) -> Tensor {
        guard shape.rank > 1 else { return Tensor(zeros: shape, dtype: .float64) }
        let window = shape.sizes.dropLast(2).reduce(1, *)
        let limit = 2 * (6 / Double(window * (shape[-2] + shape[-1]))).squareRoot()
        // The power of two nearest by its exponent.
        let exponent = limit.significand >= 2.0.squareRoot() ? limit.exponent + 1 : limit.exponent
        let scale = Double(sign: .plus, exponent: Int(exponent), significand: 1)
        let elements = (0..<shape.count).map { element in
            let bits = splitMix(UInt64(index) << 32 + UInt64(element)) >> 40
            return (Double(bits) / 0x1p24 - 0.5) * scale
        }
        return Tensor(elements, shape: shape)
    }

    private static func splitMix(_ seed: UInt64) -> UInt64 {
        var generator = SplitMix64(seed: seed)
        return generator.next()
    }
}
