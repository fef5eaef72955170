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
public final class GroupedQueryAttention: Layer, ConfigurableLayer {
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
    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// Whether a query sees no keys behind it. In Keras an argument of the call.
    public var useCausalMask = false
    /// Whether the weights are a second output. In Keras an argument of the call.
    public var returnAttentionScores = false

    /// Whether the last input is no sequence but a mask: which keys each query sees, true or not 0, [batch, queries, keys].
    /// In Keras an argument of the call.
    public var takesAttentionMask = false

    private let query: HeadProjection
    private let key: HeadProjection
    private let gate: HeadProjection?
    private let value: HeadProjection
    private var output: HeadProjection?

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
        let options = configuration.projectionOptions
        let (heads, depth) = (configuration.numQueryHeads, configuration.headDim)
        query = HeadProjection("query", heads: heads, depth: depth, options)
        key = HeadProjection("key", heads: configuration.numKeyValueHeads, depth: depth, options)
        gate = configuration.useGate ? HeadProjection("gate", heads: heads, depth: depth, options) : nil
        value = HeadProjection("value", heads: configuration.numKeyValueHeads, depth: depth, options)
        super.init(name: name)
    }

    /// query, key, gate if there is one, value and attention_output.
    public override var sublayers: [Layer] { [query, key, gate, value, output].compactMap { $0 } }

    package override var kerasAttributes: [String] {
        ["_query_dense", "_key_dense"] + (gate == nil ? [] : ["_gate_dense"]) + [
            "_value_dense", "_output_dense",
        ]
    }

    public override var takesSeveralInputs: Bool { true }

    public override func inputDType(at index: Int) -> DType {
        takesAttentionMask && index == (inputShapes?.count ?? 0) - 1 ? .bool : dtype
    }

    /// Of the inputs, or their shapes, what is no mask.
    private func sequences<T>(_ inputs: [T]) -> [T] {
        takesAttentionMask ? inputs.dropLast() : inputs
    }

    /// Draws the call in a graph with a mask beside those of the inputs.
    ///
    /// ```swift
    /// let tokens = Input(16, 64)
    /// let mask = Input(16, 16, dtype: .bool)      // which tokens each token sees
    /// let attention = GroupedQueryAttention(headDim: 16, numQueryHeads: 4, numKeyValueHeads: 2)
    /// let attended = attention(query: tokens, value: tokens, attentionMask: mask)
    /// ```
    ///
    /// - Parameter attentionMask: which keys each query sees, samples of [queries, keys], or [heads, queries, keys].
    ///
    /// From then on `takesAttentionMask` is true, for all calls of the layer.
    public func callAsFunction(
        query: some Symbolic, value: some Symbolic, key: (any Symbolic)? = nil,
        attentionMask: some Symbolic
    ) -> SymbolicTensor {
        takesAttentionMask = true
        let sequences = [query.symbol, value.symbol] + (key.map { [$0.symbol] } ?? [])
        return self(sequences + [attentionMask.symbol])
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let sequences = sequences(shapes)
        if let fault = fault(ofSequences: sequences) { return fault }
        return takesAttentionMask
            ? HeadAttention.fault(
                ofMask: shapes[shapes.count - 1], sequences, heads: configuration.numQueryHeads) : nil
    }

    private func fault(ofSequences shapes: [Shape]) -> String? {
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

    public override func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        let inputShapes = sequences(inputShapes)
        let (queries, values) = (inputShapes[0], inputShapes[1])
        let output = HeadProjection(
            "attention_output", to: [queries[-1]], configuration.projectionOptions)
        self.output = output
        for projection in sublayers { projection.activityRegularizer = activityRegularizer }
        prepareSublayers()
        query.buildIfNeeded(inputShape: queries, generator: &generator)
        key.buildIfNeeded(inputShape: inputShapes.count > 2 ? inputShapes[2] : values, generator: &generator)
        gate?.buildIfNeeded(inputShape: queries, generator: &generator)
        value.buildIfNeeded(inputShape: values, generator: &generator)
        output.buildIfNeeded(
            inputShape: [queries[0], configuration.numQueryHeads, configuration.headDim],
            generator: &generator)
    }

    public override var supportsMasking: Bool { true }

    /// The output's is the query's; the weights have none.
    public override func outputMask(for inputs: [Variable], output: Variable) -> Tensor? {
        output.shape.rank == 3 ? inputs[0].mask : nil
    }

    /// Attends with a mask of your own beside those of the inputs.
    ///
    /// - Parameter attentionMask: which keys each query sees, of bool or numbers, [batch, queries, keys].
    public func callAsFunction(
        query: Variable, value: Variable, key: Variable? = nil, attentionMask: Tensor? = nil,
        in context: Context = .inference
    ) -> Variable {
        let inputs = [query, value] + (key.map { [$0] } ?? [])
        let mask = takesAttentionMask ? attentionMask : nil
        buildIfNeeded(
            inputShapes: (inputs.map { $0.shape } + (mask.map { [$0.shape] } ?? [])).map {
                $0.droppingFirst()
            }, generator: &context.random.generator)
        var output = attend(inputs, attentionMask, in: context)[0]
        output.mask = query.mask
        return output
    }

    public override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        attend(sequences(inputs), takesAttentionMask ? inputs[inputs.count - 1].value : nil, in: context)
    }

    private func attend(_ inputs: [Variable], _ given: Tensor?, in context: Context) -> [Variable] {
        let shapes = inputs.map { $0.shape.droppingFirst() }
        if let fault = fault(ofSequences: shapes) { fail("\(label): \(fault)") }
        guard let output else { fail("\(label): forward was called before the layer was built") }
        let mask = HeadAttention.mask(inputs, given: given)
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

extension GroupedQueryAttention: CallArgumentsLayer {
    package var callArguments: JSON.Object {
        AttentionArguments.object(useCausalMask, returnAttentionScores)
    }

    package func take(callArgument name: String, _ value: JSON) -> String? {
        AttentionArguments.take(name, value, &useCausalMask, &returnAttentionScores)
    }
}

extension GroupedQueryAttention: NamedShapesLayer, NamedInputsLayer {
    package var shapeNames: [String] {
        ["query_shape", "value_shape"] + (sequences(inputShapes ?? []).count > 2 ? ["key_shape"] : [])
    }

    package var inputNames: [String] {
        ["query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask"]
    }

    package func keywords(ofInputs count: Int) -> [String] {
        takesAttentionMask ? ["attention_mask"] : []
    }

    package func take(inputs names: [String]) -> String? {
        takesAttentionMask = names.contains("attention_mask")
        return names.starts(with: ["query", "value"]) ? nil : "it is called without a query or a value"
    }
}
