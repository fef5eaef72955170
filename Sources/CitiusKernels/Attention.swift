import CitiusPlatform
import CitiusSIMD

/// Scaled dot-product attention, tile by tile (Dao, "FlashAttention-2", arXiv:2307.08691; the softmax is Milakov and
/// Gimelshein's, arXiv:1805.02867): of the scores no more than 32 queries by 256 keys are ever stored, forwards and
/// backwards.
///
///     weights = softmax(query · keyᵀ · scale),   out = weights · value
///
/// Queries and out are [batch, queries, heads, depth or value depth], keys and values [batch, keys, keyHeads, …]: each
/// group of heads / keyHeads neighbouring heads reads one head of the keys and values.
///
/// A query that sees no key weighs all alike, as in Keras.
package struct Attention: Sendable {
    package let batch: Int
    package let queries: Int
    package let keys: Int
    package let heads: Int
    package let keyHeads: Int
    package let depth: Int
    package let valueDepth: Int
    package let scale: Double
    /// Whether query i sees the keys 0...i alone.
    package let isCausal: Bool
    /// From one to the next along each axis of a mask whose bytes are 0 where a query does not see a key, 0 along an axis
    /// that it does not have; nil without a mask.
    package let maskStrides: (batch: Int, head: Int, query: Int, key: Int)?

    package init(
        batch: Int, queries: Int, keys: Int, heads: Int, keyHeads: Int, depth: Int, valueDepth: Int,
        scale: Double, isCausal: Bool, maskStrides: (batch: Int, head: Int, query: Int, key: Int)?
    ) {
        self.batch = batch
        self.queries = queries
        self.keys = keys
        self.heads = heads
        self.keyHeads = keyHeads
        self.depth = depth
        self.valueDepth = valueDepth
        self.scale = scale
        self.isCausal = isCausal
        self.maskStrides = maskStrides
    }

    private static let mostQueries = 32
    private static let mostKeys = 256

    /// How many of each query's softmax's numbers are kept for the gradient.
    package var rowCount: Int { batch * heads * queries }

    private var tileKeys: Int { min(keys, Self.mostKeys) }
    private var operations: Int {
        2 * batch * heads * queries * keys * (depth + valueDepth) / (isCausal ? 2 : 1)
    }

    /// How many keys can be seen by queries before `end`: behind them nothing need be computed, unless a mask may leave a
    /// query without any key.
    private func visibleKeys(before end: Int) -> Int {
        isCausal && maskStrides == nil ? min(keys, end) : keys
    }

    // MARK: Forward

    /// - Parameters:
    ///   - maxima: of each query's scaled scores, [batch, heads, queries].
    ///   - inverses: 1 / Σ exp(score − max), likewise.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func forward<T: KernelReal>(
        query: UnsafePointer<T>, key: UnsafePointer<T>, value: UnsafePointer<T>, mask: UnsafePointer<UInt8>?,
        out: UnsafeMutablePointer<T>, maxima: UnsafeMutablePointer<T>, inverses: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "attention \(batch)×\(heads)×\(queries)×\(keys)×\(depth)", operations: operations,
            elements: batch
                * (heads * queries * (depth + valueDepth) + keyHeads * keys * (depth + valueDepth)),
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        guard rowCount > 0, valueDepth > 0 else { return }
        // Few heads with many queries are cut along these too.
        let parts = batch * heads >= 16 ? 1 : ThreadPool.chunkCount(of: queries, grain: 256, limit: 8)
        let units = batch * heads * parts
        let work = max(1, operations / max(1, units))
        let (queryTile, keyTile) = (min(queries, Self.mostQueries), tileKeys)
        ThreadPool.shared.forChunks(
            ThreadPool.chunkCount(of: units, grain: max(1, 100_000 / work)), of: units,
            scratchCount: depth * keys + queryTile * (keyTile + 2)
        ) { (_, units, scratch: UnsafeMutablePointer<T>) in
            let transposed = scratch
            let scores = transposed + depth * keys
            let sums = scores + queryTile * keyTile
            let decay = sums + queryTile
            for unit in units {
                let (sample, head) = (unit / parts / heads, unit / parts % heads)
                let part = ThreadPool.range(unit % parts, of: parts, in: queries)
                let k = keyElements(key, sample, head, depth)
                let v = keyElements(value, sample, head, valueDepth)
                transpose(k, stride: keyHeads * depth, rows: keys, columns: depth, to: transposed)
                for start in stride(from: part.lowerBound, to: part.upperBound, by: queryTile) {
                    let count = min(queryTile, part.upperBound - start)
                    let rows = (sample * heads + head) * queries + start
                    let q = query + queryOffset(sample, head, start, depth)
                    let o = out + queryOffset(sample, head, start, valueDepth)
                    for row in 0..<count {
                        maxima[rows + row] = -.infinity
                        sums[row] = 0
                    }
                    let visible = visibleKeys(before: start + count)
                    for first in stride(from: 0, to: visible, by: keyTile) {
                        let columns = min(keyTile, visible - first)
                        multiply(
                            q, stride: heads * depth, transposed + first, stride: keys, rows: count,
                            columns: columns, depth: depth, to: scores, stride: keyTile)
                        let tile = ScoreTile(
                            scores: scores, rows: count, columns: columns, stride: keyTile, firstQuery: start,
                            firstKey: first, mask: maskElements(mask, sample, head, start, first))
                        softmax(tile, maxima + rows, sums, decay)
                        if first > 0 { scaleRows(o, count, by: decay) }
                        multiply(
                            scores, stride: keyTile, v + first * keyHeads * valueDepth,
                            stride: keyHeads * valueDepth, rows: count, columns: valueDepth, depth: columns,
                            accumulates: first > 0, to: o, stride: heads * valueDepth)
                    }
                    if visible == 0 {
                        for row in 0..<count {
                            (o + row * heads * valueDepth).update(repeating: 0, count: valueDepth)
                        }
                    }
                    for row in 0..<count { inverses[rows + row] = 1 / sums[row] }
                    scaleRows(o, count, by: inverses + rows)
                }
            }
        }
    }

    // MARK: Backward

    /// The gradients, which need not be initialized, from that of out and from what `forward` left.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func backward<T: KernelReal>(
        query: UnsafePointer<T>, key: UnsafePointer<T>, value: UnsafePointer<T>, mask: UnsafePointer<UInt8>?,
        out: UnsafePointer<T>, maxima: UnsafePointer<T>, inverses: UnsafePointer<T>,
        outGradient: UnsafePointer<T>, queryGradient: UnsafeMutablePointer<T>,
        keyGradient: UnsafeMutablePointer<T>, valueGradient: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "attention's gradient \(batch)×\(heads)×\(queries)×\(keys)×\(depth)",
            operations: operations * 5 / 2,
            elements: batch
                * (2 * heads * queries * (depth + valueDepth) + 2 * keyHeads * keys * (depth + valueDepth)),
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        // All heads that read one head of the keys are one thread's, since they add to its gradient.
        let units = batch * keyHeads
        let group = heads / max(1, keyHeads)
        let work = max(1, operations / max(1, units))
        let (queryTile, keyTile) = (min(queries, Self.mostQueries), tileKeys)
        ThreadPool.shared.forChunks(
            ThreadPool.chunkCount(of: units, grain: max(1, 100_000 / work)), of: units,
            scratchCount: (depth + valueDepth) * keys + 2 * queryTile * keyTile + queryTile
        ) { (_, units, scratch: UnsafeMutablePointer<T>) in
            let transposedKeys = scratch
            let transposedValues = transposedKeys + depth * keys
            let scores = transposedValues + valueDepth * keys
            let gradients = scores + queryTile * keyTile
            let deltas = gradients + queryTile * keyTile
            let (keyStride, valueStride) = (keyHeads * depth, keyHeads * valueDepth)
            for unit in units {
                let (sample, keyHead) = (unit / keyHeads, unit % keyHeads)
                let k = keyElements(key, sample, keyHead * group, depth)
                let v = keyElements(value, sample, keyHead * group, valueDepth)
                let dk = keyGradient + (sample * keys * keyHeads + keyHead) * depth
                let dv = valueGradient + (sample * keys * keyHeads + keyHead) * valueDepth
                for row in 0..<keys {
                    (dk + row * keyStride).update(repeating: 0, count: depth)
                    (dv + row * valueStride).update(repeating: 0, count: valueDepth)
                }
                transpose(k, stride: keyStride, rows: keys, columns: depth, to: transposedKeys)
                transpose(v, stride: valueStride, rows: keys, columns: valueDepth, to: transposedValues)
                for head in keyHead * group..<(keyHead + 1) * group {
                    for start in stride(from: 0, to: queries, by: queryTile) {
                        let count = min(queryTile, queries - start)
                        let rows = (sample * heads + head) * queries + start
                        let q = query + queryOffset(sample, head, start, depth)
                        let dq = queryGradient + queryOffset(sample, head, start, depth)
                        let offset = queryOffset(sample, head, start, valueDepth)
                        let (o, dOut) = (out + offset, outGradient + offset)
                        dotRows(o, dOut, count, to: deltas)
                        let visible = visibleKeys(before: start + count)
                        if visible == 0 {
                            for row in 0..<count {
                                (dq + row * heads * depth).update(repeating: 0, count: depth)
                            }
                        }
                        for first in stride(from: 0, to: visible, by: keyTile) {
                            let columns = min(keyTile, visible - first)
                            multiply(
                                q, stride: heads * depth, transposedKeys + first, stride: keys, rows: count,
                                columns: columns, depth: depth, to: scores, stride: keyTile)
                            multiply(
                                dOut, stride: heads * valueDepth, transposedValues + first, stride: keys,
                                rows: count, columns: columns, depth: valueDepth, to: gradients,
                                stride: keyTile)
                            let tile = ScoreTile(
                                scores: scores, rows: count, columns: columns, stride: keyTile,
                                firstQuery: start, firstKey: first,
                                mask: maskElements(mask, sample, head, start, first))
                            gradient(tile, maxima + rows, inverses + rows, deltas, gradients)
                            addTransposed(
                                UnsafePointer(scores), stride: keyTile, dOut, stride: heads * valueDepth,
                                rows: count, columns: columns, width: valueDepth,
                                to: dv + first * valueStride, stride: valueStride)
                            addTransposed(
                                UnsafePointer(gradients), stride: keyTile, q, stride: heads * depth,
                                rows: count, columns: columns, width: depth, to: dk + first * keyStride,
                                stride: keyStride)
                            multiply(
                                UnsafePointer(gradients), stride: keyTile, k + first * keyStride,
                                stride: keyStride, rows: count, columns: depth, depth: columns,
                                accumulates: first > 0, to: dq, stride: heads * depth)
                        }
                    }
                }
            }
        }
    }

    // MARK: Where things lie

    private func queryOffset(_ sample: Int, _ head: Int, _ query: Int, _ depth: Int) -> Int {
        ((sample * queries + query) * heads + head) * depth
    }

    private func keyElements<T>(
        _ elements: UnsafePointer<T>, _ sample: Int, _ head: Int, _ depth: Int
    ) -> UnsafePointer<T> {
        elements + (sample * keys * keyHeads + head / (heads / keyHeads)) * depth
    }

    private func maskElements(
        _ mask: UnsafePointer<UInt8>?, _ sample: Int, _ head: Int, _ query: Int, _ key: Int
    ) -> UnsafePointer<UInt8>? {
        guard let mask, let strides = maskStrides else { return nil }
        return mask
            + (sample * strides.batch + head * strides.head + query * strides.query + key * strides.key)
    }

    // MARK: Tiles

    private struct ScoreTile<T> {
        let scores: UnsafeMutablePointer<T>
        let rows: Int
        let columns: Int
        let stride: Int
        let firstQuery: Int
        let firstKey: Int
        let mask: UnsafePointer<UInt8>?
    }

    @inline(__always)
    private func forMicrokernels<T>(_ tile: ScoreTile<T>) -> citius_score_tile {
        citius_score_tile(
            scores: mutableFloats(tile.scores), rows: tile.rows, columns: tile.columns, stride: tile.stride,
            scale: Float(scale), is_causal: isCausal ? 1 : 0, first_query: tile.firstQuery,
            first_key: tile.firstKey, mask: tile.mask, mask_row_stride: maskStrides?.query ?? 0,
            mask_column_stride: maskStrides?.key ?? 0)
    }

    /// The scaled score of a query and a key; finite where the query does not see the key, so that one that sees no key
    /// weighs all alike.
    @inline(__always)
    private func score<T: KernelReal>(_ tile: ScoreTile<T>, _ row: Int, _ column: Int) -> (T, isSeen: Bool) {
        if isCausal && tile.firstKey + column > tile.firstQuery + row {
            return (-T.greatestFiniteMagnitude * 0.7, false)
        }
        if let mask = tile.mask, let strides = maskStrides,
            mask[row * strides.query + column * strides.key] == 0
        {
            return (-T.greatestFiniteMagnitude * 0.7, false)
        }
        return (tile.scores[row * tile.stride + column] * T(converting: scale), true)
    }

    @inline(__always)
    private func softmax<T: KernelReal>(
        _ tile: ScoreTile<T>, _ maxima: UnsafeMutablePointer<T>, _ sums: UnsafeMutablePointer<T>,
        _ decay: UnsafeMutablePointer<T>
    ) {
        if T.self == Float.self {
            var floats = forMicrokernels(tile)
            InstructionSet.chosen.kernels.attend_softmax(
                &floats, mutableFloats(maxima), mutableFloats(sums), mutableFloats(decay))
            return
        }
        for row in 0..<tile.rows {
            let line = tile.scores + row * tile.stride
            var largest = maxima[row]
            for column in 0..<tile.columns {
                line[column] = score(tile, row, column).0
                if line[column] > largest { largest = line[column] }
            }
            decay[row] = T.exp(maxima[row] - largest)
            maxima[row] = largest
            var sum: T = 0
            for column in 0..<tile.columns {
                line[column] = T.exp(line[column] - largest)
                sum += line[column]
            }
            sums[row] = sums[row] * decay[row] + sum
        }
    }

    @inline(__always)
    private func gradient<T: KernelReal>(
        _ tile: ScoreTile<T>, _ maxima: UnsafePointer<T>, _ inverses: UnsafePointer<T>,
        _ deltas: UnsafePointer<T>, _ gradients: UnsafeMutablePointer<T>
    ) {
        if T.self == Float.self {
            var tile = forMicrokernels(tile)
            InstructionSet.chosen.kernels.attend_gradient(
                &tile, floats(maxima), floats(inverses), floats(deltas), mutableFloats(gradients))
            return
        }
        let scale = T(converting: scale)
        for row in 0..<tile.rows {
            for column in 0..<tile.columns {
                let index = row * tile.stride + column
                let (score, isSeen) = score(tile, row, column)
                let weight = T.exp(score - maxima[row]) * inverses[row]
                tile.scores[index] = weight
                gradients[index] = isSeen ? weight * (gradients[index] - deltas[row]) * scale : 0
            }
        }
    }

    /// The products of out's rows and those of its gradient, which lie alike.
    @inline(__always)
    private func dotRows<T: KernelReal>(
        _ out: UnsafePointer<T>, _ gradient: UnsafePointer<T>, _ count: Int, to dots: UnsafeMutablePointer<T>
    ) {
        let stride = heads * valueDepth
        if T.self == Float.self {
            InstructionSet.chosen.kernels.dot_rows(
                floats(out), floats(gradient), stride, count, valueDepth, mutableFloats(dots))
            return
        }
        for row in 0..<count {
            dots[row] = pairwiseSum(valueDepth) { out[row * stride + $0] * gradient[row * stride + $0] }
        }
    }

    /// The rows of out, each times its factor.
    @inline(__always)
    private func scaleRows<T: KernelReal>(
        _ out: UnsafeMutablePointer<T>, _ count: Int, by factors: UnsafePointer<T>
    ) {
        if T.self == Float.self {
            InstructionSet.chosen.kernels.scale_rows(
                mutableFloats(out), heads * valueDepth, count, valueDepth, floats(factors))
            return
        }
        for row in 0..<count {
            let line = out + row * heads * valueDepth
            let factor = factors[row]
            for column in 0..<valueDepth { line[column] *= factor }
        }
    }
}

// MARK: Products of small matrices on one thread

/// y[c, r] ← x[r, c], the rows of y one behind the other.
@inline(__always)
private func transpose<T: KernelReal>(
    _ x: UnsafePointer<T>, stride: Int, rows: Int, columns: Int, to y: UnsafeMutablePointer<T>
) {
    if T.self == Float.self {
        InstructionSet.chosen.kernels.transpose(floats(x), stride, rows, columns, mutableFloats(y), rows)
        return
    }
    for row in 0..<rows {
        for column in 0..<columns { y[column * rows + row] = x[row * stride + column] }
    }
}

/// y ← x · w, or y + x · w, for w [depth, columns].
@inline(__always)
private func multiply<T: KernelReal>(
    _ x: UnsafePointer<T>, stride xStride: Int, _ w: UnsafePointer<T>, stride wStride: Int, rows: Int,
    columns: Int, depth: Int, accumulates: Bool = false, to y: UnsafeMutablePointer<T>, stride yStride: Int
) {
    guard T.self == Float.self else {
        multiplyOnThisThread(
            rows: rows, columns: columns, depth: depth, x, leadingA: xStride, w, leadingB: wStride,
            beta: accumulates ? 1 : 0, y, leadingC: yStride)
        return
    }
    let kernels = InstructionSet.chosen.kernels
    withUnsafeTemporaryAllocation(of: Int.self, capacity: rows) { starts in
        for row in 0..<rows { starts[row] = row * xStride }
        var origin = 0
        withUnsafePointer(to: &origin) { origin in
            var product = citius_product(
                x: floats(x), rows: starts.baseAddress, row_count: rows, segments: origin, segment_count: 1,
                segment_length: depth, weights: floats(w), weight_stride: wStride,
                block_stride: 2 * kernels.lanes, columns: columns, bias: nil,
                clamp: Clamp.identity.forMicrokernels, accumulates: accumulates ? 1 : 0,
                y: mutableFloats(y), y_stride: yStride)
            kernels.multiply_rows(&product)
        }
    }
}

/// sums ← sums + xᵀ · y, for x [rows, columns] and y [rows, width].
@inline(__always)
private func addTransposed<T: KernelReal>(
    _ x: UnsafePointer<T>, stride xStride: Int, _ y: UnsafePointer<T>, stride yStride: Int, rows: Int,
    columns: Int, width: Int, to sums: UnsafeMutablePointer<T>, stride: Int
) {
    guard T.self == Float.self else {
        multiplyOnThisThread(
            transposeA: true, rows: columns, columns: width, depth: rows, x, leadingA: xStride, y,
            leadingB: yStride, beta: 1, sums, leadingC: stride)
        return
    }
    var origin = 0
    withUnsafePointer(to: &origin) { origin in
        var gradient = citius_kernel_gradient(
            x: floats(x), x_row_stride: 0, x_pixel_stride: xStride, dy: floats(y), dy_row_stride: 0,
            dy_pixel_stride: yStride, rows: 1, columns: rows, outputs: width, segments: origin,
            segment_count: 1, segment_length: columns, sums: mutableFloats(sums), sums_stride: stride)
        InstructionSet.chosen.kernels.add_kernel_gradient(&gradient)
    }
}
