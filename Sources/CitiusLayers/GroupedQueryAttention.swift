import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Multi-head attention in which several heads of queries share one of keys and values (Ainslie and others 2023, arXiv
/// 2305.13245): fewer keys and values need be kept where a text is generated. Follows `keras.layers.GroupQueryAttention`.
///
/// ```swift
/// let tokens = Input(128, 64)
/// let attention = GroupedQueryAttention(headDim: 16, numQueryHeads: 4, numKeyValueHeads: 2)
/// let x = Add()(tokens, attention(tokens, tokens))
/// ```
///
/// Inputs, masks and outputs are those of `MultiHeadAttention`.
///
/// # Shapes
/// query [batch, steps, features], value and key [batch, keys, features] → [batch, steps, features], and, if
/// `returnAttentionScores`, [batch, query heads, steps, keys]. Parameters, in this order: `query/kernel` [features, query
/// heads, headDim], `query/bias` [query heads, headDim], `key/…` and `value/…` likewise with key-value heads,
/// `attention_output/kernel` [query heads, headDim, features], `attention_output/bias` [features].
public final class GroupedQueryAttention: HeadAttentionLayer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The length of each head's queries, keys and values.
        public var headDim: Int
        public var numQueryHeads: Int
        /// A divisor of the number of query heads.
        public var numKeyValueHeads: Int
        /// How many of the weights are dropped in training.
        public var dropout = 0.0
        public var useBias = true
        /// Whether what the heads found is multiplied by a gate, the logistic function of a projection of the query.
        public var useGate = false
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
                faultUnlessPositive("headDim", headDim), faultUnlessPositive("numQueryHeads", numQueryHeads),
                faultUnlessPositive("numKeyValueHeads", numKeyValueHeads),
                numKeyValueHeads > 0 && numQueryHeads % numKeyValueHeads != 0
                    ? "numQueryHeads is \(numQueryHeads), expected a multiple of the \(numKeyValueHeads) key-value heads"
                    : nil,
                HeadAttention.fault(dropout: dropout, slidingWindow: slidingWindow))
        }

        fileprivate var projectionOptions: ProjectionOptions {
            ProjectionOptions(
                useBias: useBias, kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, biasConstraint: biasConstraint)
        }
    }

    public static var className: String { "GroupQueryAttention" }
    public let configuration: Configuration

    /// - Parameters:
    ///   - headDim: the length of each head's queries, keys and values.
    ///   - numQueryHeads: how many heads of queries there are.
    ///   - numKeyValueHeads: how many of keys and values, a divisor of that.
    ///   - dropout: how many of the weights are dropped in training.
    ///   - slidingWindow: how far a query sees.
    ///   - activityRegularizer: a penalty on what each projection gives, as in Keras.
    ///   - seed: of what is dropped, see `Dropout`.
    ///   - useGate: whether the heads' outputs are gated.
    ///   - useCausalMask: whether a query sees no keys behind it.
    ///   - returnAttentionScores: whether the weights are a second output.
    ///
    /// Traps if a number is out of range.
    public convenience init(
        headDim: Int, numQueryHeads: Int, numKeyValueHeads: Int, dropout: Double = 0, useBias: Bool = true,
        slidingWindow: Int? = nil, kernelInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        biasRegularizer: Regularizer? = nil, activityRegularizer: Regularizer? = nil,
        kernelConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, useGate: Bool = false, seed: Int? = nil,
        useCausalMask: Bool = false,
        returnAttentionScores: Bool = false, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                headDim: headDim, numQueryHeads: numQueryHeads, numKeyValueHeads: numKeyValueHeads,
                dropout: dropout, useBias: useBias, useGate: useGate, slidingWindow: slidingWindow,
                kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, biasConstraint: biasConstraint, seed: seed),
            name: name)
        self.useCausalMask = useCausalMask
        self.returnAttentionScores = returnAttentionScores
        self.activityRegularizer = activityRegularizer
    }

    public init(configuration: Configuration, name: String? = nil) {
        let configuration = Self.checked(configuration)
        self.configuration = configuration
        super.init(
            heads: configuration.numQueryHeads, keyHeads: configuration.numKeyValueHeads,
            depth: configuration.headDim, valueDepth: configuration.headDim, useGate: configuration.useGate,
            configuration.projectionOptions, name: name)
    }

    package override var kerasAttributes: [String] {
        ["_query_dense", "_key_dense"] + (gate == nil ? [] : ["_gate_dense"]) + [
            "_value_dense", "_output_dense",
        ]
    }

    override var outputHeads: (count: Int, depth: Int) {
        (configuration.numQueryHeads, configuration.headDim)
    }

    override func makeOutput(for queries: Shape) -> HeadProjection {
        HeadProjection("attention_output", to: [queries[-1]], configuration.projectionOptions)
    }

    override func fault(ofSequences shapes: [Shape]) -> String? {
        if let fault = HeadAttention.fault(
            ofInputs: shapes, builtFor: inputShapes.map(sequences), rank: 2)
        {
            return fault
        }
        let heads = [configuration.numQueryHeads, configuration.headDim]
        return shapes.contains {
            countOfElements(Shape([$0[1]] + heads)) == nil || countOfElements(Shape([$0[0]] + heads)) == nil
        } ? "samples of shape \(shapes[0]) make too large projections" : nil
    }

    public override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        let (query, value) = (inputShapes[0], inputShapes[1])
        return [query] + (returnAttentionScores ? [[configuration.numQueryHeads, query[0], value[0]]] : [])
    }

    override func attend(
        _ inputs: [Variable], mask: Tensor?, to output: HeadProjection, in context: Context
    ) -> [Variable] {
        let attention = HeadAttention(
            depth: configuration.headDim, dropout: configuration.dropout, seed: configuration.seed,
            isCausal: useCausalMask,
            slidingWindow: configuration.slidingWindow, returnsScores: returnAttentionScores)
        var (heads, weights) = attention(
            query(inputs[0], in: context),
            key(inputs.count > 2 ? inputs[2] : inputs[1], in: context),
            value(inputs[1], in: context), mask: mask, in: context)
        if let gate { heads = heads * gate(inputs[0], in: context).sigmoid() }
        return [output(heads, in: context)] + (weights.map { [$0] } ?? [])
    }
}
