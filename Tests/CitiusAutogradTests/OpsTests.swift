import CitiusAutograd
import CitiusTensor
import CitiusTestSupport
import Testing

/// Every differentiable operation against central differences.
@Suite struct OpsTests {
    private func random(_ sizes: [Int], in range: Range<Double> = -1..<1, seed: UInt64 = 3) -> Tensor {
        randomTensor(Shape(sizes), in: range, seed: seed)
    }

    @Test(arguments: [
        ([], []), ([3], []), ([2, 3], [3]), ([2, 3], [2, 1]), ([2, 1, 3], [4, 1]), ([5], [5]),
    ])
    func arithmetic(left: [Int], right: [Int]) {
        let arguments = [random(left), random(right, in: 0.5..<2, seed: 4)]
        checkGradients(at: arguments) { $0[0] + $0[1] }
        checkGradients(at: arguments) { $0[0] - $0[1] }
        checkGradients(at: arguments) { $0[0] * $0[1] }
        checkGradients(at: arguments) { $0[0] / $0[1] }
        checkGradients(at: arguments) { $0[0].maximum($0[1]) }
        checkGradients(at: arguments) { $0[0].minimum($0[1]) }
        checkGradients(at: arguments) { $0[1].pow($0[0]) }
        let condition = random(right, seed: 5) .> 0
        checkGradients(at: arguments) { Variable.where(condition, $0[0], $0[1]) }
    }

    @Test func arithmeticWithNumbersAndTensors() {
        let x = random([2, 3], in: 0.5..<2)
        let c = random([3], in: 0.5..<2, seed: 9)
        checkGradients(at: [x]) { 2 - $0[0] * 3 + 1 / $0[0] - $0[0] / 4 + 5 }
        checkGradients(at: [x]) { (-$0[0] + c) * c - (c - $0[0]) / c + c / $0[0] }
        checkGradients(at: [x]) { v in
            var y = v[0]
            y += v[0] * 2
            y *= c
            y -= 1
            y /= v[0]
            return y
        }
    }

    static let functions: [(String, @Sendable (Variable) -> Variable)] = [
        ("exp", { $0.exp() }), ("log", { ($0 + 2).log() }), ("log1p", { $0.log1p() }),
        ("sqrt", { ($0 + 2).sqrt() }), ("squared", { $0.squared() }),
        ("reciprocal", { ($0 + 2).reciprocal() }),
        ("erf", { $0.erf() }), ("sin", { $0.sin() }), ("cos", { $0.cos() }), ("abs", { $0.abs() }),
        ("pow", { ($0 + 2).pow(2.5) }), ("clamped", { $0.clamped(to: -0.4...0.5) }), ("relu", { $0.relu() }),
        ("relu6", { ($0 * 8).relu6() }), ("sigmoid", { ($0 * 5).sigmoid() }), ("tanh", { ($0 * 3).tanh() }),
        ("elu", { $0.elu(alpha: 0.7) }), ("selu", { $0.selu() }), ("gelu", { ($0 * 3).gelu() }),
        ("gelu by tanh", { ($0 * 3).gelu(isApproximate: true) }), ("silu", { ($0 * 3).silu() }),
        ("leakyReLU", { $0.leakyReLU() }), ("softplus", { ($0 * 4).softplus() }),
        ("softsign", { $0.softsign() }),
        ("mish", { ($0 * 3).mish() }), ("hardSigmoid", { ($0 * 5).hardSigmoid() }),
        ("hardSiLU", { ($0 * 5).hardSiLU() }), ("exponential", { $0.exponential() }), ("negative", { -$0 }),
    ]

    @Test(arguments: 0..<functions.count) func functionsOfOneVariable(number: Int) {
        let (name, function) = Self.functions[number]
        if let mismatch = gradientMismatch(at: [random([3, 5])], { function($0[0]) }) {
            Issue.record("\(name): \(mismatch)")
        }
    }

    @Test(arguments: [nil, [0], [1], [-1], [0, 2], [0, 1, 2]] as [[Int]?]) func reductions(axes: [Int]?) {
        let x = [random([2, 3, 4])]
        for keeps in [false, true] {
            checkGradients(at: x) { $0[0].sum(axes: axes, keepingAxes: keeps) }
            checkGradients(at: x) { $0[0].mean(axes: axes, keepingAxes: keeps) }
            checkGradients(at: x) { $0[0].max(axes: axes, keepingAxes: keeps) }
            checkGradients(at: x) { $0[0].min(axes: axes, keepingAxes: keeps) }
            checkGradients(at: x) { ($0[0] + 2).product(axes: axes, keepingAxes: keeps) }
            checkGradients(at: x) { $0[0].variance(axes: axes, keepingAxes: keeps, correction: 1) }
            checkGradients(at: x) { $0[0].logSumExp(axes: axes, keepingAxes: keeps) }
        }
    }

    @Test func productsWithZeros() {
        for zeros in [1, 2] {
            let x = Tensor([2, 0, -3, zeros == 2 ? 0 : 5] as [Double])
            checkGradients(at: [x]) { $0[0].product() }
        }
    }

    @Test func softmaxes() {
        for axis in [-1, 0, 1] {
            checkGradients(at: [random([3, 4, 2])]) { ($0[0] * 3).softmax(axis: axis) }
            checkGradients(at: [random([3, 4, 2])]) { ($0[0] * 3).logSoftmax(axis: axis) }
        }
    }

    @Test func movements() {
        let x = [random([2, 3, 4])]
        checkGradients(at: x) { $0[0].reshaped([4, -1]) }
        checkGradients(at: x) { $0[0].flattened() }
        checkGradients(at: x) { $0[0].transposed() }
        checkGradients(at: x) { $0[0].permuted([2, 0, -2]) }
        checkGradients(at: x) { $0[0].expandingAxis(at: 1).expanded(to: [2, 5, 3, 4]) }
        checkGradients(at: x) { $0[0].flipped(axes: [0, 2]) }
        checkGradients(at: x) { $0[0].repeated(3, axis: 1) }
        checkGradients(at: x) { $0[0].tiled([2, 1, 3]) }
        checkGradients(at: x) { $0[0].padded([(1, 0), (0, 2), (1, 1)], value: 3) }
        checkGradients(at: x) { $0[0][1] }
        checkGradients(at: x) { $0[0][1..<2].squeezed() }
        checkGradients(at: x) { $0[0].sliced(1..<3, axis: -1) }
        checkGradients(at: x) { $0[0].taking(Tensor([2, 0, 2, -1] as [Int64], shape: [2, 2]), axis: 1) }
        checkGradients(at: x) {
            $0[0].gathering(
                Tensor([1, 0, 0, 1] as [Int32], shape: [1, 1, 4]).expanded(to: [1, 3, 4]), axis: 0)
        }
        checkGradients(at: x) { $0[0].sorted(axis: 1, descending: true).values }
        checkGradients(at: x) { $0[0].topK(2).values }
        checkGradients(at: x) { $0[0].cumulativeSum(axis: 1) }
        checkGradients(at: x) { v in
            let pieces = v[0].split(sizes: [1, 2], axis: 1)
            return Variable.concatenate([pieces[1] * 2, v[0], pieces[0]], axis: 1)
        }
        // A piece that nothing uses.
        checkGradients(at: x) { $0[0].split(parts: 2, axis: 2)[1].squared() }
        checkGradients(at: x + [random([2, 3, 4], seed: 8)]) { Variable.stack($0, axis: -1) }
    }

    @Test(arguments: [
        ([2, 3], [3, 4]), ([5, 2, 3], [3, 4]), ([4, 1, 2, 3], [5, 3, 2]), ([3], [2, 3, 4]), ([2, 3], [3]),
        ([3], [3]),
    ])
    func matrixProducts(left: [Int], right: [Int]) {
        let a = random(left)
        let b = random(right, seed: 4)
        checkGradients(at: [a, b]) { $0[0].matmul($0[1]) }
        if left.count > 1 && right.count > 1 {
            let (at, bt) = (a.transposed(), b.transposed())
            checkGradients(at: [at, b]) { $0[0].matmul($0[1], transposingLeft: true) }
            checkGradients(at: [a, bt]) { $0[0].matmul($0[1], transposingRight: true) }
            checkGradients(at: [at, bt]) {
                $0[0].matmul($0[1], transposingLeft: true, transposingRight: true)
            }
        }
    }

    @Test(arguments: [[], [2]] as [[Int]]) func linearAlgebra(batch: [Int]) throws {
        let a = random(batch + [4, 4]) + Tensor(identity: 4, dtype: .float64) * 2
        let b = random(batch + [4, 3], seed: 6)
        try checkGradients(at: [a, b]) { try $0[0].solve($0[1]) }
        try checkGradients(at: [a]) { try $0[0].inverse() }
        try checkGradients(at: [a]) { try $0[0].determinant() }
        // A function of a symmetric matrix, as a function of any matrix.
        func symmetric(_ x: Variable) -> Variable { x.matmul(x, transposingRight: true) }
        try checkGradients(at: [a]) { try symmetric($0[0]).cholesky() }
        try checkGradients(at: [a]) { try symmetric($0[0]).symmetricEigen().values }
        try checkGradients(at: [a]) { v in
            // Squares: the sign of an eigenvector is left open.
            let (values, vectors) = try symmetric(v[0]).symmetricEigen()
            return vectors.squared() + values.expandingAxis(at: -2)
        }
        for sizes in [[5, 3], [4, 4]] {
            let tall = random(batch + sizes, seed: 7)
            try checkGradients(at: [tall]) { v in
                let (q, r) = try v[0].qr()
                return q.matmul(r) + q.sum() * r.sum()
            }
            let sides = random(batch + [sizes[0], 2], seed: 8)
            try checkGradients(at: [tall, sides]) { try $0[0].leastSquares($0[1]) }
        }
        for sizes in [[5, 3], [3, 5], [4, 4]] {
            let x = random(batch + sizes, seed: 9)
            try checkGradients(at: [x]) { try $0[0].svd().singularValues }
            try checkGradients(at: [x]) { try $0[0].svd().u.squared() }
            try checkGradients(at: [x]) { v in
                let (u, s, vt) = try v[0].svd()
                return (u * s.expandingAxis(at: -2)).matmul(vt)
                    + (u.squared().sum() * vt.squared().cumulativeSum(axis: -1)).sum()
            }
        }
    }
}
