import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// What multi-head and grouped-query attention share: attention between projected queries, keys and values, with its
/// masks and its dropout.
struct HeadAttention {
    let depth: Int
    let dropout: Double
    let seed: Int?
    let isCausal: Bool
    let slidingWindow: Int?
    let returnsScores: Bool

    /// The fault of the numbers that both configurations have.
    static func fault(dropout: Double, slidingWindow: Int?) -> String? {
        firstFault(
            dropout >= 0 && dropout < 1 ? nil : "dropout is \(dropout), expected at least 0 and below 1",
            slidingWindow.flatMap { faultUnlessPositive("slidingWindow", $0) })
    }

    /// - Parameters:
    ///   - query: [batch, queries, heads, depth].
    ///   - key: [batch, keys, key heads, depth].
    ///   - value: [batch, keys, key heads, value depth].
    ///   - mask: broadcast to [batch, heads, queries, keys].
    /// - Returns: [batch, queries, heads, value depth], and, if they are wanted, the weights [batch, heads, queries, keys].
    func callAsFunction(
        _ query: Variable, _ key: Variable, _ value: Variable, mask: Tensor?, in context: Context
    ) -> (output: Variable, weights: Variable?) {
        let scale = 1 / Double(depth).squareRoot()
        var mask = mask
        if let slidingWindow {
            let (queries, keys) = (query.shape[1], key.shape[1])
            let band = Tensor(
                (0..<queries * keys).map { abs($0 / max(1, keys) - $0 % max(1, keys)) < slidingWindow },
                shape: [queries, keys])
            mask = mask.map { $0 .& band } ?? band
        }
        let drops = context.isTraining && dropout > 0
        guard drops || returnsScores else {
            let output = Variable.dotProductAttention(
                query: query, key: key, value: value, mask: mask, scale: scale, isCausal: isCausal)
            return (output, nil)
        }
        let scores: Shape = [query.shape[0], query.shape[2], query.shape[1], key.shape[1]]
        let (output, weights) = Variable.attentionByScores(
            query: query, key: key, value: value,
            mask: Variable.combinedMask(mask, isCausal: isCausal, scores), scale: scale
        ) { drops ? $0.dropped(dropout, noiseShape: $0.shape, seed: seed, in: context) : $0 }
        return (output, returnsScores ? weights : nil)
    }

    /// The fault of a mask of its own that an input is, in words that follow the layer's name.
    ///
    /// - Parameters:
    ///   - mask: of a sample.
    ///   - inputs: the samples' shapes without it.
    static func fault(ofMask mask: Shape, _ inputs: [Shape], heads: Int) -> String? {
        guard inputs.allSatisfy({ $0.rank == 2 }) else {
            return
                "it has an attention mask and samples of shape \(inputs[0]), expected [steps, features] with one"
        }
        let scores = [heads, inputs[0][0], inputs[1][0]]
        let fits =
            (2...3).contains(mask.rank)
            && zip(mask.sizes.reversed(), scores.reversed()).allSatisfy { $0 == 1 || $0 == $1 }
        return fits
            ? nil
            : "an attention mask of shape \(mask), expected [queries, keys], here [\(scores[1]), \(scores[2])]"
    }

    /// The masks of the inputs, and one that was given, as one: [batch, 1, queries or 1, keys]. A step that does not count
    /// neither sees nor is seen.
    ///
    /// - Parameter given: which keys each query sees, [batch, queries, keys], [batch, heads, queries, keys] or
    ///   [queries, keys].
    static func mask(_ inputs: [Variable], given: Tensor?) -> Tensor? {
        var masks: [Tensor] = []
        if let query = inputs[0].mask {
            masks.append(query.reshaped([query.shape[0], 1, query.shape[1], 1]))
        }
        for mask in inputs.dropFirst().compactMap({ $0.mask }) {
            masks.append(mask.reshaped([mask.shape[0], 1, 1, mask.shape[1]]))
        }
        if let given {
            let given = given.dtype == .bool ? given : given .!= 0
            masks.append(given.rank == 3 ? given.expandingAxis(at: 1) : given)
        }
        return masks.dropFirst().reduce(masks.first) { sum, mask in sum.map { $0 .& mask } }
    }

    /// The fault of inputs that are not a query, a value and perhaps a key whose features are those that a layer was built
    /// for, and whose keys and values are equally many.
    static func fault(ofInputs shapes: [Shape], builtFor built: [Shape]?, rank: Int?) -> String? {
        guard (2...3).contains(shapes.count) else {
            return "\(shapes.count) inputs, expected 2 or 3: query, value and perhaps key"
        }
        for shape in shapes {
            if let rank, shape.rank != rank {
                return "samples of shape \(shape), expected rank \(rank) [steps, features]"
            }
            if shape.rank < 2 || shape.rank != shapes[0].rank {
                return
                    "samples of shapes \(shapes.map { "\($0)" }.joined(separator: ", ")), expected one rank of at least 2 "
                    + "[steps.., features]"
            }
        }
        if shapes.count == 3, shapes[1].sizes.dropLast() != shapes[2].sizes.dropLast() {
            return "values of shape \(shapes[1]) and keys of shape \(shapes[2]), expected equally many"
        }
        guard let built else { return nil }
        for (index, shape) in shapes.enumerated() {
            let expected = index < built.count ? built[index] : built[1]
            if shape[-1] != expected[-1] {
                return
                    "input \(index) of shape \(shape), expected the last axis to be the \(expected[-1]) that it was built for"
            }
        }
        return nil
    }
}
