import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Attention by several heads (Vaswani and others 2017, arXiv 1706.03762): each projects queries, keys and values, weighs
/// the values by how well their keys fit a query, and what all heads found is projected to the output. Follows
/// `keras.layers.MultiHeadAttention`.
///
/// ```
/// headₙ = softmax((query · Wqₙ) · (key · Wkₙ)ᵀ / √keyDim) · (value · Wvₙ),   y = Σₙ headₙ · Woₙ
/// ```
///
/// ```swift
/// let tokens = Input(128, 64)
/// let attention = MultiHeadAttention(numHeads: 4, keyDim: 16)
/// let x = Add()(tokens, attention(tokens, tokens))           // self-attention: query and value
/// ```
///
/// The inputs are query and value, and a key where it is another than the value. Their masks are kept: a step that does
/// not count is not seen, and the output has the query's mask. A mask of your own, which keys each query sees, is given
/// to `callAsFunction(query:value:key:attentionMask:in:)`.
///
/// Scores are computed tile by tile and never stored as a whole, unless they are asked for or dropped from in training.
///
/// # Shapes
/// query [batch, steps…, features], value and key [batch, keys…, features] → [batch, steps…, outputShape…], and, if
/// `returnAttentionScores`, [batch, heads, steps…, keys…]. Parameters, in this order: `query/kernel` [features, heads,
/// keyDim], `query/bias` [heads, keyDim], `key/…` likewise, `value/…` with valueDim, `attention_output/kernel` [heads,
/// valueDim, outputs…], `attention_output/bias` [outputs…].
///
/// Differs from Keras in that masks are for samples of [steps, features] alone.
public final class MultiHeadAttention: HeadAttentionLayer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var numHeads: Int
        /// The length of a head's queries and keys.
        public var keyDim: Int
        /// The length of a head's values; nil: as of keys.
        public var valueDim: Int?
        /// How many of the weights are dropped in training.
        public var dropout = 0.0
        public var useBias = true
        /// Whether what the heads found is multiplied by a gate, the logistic function of a projection of the query
        /// (arXiv 2505.06708).
        public var useGate = false
        /// The sizes of the output's last axes; nil: the query's features.
        public var outputShape: [Int]?
        /// The axes that attention is over, counted with the batch's; nil: all but the batch's and the features'.
        public var attentionAxes: AxisList?
        /// If set, a query sees the keys alone that are less than so many steps from it.
        public var slidingWindow: Int?
        public var kernelInitializer: Initializer = .glorotUniform
        public var biasInitializer: Initializer = .zeros
        public var kernelRegularizer: Regularizer?
        public var biasRegularizer: Regularizer?
        public var kernelConstraint: Constraint?
        public var biasConstraint: Constraint?
        /// The seed of what is dropped; nil: the model's random numbers serve.
        public var seed: Int?

        public var fault: String? {
            firstFault(
                faultUnlessPositive("numHeads", numHeads), faultUnlessPositive("keyDim", keyDim),
                valueDim.flatMap { faultUnlessPositive("valueDim", $0) },
                (outputShape ?? []).lazy.compactMap { faultUnlessPositive("outputShape", $0) }.first,
                outputShape?.isEmpty == true ? "outputShape is [], expected at least one size" : nil,
                HeadAttention.fault(dropout: dropout, slidingWindow: slidingWindow))
        }

        fileprivate var projectionOptions: ProjectionOptions {
            ProjectionOptions(
                useBias: useBias, kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, biasConstraint: biasConstraint)
        }

        fileprivate var depthOfValues: Int { valueDim ?? keyDim }
    }

    public let configuration: Configuration

    /// - Parameters:
    ///   - numHeads: how many heads there are.
    ///   - keyDim: the length of a head's queries and keys.
    ///   - valueDim: the length of a head's values; by default as of keys.
    ///   - dropout: how many of the weights are dropped in training.
    ///   - outputShape: the sizes of the output's last axes; by default the query's features.
    ///   - attentionAxes: the axes that attention is over, counted with the batch's.
    ///   - slidingWindow: how far a query sees.
    ///   - activityRegularizer: a penalty on what each projection gives, as in Keras.
    ///   - seed: of what is dropped, see `Dropout`.
    ///   - useGate: whether the heads' outputs are gated.
    ///   - useCausalMask: whether a query sees no keys behind it.
    ///   - returnAttentionScores: whether the weights are a second output.
    ///
    /// Traps if a number is out of range.
    public convenience init(
        numHeads: Int, keyDim: Int, valueDim: Int? = nil, dropout: Double = 0, useBias: Bool = true,
        outputShape: [Int]? = nil, attentionAxes: [Int]? = nil, slidingWindow: Int? = nil,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, useGate: Bool = false, seed: Int? = nil,
        useCausalMask: Bool = false, returnAttentionScores: Bool = false, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                numHeads: numHeads, keyDim: keyDim, valueDim: valueDim, dropout: dropout, useBias: useBias,
                useGate: useGate, outputShape: outputShape, attentionAxes: attentionAxes.map { AxisList($0) },
                slidingWindow: slidingWindow, kernelInitializer: kernelInitializer,
                biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer,
                biasRegularizer: biasRegularizer, kernelConstraint: kernelConstraint,
                biasConstraint: biasConstraint, seed: seed),
            name: name)
        self.useCausalMask = useCausalMask
        self.returnAttentionScores = returnAttentionScores
        self.activityRegularizer = activityRegularizer
    }

    public init(configuration: Configuration, name: String? = nil) {
        let configuration = Self.checked(configuration)
        self.configuration = configuration
        super.init(
            heads: configuration.numHeads, keyHeads: configuration.numHeads, depth: configuration.keyDim,
            valueDepth: configuration.depthOfValues, useGate: configuration.useGate,
            configuration.projectionOptions, name: name)
    }

    package override var kerasAttributes: [String] {
        ["query_dense", "key_dense"] + (gate == nil ? [] : ["_gate_dense"]) + ["value_dense", "output_dense"]
    }

    package override var regularizesOutputs: Bool { false }

    override var outputHeads: (count: Int, depth: Int) {
        (configuration.numHeads, configuration.depthOfValues)
    }

    override func makeOutput(for queries: Shape) -> HeadProjection {
        HeadProjection(
            "attention_output", to: configuration.outputShape ?? [queries[-1]],
            configuration.projectionOptions)
    }

    // MARK: Shapes

    override func fault(ofSequences shapes: [Shape]) -> String? {
        if let fault = HeadAttention.fault(
            ofInputs: shapes, builtFor: inputShapes.map(sequences), rank: nil)
        {
            return fault
        }
        let rank = shapes[0].rank + 1
        for axis in configuration.attentionAxes?.numbers ?? []
        where !(1..<rank - 1).contains(axis < 0 ? axis + rank : axis) {
            return
                "attentionAxes has \(axis), expected 1 to \(rank - 2), between the batch's axis and the features'"
        }
        let attended = attendedAxes(rank: rank)
        if attended.isEmpty { return "attentionAxes is [], expected at least one" }
        for axis in 1..<rank - 1 where !attended.contains(axis) && shapes[0][axis - 1] != shapes[1][axis - 1]
        {
            return
                "samples of shapes \(shapes[0]) and \(shapes[1]) differ in axis \(axis), which attention is not over"
        }
        let heads = [configuration.numHeads, max(configuration.keyDim, configuration.depthOfValues)]
        let outputs = configuration.outputShape ?? [shapes[0][-1]]
        if shapes.contains(where: { countOfElements(Shape([$0[-1]] + heads)) == nil })
            || shapes.contains(where: { countOfElements(Shape($0.sizes.dropLast() + heads)) == nil })
            || countOfElements(Shape(heads + outputs)) == nil
            || countOfElements(Shape(shapes[0].sizes.dropLast() + outputs)) == nil
        {
            return "samples of shape \(shapes[0]) make too large projections"
        }
        return configuration.slidingWindow != nil && attended.count > 1
            ? "slidingWindow is \(configuration.slidingWindow ?? 0), but attention is over \(attended.count) axes"
            : nil
    }

    /// The axes that attention is over, ascending, the batch's being 0.
    private func attendedAxes(rank: Int) -> [Int] {
        guard let axes = configuration.attentionAxes else { return Array(1..<rank - 1) }
        return Set(axes.numbers.map { $0 < 0 ? $0 + rank : $0 }).sorted()
    }

    public override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        let sample = inputShapes[0]
        let output = Shape(Array(sample.sizes.dropLast()) + (configuration.outputShape ?? [sample[-1]]))
        guard returnAttentionScores else { return [output] }
        let attended = attendedAxes(rank: sample.rank + 1).map { $0 - 1 }
        let others = (0..<sample.rank - 1).filter { !attended.contains($0) }
        let scores =
            others.map { sample.sizes[$0] } + [configuration.numHeads] + attended.map { sample.sizes[$0] }
            + attended.map { inputShapes[1].sizes[$0] }
        return [output, Shape(scores)]
    }

    // MARK: Computing

    override func attend(
        _ inputs: [Variable], mask: Tensor?, to output: HeadProjection, in context: Context
    ) -> [Variable] {
        let rank = inputs[0].shape.rank
        require(
            mask == nil || rank == 3,
            "\(label): inputs \(inputs[0].shape) with masks, expected [batch, steps, features] where there are some"
        )
        let attended = attendedAxes(rank: rank)
        let others = (1..<rank - 1).filter { !attended.contains($0) }
        /// [batch, …, heads, depth] as [batch · others, steps, heads, depth].
        func steps(_ heads: Variable) -> Variable {
            if rank == 3 { return heads }
            let sizes = heads.shape.sizes
            let outer = sizes[0] * others.reduce(1) { $0 * sizes[$1] }
            let count = attended.reduce(1) { $0 * sizes[$1] }
            return heads.permuted([0] + others + attended + [rank - 1, rank])
                .reshaped(to: Shape([outer, count] + sizes.suffix(2)))
        }
        let queries = query(inputs[0], in: context)
        let keys = key(inputs.count > 2 ? inputs[2] : inputs[1], in: context)
        let attention = HeadAttention(
            depth: configuration.keyDim, dropout: configuration.dropout, seed: configuration.seed,
            isCausal: useCausalMask,
            slidingWindow: configuration.slidingWindow, returnsScores: returnAttentionScores)
        let values = value(inputs[1], in: context)
        var (heads, weights) = attention(steps(queries), steps(keys), steps(values), mask: mask, in: context)
        if rank > 3 {
            let sizes = queries.shape.sizes
            let order = [0] + others + attended + [rank - 1, rank]
            var back = order
            for (position, axis) in order.enumerated() { back[axis] = position }
            heads = heads.reshaped(
                to: Shape(order.dropLast().map { sizes[$0] } + [configuration.depthOfValues])
            ).permuted(back)
            weights = weights.map { weights in
                let shapes = outputShapes(for: inputs.map { $0.shape.droppingFirst() })
                return weights.reshaped(to: shapes[1].prepending(sizes[0]))
            }
        }
        if let gate { heads = heads * gate(inputs[0], in: context).sigmoid() }
        return [output(heads, in: context)] + (weights.map { [$0] } ?? [])
    }
}
