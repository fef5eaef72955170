import CitiusAutograd
import CitiusKernels
import CitiusTensor
import CitiusTestSupport
import Testing

/// Batch normalization, fused with a clamp or not, against its formula in general operations.
@Suite struct BatchNormalizationTests {
    private static let shapes: [Shape] = [
        [7, 1], [33, 3], [2, 3, 5], [5, 8], [3, 3, 3, 17], [9, 32], [2, 5, 7, 16], [1, 5], [70, 300],
        [3_000, 12],
    ]

    private static let clamps = [Clamp.identity, .relu, Clamp(lower: -0.5, upper: 0.75)]

    private func oracle(_ v: [Variable], epsilon: Double, clamp: Clamp) -> Variable {
        let axes = Array(0..<v[0].shape.rank - 1)
        let mean = v[0].mean(axes: axes, keepingAxes: true)
        let difference = v[0] - mean
        let variance = difference.squared().mean(axes: axes, keepingAxes: true)
        let y = difference / (variance + epsilon).sqrt() * v[1] + v[2]
        return y.clamped(to: clamp.lower...clamp.upper)
    }

    /// Values and gradients with the cotangent dy.
    private func run(
        _ arguments: [Tensor], _ dy: Tensor, _ function: ([Variable]) -> Variable
    ) -> [Tensor] {
        let tape = Tape()
        let variables = arguments.map { tape.watch($0) }
        let result = function(variables)
        let gradients = tape.gradients(of: result, cotangent: dy)
        return [result.value] + variables.map { gradients[$0] }
    }

    @Test(arguments: shapes, clamps) func asItsFormula(shape: Shape, clamp: Clamp) {
        let channels = shape[-1]
        let arguments = [
            randomTensor(shape, in: -1..<2, seed: 1), randomTensor([channels], seed: 2),
            randomTensor([channels], seed: 3),
        ]
        let dy = randomTensor(shape, seed: 4)
        let expected = run(arguments, dy) { oracle($0, epsilon: 1e-3, clamp: clamp) }
        let doubles = run(arguments, dy) {
            $0[0].batchNormalized(
                scale: $0[1], offset: $0[2], epsilon: 1e-3, epilogue: Epilogue(clamp: clamp)
            ).output
        }
        for (actual, expected) in zip(doubles, expected) {
            expectClose(actual, expected, absolute: 1e-10, relative: 1e-9)
        }
        // In float32 an element close to the clamp's corner may fall on the other side of it, so that its
        // own formula is followed from its own result on.
        let floats = arguments.map { $0.cast(to: .float32) }
        let fused = run(floats, dy.cast(to: .float32)) {
            $0[0].batchNormalized(
                scale: $0[1], offset: $0[2], epsilon: 1e-3, epilogue: Epilogue(clamp: clamp)
            ).output
        }
        expectClose(fused[0].cast(to: .float64), expected[0], absolute: 3e-6)
        let mask = ((fused[0] .> clamp.lower) .& (fused[0] .< clamp.upper)).cast(to: .float64)
        let masked = run(
            floats.map { $0.cast(to: .float64) }, dy.cast(to: .float32).cast(to: .float64) * mask
        ) {
            oracle($0, epsilon: 1e-3, clamp: .identity)
        }
        for (actual, expected) in zip(fused, masked).dropFirst() {
            expectClose(actual.cast(to: .float64), expected, absolute: 2e-5, relative: 2e-5)
        }
    }

    /// Mean 10,000 and deviation 0.01: what float32 can still say of such data, about a tenth of the
    /// deviation, comes out as exactly as in float64.
    @Test func farFromZero() {
        let x = (randomTensor([4_000, 5], in: -0.02..<0.02, seed: 1) + 10_000).cast(to: .float32)
        let (output, mean, variance) = Variable(x).batchNormalized(scale: nil, offset: nil, epsilon: 1e-5)
        let exact = Variable(x.cast(to: .float64)).batchNormalized(scale: nil, offset: nil, epsilon: 1e-5)
        expectClose(mean.cast(to: .float64), exact.mean, absolute: 5e-4, relative: 0)
        expectClose(variance.cast(to: .float64), exact.variance, absolute: 0, relative: 1e-6)
        expectClose(output.value.cast(to: .float64), exact.output.value, absolute: 1e-5)
    }

    @Test(arguments: clamps) func gradients(clamp: Clamp) {
        for shape in [[6, 1], [4, 3], [2, 3, 5], [5, 8], [1, 2]] as [Shape] {
            let channels = shape[-1]
            let x = randomTensor(shape, in: 3..<5, seed: 1)
            let arguments = [x, randomTensor([channels], seed: 2), randomTensor([channels], seed: 3)]
            checkGradients(at: arguments) {
                $0[0].batchNormalized(
                    scale: $0[1], offset: $0[2], epsilon: 1e-2, epilogue: Epilogue(clamp: clamp)
                )
                .output
            }
            checkGradients(at: [x]) {
                $0[0].batchNormalized(
                    scale: nil, offset: nil, epsilon: 1e-2, epilogue: Epilogue(clamp: clamp)
                ).output
            }
            let mean = randomTensor([channels], in: 3..<5, seed: 4)
            let variance = randomTensor([channels], in: 0.5..<2, seed: 5)
            checkGradients(at: arguments) {
                $0[0].normalized(
                    mean: mean, variance: variance, scale: $0[1], offset: $0[2], epsilon: 1e-3,
                    epilogue: Epilogue(clamp: clamp))
            }
            checkGradients(at: [x]) {
                $0[0].normalized(
                    mean: mean, variance: variance, scale: nil, offset: nil, epsilon: 1e-3,
                    epilogue: Epilogue(clamp: clamp))
            }
        }
    }

    @Test func clampsAsTheOpDoes() {
        let x = randomTensor([3, 4, 17], dtype: .float32, seed: 1)
        let (mean, variance) = (x.mean(axes: [0, 1]), x.variance(axes: [0, 1]))
        func normalized(_ clamp: Clamp) -> Tensor {
            Variable(x).normalized(
                mean: mean, variance: variance, scale: nil, offset: nil, epsilon: 1e-3,
                epilogue: Epilogue(clamp: clamp)
            ).value
        }
        #expect(normalized(.relu) == normalized(.identity).relu())
        let clamp = Clamp(lower: -0.5, upper: 0.75)
        #expect(normalized(clamp) == normalized(.identity).clamped(to: -0.5...0.75))
    }

    @Test func wrongShapesTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Variable(Tensor(zeros: [2, 3])).batchNormalized(
                scale: Variable(Tensor(zeros: [2])), offset: nil, epsilon: 1)
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("batchNormalized: scale has shape [2], expected [3]"))
    }
}
