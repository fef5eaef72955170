import CitiusConfiguration
import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// Whole models, made from Keras's descriptions and compiled by them, train as in Keras
/// (`Tests/Golden/trajectories.py`).
///
/// In float64 each of a hundred losses of gradient descent must agree. In float32 any two implementations drift apart,
/// so only the first ten of the model's own optimizer are compared.
@Suite struct TrajectoryTests {
    @Test(arguments: GoldenFile.cases(in: "trajectories"), [Acceleration.full, .none])
    func lossesAreThoseOfKeras(golden: GoldenCase, acceleration: Acceleration) throws {
        let isDouble = golden.text("precision") == "float64"
        if !isDouble && acceleration == .none { return }
        let model = try Model.make(from: JSON(parsing: golden.text("architecture")), seed: 1)
        model.acceleration = acceleration
        let compilation: CompilationDescription = try JSON(parsing: golden.text("compilation"))
            .decoded(userInfo: [.configurationTypes: ConfigurationTypes.library])
        try compilation.compile(model)
        for (index, parameter) in model.parameters.enumerated() where parameter.shape.rank > 1 {
            let scale = 1 / Double(parameter.shape[-2]).squareRoot()
            // The power of two that is nearest by its exponent.
            let exponent = scale.significand > 2.0.squareRoot() ? scale.exponent + 1 : scale.exponent
            let factor = Double(sign: .plus, exponent: Int(exponent), significand: 1)
            parameter.value = (Self.real(index, parameter.shape) * factor).cast(to: parameter.dtype)
        }
        let (inputs, targets) = (try specifications(golden, "inputs"), try specifications(golden, "targets"))
        let batch = Int(try #require(golden.number("batch")))
        let expected = golden.tensor("losses")
        let losses = try (0..<expected.count).map { step in
            try model.trainOnBatch(
                Batch(
                    inputs: Self.tensors(inputs, batch, 1000 + 16 * step, model.dtype),
                    targets: Self.tensors(targets, batch, 1008 + 16 * step, model.dtype))
            ).loss
        }
        expectClose(
            Tensor(losses), expected, absolute: 0, relative: isDouble ? 1e-10 : 1e-4, "\(golden)")
        let sums = golden.tensor("weight_sums").elements(as: Double.self)
        #expect(sums.count == 2 * model.parameters.count)
        guard isDouble else { return }
        for (index, parameter) in model.parameters.enumerated() {
            let value = parameter.value.cast(to: .float64)
            let ours = Tensor([value.sum().scalar, value.squared().sum().scalar])
            expectClose(
                ours, Tensor([sums[2 * index], sums[2 * index + 1]]),
                absolute: 1e-9 * Double(value.count), relative: 1e-9, "\(golden), \(parameter.path)")
        }
    }

    private struct Specification: Codable {
        let shape: [Int]
        let bound: Int?
    }

    private func specifications(_ golden: GoldenCase, _ name: String) throws -> [Specification] {
        try JSON(parsing: golden.text(name)).decoded()
    }

    private static func tensors(
        _ specifications: [Specification], _ batch: Int, _ stream: Int, _ dtype: DType
    ) -> [Tensor] {
        specifications.enumerated().map { number, specification in
            let shape = Shape([batch] + specification.shape)
            guard let bound = specification.bound else {
                return real(stream + number, shape).cast(to: dtype)
            }
            let values = bits(stream + number, shape).map { Int64($0 % UInt64(bound)) }
            return Tensor(values, shape: shape)
        }
    }

    // Formulas of the generator.

    private static func real(_ stream: Int, _ shape: Shape) -> Tensor {
        Tensor(bits(stream, shape).map { Double($0 >> 40) / 0x1p23 - 1 }, shape: shape)
    }

    private static func bits(_ stream: Int, _ shape: Shape) -> [UInt64] {
        (0..<shape.count).map { element in
            var generator = SplitMix64(seed: UInt64(stream) << 32 + UInt64(element))
            return generator.next()
        }
    }
}
