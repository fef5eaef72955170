import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct InitializerTests {
    private func draw(_ initializer: Initializer, _ shape: Shape, seed: UInt64 = 1) -> Tensor {
        var generator = RandomGenerator(seed: seed)
        return initializer(shape, dtype: .float64, generator: &generator)
    }

    @Test func constants() {
        #expect(draw(.zeros, [2, 3]) == Tensor(zeros: [2, 3], dtype: .float64))
        #expect(draw(.ones, [2]) == Tensor([1, 1] as [Double]))
        #expect(draw(.constant(2.5), [2, 1]) == Tensor([2.5, 2.5] as [Double], shape: [2, 1]))
        #expect(draw(.identity(gain: 3), [2, 3]) == Tensor([3, 0, 0, 0, 3, 0] as [Double], shape: [2, 3]))
    }

    /// Variances by Keras's formulas, for a kernel of a convolution: 3·3·16 inputs, 3·3·64 outputs.
    @Test func variances() {
        let shape: Shape = [3, 3, 16, 64]
        let (inputs, outputs) = (144.0, 576.0)
        let expected: [(Initializer, Double)] = [
            (.glorotUniform, 2 / (inputs + outputs)), (.glorotNormal, 2 / (inputs + outputs)),
            (.heUniform, 2 / inputs), (.heNormal, 2 / inputs), (.lecunUniform, 1 / inputs),
            (.lecunNormal, 1 / inputs),
            (.varianceScaling(scale: 3, fan: .outputs, distribution: .normal), 3 / outputs),
            (.randomUniform(), 0.1 * 0.1 / 12), (.randomNormal(), 0.0025),
            (.truncatedNormal(), 0.0025 * 0.7737),
        ]
        for (number, (initializer, variance)) in expected.enumerated() {
            let values = draw(initializer, shape)
            #expect(abs(values.mean().scalar) < 0.05 * variance.squareRoot(), "\(number)")
            #expect(abs(values.variance().scalar / variance - 1) < 0.06, "\(number)")
        }
        let limit = (6 / (inputs + outputs)).squareRoot()
        let uniform = draw(.glorotUniform, shape)
        #expect(uniform.max().scalar < limit && uniform.min().scalar >= -limit)
        #expect(uniform.max().scalar > 0.99 * limit)
    }

    @Test(arguments: [[5, 5], [7, 3], [3, 7], [3, 3, 2, 4]]) func orthogonal(sizes: [Int]) {
        let values = draw(.orthogonal(gain: 2), Shape(sizes))
        #expect(values.shape == Shape(sizes))
        let matrix = values.reshaped([-1, sizes[sizes.count - 1]])
        let isTall = matrix.shape[0] >= matrix.shape[1]
        let product =
            isTall
            ? matrix.matmul(matrix, transposingLeft: true) : matrix.matmul(matrix, transposingRight: true)
        expectClose(
            product, Tensor(identity: min(matrix.shape[0], matrix.shape[1]), dtype: .float64) * 4,
            absolute: 1e-12)
    }

    @Test func seeds() {
        #expect(draw(.glorotUniform, [4, 4]) == draw(.glorotUniform, [4, 4]))
        #expect(draw(.glorotUniform, [4, 4]) != draw(.glorotUniform, [4, 4], seed: 2))
    }
}
