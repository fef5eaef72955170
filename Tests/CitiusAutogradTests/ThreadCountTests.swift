import CitiusKernels
import CitiusTestSupport
import Testing

@testable import CitiusAutograd
@testable import CitiusTensor

/// Kernels give the same bits on any number of threads, over shapes that are cut in all their ways.
@Suite struct ThreadCountTests {
    private func random(_ shape: Shape, _ dtype: DType, seed: UInt64, live: Double = 1) -> Tensor {
        var generator = RandomGenerator(seed: seed)
        let x = Tensor(normal: shape, dtype: dtype, using: &generator)
        return live == 1
            ? x : x * Tensor(bernoulli: shape, probability: live, using: &generator).cast(to: dtype)
    }

    @Test(arguments: [DType.float32, .float64]) func products(dtype: DType) throws {
        for (m, n, k) in [
            (1, 64, 1_600), (32, 64, 1_600), (32, 1_600, 64), (128, 70, 900), (200, 10, 257), (300, 300, 100),
            (1_100, 40, 30), (33, 1_300, 20), (7, 5, 3), (2, 3, 40_000), (5, 20, 17_000),
        ] {
            for live in m * n * k < 10_000_000 ? [1, 0.1] : [1] {
                let a = random([m, k], dtype, seed: 1, live: live)
                let b = random([k, n], dtype, seed: 2)
                let aT = a.transposed()
                let bT = b.transposed()
                try expectSameBitsOnAnyThreads("\(dtype) \(m)×\(k) · \(k)×\(n), live \(live)") {
                    let tape = Tape()
                    let (x, y) = (tape.watch(a), tape.watch(b))
                    let z = x.dense(y)
                    let gradients = tape.gradients(of: z, cotangent: z.value)
                    return [
                        z.value, gradients[x], gradients[y], aT.transposed().matmul(b),
                        a.matmul(bT.transposed()),
                    ]
                }
            }
        }
        let (a, b) = (random([9, 33, 20], dtype, seed: 3), random([9, 20, 41], dtype, seed: 4))
        try expectSameBitsOnAnyThreads("\(dtype) batched") { [a.matmul(b)] }
    }

    @Test(arguments: [DType.float32, .float64]) func reductions(dtype: DType) throws {
        for sizes in [[140_001], [3, 70_000], [20_000, 3], [3, 900, 30], [600, 1_100], [5, 7]] {
            let x = random(Shape(sizes), dtype, seed: 5)
            try expectSameBitsOnAnyThreads("\(dtype) \(sizes)") {
                [x.sum(), x.logSumExp(), x.variance()]
                    + sizes.indices.flatMap { axis in
                        [
                            x.sum(axes: [axis]), x.product(axes: [axis]), x.max(axes: [axis]),
                            x.softmax(axis: axis), x.logSumExp(axes: [axis]),
                        ]
                    }
            }
        }
    }

    @Test(arguments: [DType.float32, .float64]) func normalization(dtype: DType) throws {
        for (rows, channels) in [(1, 3), (7, 5), (70, 33), (600, 16), (3_001, 3), (200, 300)] {
            let x = random([rows, channels], dtype, seed: 6)
            let dy = random([rows, channels], dtype, seed: 7)
            try expectSameBitsOnAnyThreads("\(dtype) \(rows)×\(channels)") {
                let tape = Tape()
                let variables = [
                    tape.watch(x), tape.watch(Tensor(ones: [channels], dtype: dtype)),
                    tape.watch(Tensor(zeros: [channels], dtype: dtype)),
                ]
                let y = variables[0].batchNormalized(
                    scale: variables[1], offset: variables[2], epsilon: 1e-3)
                let gradients = tape.gradients(of: y.output, cotangent: dy)
                return [y.output.value, y.mean, y.variance] + variables.map { gradients[$0] }
            }
        }
    }

    private static let convolutions:
        [(input: [Int], kernel: [Int], strides: Size2D, padding: Padding, groups: Int)] =
            [
                ([1, 28, 28, 1], [3, 3, 1, 32], 1, .valid, 1),
                ([37, 12, 12, 1], [3, 3, 1, 20], 1, .valid, 1),
                ([1, 13, 13, 32], [3, 3, 32, 64], 1, .valid, 1),
                ([33, 9, 9, 16], [3, 3, 16, 24], 1, .same, 1),
                ([5, 9, 9, 16], [3, 3, 16, 24], 2, .same, 1), ([10, 8, 7, 8], [1, 1, 8, 40], 1, .valid, 1),
                ([3, 20, 21, 4], [5, 2, 4, 7], Size2D(2, 1), .same, 1),
                ([6, 14, 14, 24], [3, 3, 1, 24], 1, .same, 24),
                ([6, 14, 14, 24], [3, 3, 12, 10], 1, .valid, 2),
                ([2, 60, 60, 2], [3, 3, 2, 5], 1, .same, 1),
            ]

    @Test(arguments: [ConvolutionMethod.automatic, .direct, .general, .loops])
    func convolutions(method: ConvolutionMethod) throws {
        for (index, test) in Self.convolutions.enumerated() {
            for pool in test.groups == 1 ? [nil, PoolWindow(2), PoolWindow(3, strides: 2)] : [nil] {
                let x = random(Shape(test.input), .float32, seed: 8)
                let kernel = random(Shape(test.kernel), .float32, seed: 9)
                for tracksInput in [true, false] {
                    try expectSameBitsOnAnyThreads("convolution \(index), \(method), pool \(pool != nil)") {
                        let tape = Tape()
                        let input = tracksInput ? tape.watch(x) : Variable(x)
                        let weights = tape.watch(kernel)
                        let bias = tape.watch(Tensor(zeros: [test.kernel[3]]))
                        let y = input.conv2D(
                            weights, bias: bias, strides: test.strides, padding: test.padding,
                            groups: test.groups, epilogue: Epilogue(pool: pool),
                            acceleration: Acceleration(convolution: method))
                        let gradients = tape.gradients(of: y, cotangent: y.value)
                        return [y.value, gradients[weights], gradients[bias]]
                            + (tracksInput ? [gradients[input]] : [])
                    }
                }
            }
        }
    }

    @Test func pools() throws {
        let x = random([9, 17, 16, 20], .float32, seed: 10)
        try expectSameBitsOnAnyThreads {
            func run(_ pool: (Variable) -> Variable) -> [Tensor] {
                let tape = Tape()
                let input = tape.watch(x)
                let y = pool(input)
                return [y.value, tape.gradients(of: y, cotangent: y.value)[input]]
            }
            return run { $0.maxPooled2D(size: 3, strides: 2, padding: .same) }
                + run { $0.averagePooled2D(size: 2) }
        }
    }
}
