import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// Scaled dot-product attention (Vaswani and others 2017, arXiv:1706.03762): each query's mean of the values, weighed
    /// by how well their keys fit the query,
    ///
    /// ```
    /// softmax(query · keyᵀ · scale + bias) · value
    /// ```
    ///
    /// The scores are never stored as a whole, forwards or backwards: memory grows with the lengths, not with their
    /// product (arXiv:2307.08691). With a `bias` they are. A query that sees no key weighs all values alike, as in
    /// Keras. Follows `keras.ops.dot_product_attention`.
    ///
    /// - Parameters:
    ///   - query: [batch, queries, heads, depth].
    ///   - key: [batch, keys, key heads, depth], where the heads are a multiple of the key heads: neighbouring heads share
    ///     one.
    ///   - value: [batch, keys, key heads, value depth].
    ///   - bias: what is added to the scaled scores, broadcast to [batch, heads, queries, keys].
    ///   - mask: which keys a query sees, of bool, broadcast to [batch, heads, queries, keys]; by default all.
    ///   - scale: by default 1/√depth.
    ///   - isCausal: whether query i sees the keys 0...i alone.
    /// - Returns: [batch, queries, heads, value depth].
    ///
    /// Traps if the shapes do not fit together.
    public static func dotProductAttention(
        query: Variable, key: Variable, value: Variable, bias: Variable? = nil, mask: Tensor? = nil,
        scale: Double? = nil, isCausal: Bool = false
    ) -> Variable {
        let (q, k, v) = (query.shape, key.shape, value.shape)
        require(
            q.rank == 4 && k.rank == 4 && v.rank == 4,
            "dotProductAttention: query \(q), key \(k), value \(v), expected [batch, length, heads, depth] each"
        )
        require(
            k[0] == q[0] && v[0] == q[0] && k[1] == v[1] && k[2] == v[2] && k[3] == q[3] && k[2] > 0
                && q[2] % k[2] == 0,
            "dotProductAttention: query \(q), key \(k) and value \(v) do not fit together")
        require(
            key.dtype == query.dtype && value.dtype == query.dtype,
            "dotProductAttention: query, key and value are \(query.dtype), \(key.dtype) and \(value.dtype), expected one type"
        )
        let scale = scale ?? 1 / Double(Swift.max(1, q[3])).squareRoot()
        let scores = Shape([q[0], q[2], q[1], k[1]])
        if let mask { requireMask(mask, scores) }
        if bias != nil || k[1] == 0 {
            return attentionByScores(
                query: query, key: key, value: value, bias: bias,
                mask: combinedMask(mask, isCausal: isCausal, scores), scale: scale
            ) { $0 }.output
        }
        let attention = Attention(
            batch: q[0], queries: q[1], keys: k[1], heads: q[2], keyHeads: k[2], depth: q[3],
            valueDepth: v[3],
            scale: scale, isCausal: isCausal, maskStrides: mask.map { strides(of: $0.shape, in: scores) })

        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            let (q, k, v) = (query.value, key.value, value.value)
            var maxima = Tensor(uninitialized: [attention.rowCount], dtype: T.dtype)
            var inverses = Tensor(uninitialized: [attention.rowCount], dtype: T.dtype)
            let output = Tensor(shape: Shape(Array(q.shape.sizes.dropLast()) + [v.shape[3]])) {
                (out: UnsafeMutablePointer<T>) in
                withThree(q, k, v) { q, k, v in
                    withMask(mask) { mask in
                        maxima.withMutableElements { maxima in
                            inverses.withMutableElements { inverses in
                                attention.forward(
                                    query: q, key: k, value: v, mask: mask, out: out, maxima: maxima,
                                    inverses: inverses)
                            }
                        }
                    }
                }
            }
            return Variable(output, computedFrom: query, key, value) { [maxima, inverses] dOut in
                var dKey = Tensor(uninitialized: k.shape, dtype: T.dtype)
                var dValue = Tensor(uninitialized: v.shape, dtype: T.dtype)
                let dQuery = Tensor(shape: q.shape) { (dq: UnsafeMutablePointer<T>) in
                    dKey.withMutableElements { (dk: UnsafeMutablePointer<T>) in
                        dValue.withMutableElements { (dv: UnsafeMutablePointer<T>) in
                            withThree(q, k, v) { q, k, v in
                                withThree(output, maxima, inverses) { out, maxima, inverses in
                                    withMask(mask) { mask in
                                        dOut.withElements { dOut in
                                            attention.backward(
                                                query: q, key: k, value: v, mask: mask, out: out,
                                                maxima: maxima, inverses: inverses, outGradient: dOut,
                                                queryGradient: dq, keyGradient: dk, valueGradient: dv)
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                return [dQuery, dKey, dValue]
            }
        }
        return apply(query.dtype.realType(for: "dotProductAttention"))
    }

    /// The same with all scores stored, for those who want to see or change the weights [batch, heads, queries, keys].
    ///
    /// - Parameter changed: what is done to the weights before they meet the values, such as dropout.
    package static func attentionByScores(
        query: Variable, key: Variable, value: Variable, bias: Variable? = nil, mask: Tensor?, scale: Double,
        changed: (Variable) -> Variable
    ) -> (output: Variable, weights: Variable) {
        let group = query.shape[2] / key.shape[2]
        func byHead(_ variable: Variable) -> Variable {
            let heads = variable.permuted([0, 2, 1, 3])
            return group > 1 && heads.shape[1] < query.shape[2] ? heads.repeated(group, axis: 1) : heads
        }
        var scores = (byHead(query) * scale).matmul(byHead(key), transposingRight: true)
        if let bias { scores = scores + bias }
        if let mask {
            // Finite: a query that sees no key weighs all alike.
            let unseen = Variable(scores.value.scalar(-2.38e38))
            scores = Variable.where(mask, scores, unseen)
        }
        let weights = scores.softmax()
        return (changed(weights).matmul(byHead(value)).permuted([0, 2, 1, 3]), weights)
    }

    /// A mask, and that of causality, as one; nil for none.
    package static func combinedMask(_ mask: Tensor?, isCausal: Bool, _ scores: Shape) -> Tensor? {
        guard isCausal else { return mask }
        let (queries, keys) = (scores[2], scores[3])
        let causal = Tensor(
            (0..<queries * keys).map { $0 % Swift.max(1, keys) <= $0 / Swift.max(1, keys) },
            shape: [queries, keys])
        return mask.map { $0 .& causal } ?? causal
    }

    private static func requireMask(_ mask: Tensor, _ scores: Shape) {
        let fits =
            mask.rank <= 4
            && zip(mask.shape.sizes.reversed(), scores.sizes.reversed()).allSatisfy { $0 == $1 || $0 == 1 }
        require(
            fits && mask.dtype == .bool,
            "dotProductAttention: mask \(mask.dtype) \(mask.shape), expected bool that broadcasts to \(scores) [batch, heads, queries, keys]"
        )
    }

    private static func strides(
        of mask: Shape, in scores: Shape
    ) -> (batch: Int, head: Int, query: Int, key: Int) {
        let sizes = Array(repeating: 1, count: 4 - mask.rank) + mask.sizes
        var strides = Array(repeating: 0, count: 4)
        var step = 1
        for axis in (0..<4).reversed() {
            strides[axis] = sizes[axis] == 1 ? 0 : step
            step *= sizes[axis]
        }
        return (strides[0], strides[1], strides[2], strides[3])
    }
}

private func withThree<T: RealScalar>(
    _ a: Tensor, _ b: Tensor, _ c: Tensor,
    _ body: (UnsafePointer<T>, UnsafePointer<T>, UnsafePointer<T>) -> Void
) {
    a.withElements { a in b.withElements { b in c.withElements { c in body(a, b, c) } } }
}

private func withMask(_ mask: Tensor?, _ body: (UnsafePointer<UInt8>?) -> Void) {
    guard let mask else { return body(nil) }
    withExtendedLifetime(mask) { body(mask.address.assumingMemoryBound(to: UInt8.self)) }
}
