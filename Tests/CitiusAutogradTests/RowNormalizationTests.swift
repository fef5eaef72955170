import CitiusAutograd
import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct RowNormalizationTests {
    private static let shapes: [Shape] = [
        [1, 1], [3, 2], [5, 7], [4, 16], [9, 33], [300, 5], [2, 1500], [0, 4],
    ]

    /// The definition, by operations on whole tensors.
    private func definition(
        _ x: Variable, _ scale: Variable?, _ offset: Variable?, epsilon: Double, centers: Bool
    ) -> Variable {
        let distance = centers ? x - x.mean(axes: [-1], keepingAxes: true) : x
        let deviation = (distance.squared().mean(axes: [-1], keepingAxes: true) + epsilon).sqrt()
        var y = distance / deviation
        if let scale { y = y * scale }
        if let offset { y = y + offset }
        return y
    }

    @Test(arguments: shapes) func floatsAreTheDefinition(shape: Shape) {
        for centers in [true, false] {
            func run(_ dtype: DType, _ function: ([Variable]) -> Variable) -> [Tensor] {
                let tape = Tape()
                let variables = [
                    randomTensor(shape, dtype: .float32, in: 2..<4, seed: 1),
                    randomTensor([shape[1]], dtype: .float32, seed: 2),
                    randomTensor([shape[1]], dtype: .float32, seed: 3),
                ].map { tape.watch($0.cast(to: dtype)) }
                let output = function(variables)
                let cotangent = randomTensor(shape, dtype: .float32, seed: 4).cast(to: dtype)
                let gradients = tape.gradients(of: output, cotangent: cotangent)
                return ([output.value] + variables.map { gradients[$0] }).map { $0.cast(to: .float64) }
            }
            let floats = run(.float32) { v in
                centers
                    ? v[0].layerNormalized(scale: v[1], offset: v[2], epsilon: 0.01)
                    : v[0].rmsNormalized(scale: v[1], epsilon: 0.01)
            }
            let expected = run(.float64) { v in
                definition(v[0], v[1], centers ? v[2] : nil, epsilon: 0.01, centers: centers)
            }
            for (number, (float, expected)) in zip(floats, expected).enumerated() {
                expectClose(
                    float, expected, absolute: 2e-5, relative: 1e-5,
                    "\(shape) centers \(centers) tensor \(number)")
            }
        }
    }

    @Test func gradients() {
        let x = randomTensor([3, 4, 5], seed: 1)
        for axes in [[-1], [0], [1], [1, 2], [0, 2], [0, 1, 2]] {
            let sizes = Shape(axes.map { x.shape[$0] })
            let (scale, offset) = (randomTensor(sizes, seed: 2), randomTensor(sizes, seed: 3))
            checkGradients(at: [x, scale, offset]) {
                $0[0].layerNormalized(axes: axes, scale: $0[1], offset: $0[2], epsilon: 0.1)
            }
            checkGradients(at: [x]) { $0[0].layerNormalized(axes: axes) }
            checkGradients(at: [x, scale]) { $0[0].rmsNormalized(axes: axes, scale: $0[1]) }
            checkGradients(at: [x]) { $0[0].unitNormalized(axes: axes) }
        }
        // Of scale and offset alone.
        let constant = Variable(x)
        checkGradients(at: [randomTensor([5], seed: 2), randomTensor([5], seed: 3)]) {
            constant.layerNormalized(scale: $0[0], offset: $0[1])
        }
    }

    /// A row far from zero, and a long one, lose nothing.
    @Test func rowsFarFromZero() {
        let x = Tensor((0..<40_000).map { Float(10_000 + $0 % 2) }, shape: [1, 40_000])
        let y = Variable(x).layerNormalized(epsilon: 1e-12).value
        expectClose(
            y, Tensor((0..<40_000).map { Float($0 % 2 == 0 ? -1 : 1) }, shape: [1, 40_000]), absolute: 1e-2)
    }

    @Test func manyRowsDoNotDrift() {
        let rows = 200_000
        let tape = Tape()
        let offset = tape.watch(Tensor(zeros: [3]))
        let scale = tape.watch(Tensor(ones: [3]))
        let x = Variable(Tensor((0..<3 * rows).map { Float($0 % 3) }, shape: [rows, 3]))
        let y = x.layerNormalized(scale: scale, offset: offset)
        let gradients = tape.gradients(of: y, cotangent: Tensor(repeating: 0.1 as Float, shape: y.shape))
        expectClose(gradients[offset], Tensor([2e4, 2e4, 2e4] as [Float]), absolute: 0, relative: 1e-5)
        #expect(abs(gradients[scale][0].scalar + gradients[scale][2].scalar) < 0.1)
    }

    @Test func sameBitsOnAnyThreads() throws {
        for shape in [[700, 33], [5000, 128]] as [Shape] {
            let x = randomTensor(shape, dtype: .float32, seed: 1)
            let scale = randomTensor([shape[1]], dtype: .float32, seed: 2)
            try expectSameBitsOnAnyThreads("rows") {
                let tape = Tape()
                let variables = [x, scale, scale].map { tape.watch($0) }
                let y = variables[0].layerNormalized(scale: variables[1], offset: variables[2])
                let gradients = tape.gradients(of: (y * y * y).sum())
                return [y.value] + variables.map { gradients[$0] }
            }
        }
    }
}
