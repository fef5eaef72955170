import CitiusAutograd
import CitiusPlatform
import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct AttentionTests {
    /// Attention by its definition, query by query, in float64.
    private func definition(
        _ q: Tensor, _ k: Tensor, _ v: Tensor, mask: Tensor?, scale: Double, isCausal: Bool
    ) -> Tensor {
        let (batch, queries, heads, depth) = (q.shape[0], q.shape[1], q.shape[2], q.shape[3])
        let (keys, keyHeads, width) = (k.shape[1], k.shape[2], v.shape[3])
        let (q, k, v) = (elements(q), elements(k), elements(v))
        let mask = mask?.expanded(to: [batch, heads, queries, keys]).elements(as: Bool.self)
        var out = [Double](repeating: 0, count: batch * queries * heads * width)
        for b in 0..<batch {
            for h in 0..<heads {
                let keyHead = h / (heads / keyHeads)
                for i in 0..<queries {
                    var scores = (0..<keys).map { j in
                        (0..<depth).reduce(0.0) {
                            $0 + q[((b * queries + i) * heads + h) * depth + $1]
                                * k[((b * keys + j) * keyHeads + keyHead) * depth + $1]
                        } * scale
                    }
                    let sees = (0..<keys).map { j in
                        (!isCausal || j <= i) && mask?[((b * heads + h) * queries + i) * keys + j] ?? true
                    }
                    for j in 0..<keys where !sees[j] { scores[j] = -1e300 }
                    let largest = scores.max()!
                    let weights = scores.map { exp($0 - largest) }
                    let sum = weights.reduce(0, +)
                    for c in 0..<width {
                        out[((b * queries + i) * heads + h) * width + c] =
                            (0..<keys).reduce(0.0) {
                                $0 + weights[$1] * v[((b * keys + $1) * keyHeads + keyHead) * width + c]
                            } / sum
                    }
                }
            }
        }
        return Tensor(out, shape: [batch, queries, heads, width])
    }

    private func elements(_ tensor: Tensor) -> [Double] {
        tensor.cast(to: .float64).elements(as: Double.self)
    }

    private struct Case {
        var batch = 2
        var queries = 5
        var keys = 7
        var heads = 2
        var keyHeads = 2
        var depth = 3
        var width = 3
        var isCausal = false
        var mask: Shape?
    }

    private let cases = [
        Case(), Case(isCausal: true), Case(queries: 1, keys: 1), Case(keyHeads: 1, width: 5),
        Case(mask: [2, 1, 5, 7]), Case(isCausal: true, mask: [2, 1, 1, 7]), Case(mask: [2, 5, 1]),
        Case(mask: [2, 2, 5, 1]),
        // Longer than a tile of 32 queries or of 256 keys.
        Case(batch: 1, queries: 33, keys: 70, heads: 4, keyHeads: 2, depth: 17, width: 19),
        Case(batch: 1, queries: 70, keys: 70, heads: 1, keyHeads: 1, depth: 32, width: 32, isCausal: true),
        Case(batch: 1, queries: 3, keys: 600, heads: 1, keyHeads: 1),
        Case(batch: 1, queries: 600, keys: 600, heads: 1, keyHeads: 1, isCausal: true),
        Case(batch: 1, queries: 40, keys: 300, heads: 1, keyHeads: 1, mask: [40, 300]),
    ]

    private func inputs(_ it: Case, _ dtype: DType) -> (q: Tensor, k: Tensor, v: Tensor, mask: Tensor?) {
        (
            randomTensor([it.batch, it.queries, it.heads, it.depth], dtype: dtype, in: -2..<2, seed: 1),
            randomTensor([it.batch, it.keys, it.keyHeads, it.depth], dtype: dtype, in: -2..<2, seed: 2),
            randomTensor([it.batch, it.keys, it.keyHeads, it.width], dtype: dtype, seed: 3),
            // Some queries see nothing.
            it.mask.map { randomTensor($0, seed: 4) .> ($0[-1] == 1 ? 0 : 0.5) }
        )
    }

    @Test(arguments: [DType.float32, .float64]) func isItsDefinition(dtype: DType) {
        for (number, it) in cases.enumerated() {
            let (q, k, v, mask) = inputs(it, dtype)
            let output = Variable.dotProductAttention(
                query: Variable(q), key: Variable(k), value: Variable(v), mask: mask, scale: 0.75,
                isCausal: it.isCausal)
            expectClose(
                output.value.cast(to: .float64),
                definition(q, k, v, mask: mask, scale: 0.75, isCausal: it.isCausal),
                absolute: dtype == .float32 ? 2e-6 : 1e-13, relative: dtype == .float32 ? 2e-6 : 1e-12,
                "case \(number)")
        }
    }

    /// Float gradients against those in double precision, which `gradients` compares with differences.
    @Test func floatGradients() {
        for (number, it) in cases.enumerated() {
            func gradients(_ dtype: DType) -> [Tensor] {
                let (q, k, v, mask) = inputs(it, .float32)
                let tape = Tape()
                let variables = [q, k, v].map { tape.watch($0.cast(to: dtype)) }
                let output = Variable.dotProductAttention(
                    query: variables[0], key: variables[1], value: variables[2], mask: mask,
                    isCausal: it.isCausal)
                let cotangent = randomTensor(output.shape, dtype: .float32, seed: 9).cast(to: dtype)
                let gradients = tape.gradients(of: output, cotangent: cotangent)
                return variables.map { gradients[$0].cast(to: .float64) }
            }
            for (name, (float, double)) in zip("qkv", zip(gradients(.float32), gradients(.float64))) {
                expectClose(float, double, absolute: 4e-6, relative: 1e-5, "case \(number), d\(name)")
            }
        }
    }

    @Test func gradients() {
        for it in cases where it.queries * it.keys < 100 {
            let (q, k, v, mask) = inputs(it, .float64)
            checkGradients(at: [q, k, v]) {
                .dotProductAttention(
                    query: $0[0], key: $0[1], value: $0[2], mask: mask, isCausal: it.isCausal)
            }
        }
        let (q, k, v, _) = inputs(Case(), .float64)
        checkGradients(at: [q, k, v, randomTensor([2, 1, 7], seed: 8)]) {
            .dotProductAttention(query: $0[0], key: $0[1], value: $0[2], bias: $0[3], isCausal: true)
        }
    }

    @Test func aBiasIsAdded() {
        let (q, k, v, _) = inputs(Case(), .float64)
        let (query, key, value) = (Variable(q), Variable(k), Variable(v))
        let mask = randomTensor([5, 7], seed: 6) .> -0.5
        let bias = Tensor.where(mask, Tensor(zeros: [], dtype: .float64), Tensor(-1e6 as Double))
        let biased = Variable.dotProductAttention(
            query: query, key: key, value: value, bias: Variable(bias), isCausal: true)
        let masked = Variable.dotProductAttention(
            query: query, key: key, value: value, mask: mask, isCausal: true)
        // Rows in which the bias hides all keys differ: it lowers scores, a mask levels them.
        let sees =
            (mask .& Tensor((0..<35).map { $0 % 7 <= $0 / 7 }, shape: [5, 7])).cast(to: .float64)
            .sum(axes: [1]) .> 0
        for row in 0..<5 where sees[row].element(as: Bool.self) {
            expectClose(biased.value[0][row], masked.value[0][row], absolute: 1e-10)
        }
    }

    @Test func sameBitsOnAnyThreads() throws {
        for it in [
            Case(batch: 3, queries: 50, keys: 41, heads: 4, keyHeads: 2, depth: 24, width: 20),
            Case(
                batch: 1, queries: 900, keys: 300, heads: 1, keyHeads: 1, depth: 8, width: 8, isCausal: true),
        ] {
            let (q, k, v, _) = inputs(it, .float32)
            try expectSameBitsOnAnyThreads("attention") {
                let tape = Tape()
                let variables = [q, k, v].map { tape.watch($0) }
                let output = Variable.dotProductAttention(
                    query: variables[0], key: variables[1], value: variables[2], isCausal: it.isCausal)
                let gradients = tape.gradients(of: output.squared().sum())
                return [output.value] + variables.map { gradients[$0] }
            }
        }
    }

    @Test func nanIsKept() {
        var (q, k, v, _) = inputs(Case(), .float32)
        k[1] = Tensor(repeating: Float.nan, shape: k.shape.droppingFirst())
        let output = Variable.dotProductAttention(query: Variable(q), key: Variable(k), value: Variable(v))
            .value
        #expect(output[1].isNaN().cast(to: .int32).sum().scalar == Double(output[1].count))
        #expect(output[0].isNaN().cast(to: .int32).sum().scalar == 0)
        q = Tensor(repeating: 1e19 as Float, shape: q.shape)
        v = Tensor(ones: v.shape)
        let large = Variable.dotProductAttention(
            query: Variable(q), key: Variable(q), value: Variable(q * 0 + 1))
        expectClose(large.value, Tensor(ones: q.shape))
    }
}
