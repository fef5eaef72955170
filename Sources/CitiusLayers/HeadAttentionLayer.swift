import CitiusAutograd
import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

/// What `MultiHeadAttention` and `GroupedQueryAttention` share: projections to heads and back, inputs with their masks, and
/// what a call is given.
public class HeadAttentionLayer: Layer {
    public static var module: String? { "keras.layers" }
    /// Whether a query sees no keys behind it. In Keras an argument of the call.
    public final var useCausalMask = false
    /// Whether the weights are a second output. In Keras an argument of the call.
    public final var returnAttentionScores = false
    /// Whether the last input is no sequence but a mask: which keys each query sees, true or not 0, [batch, queries, keys].
    /// In Keras an argument of the call.
    public final var takesAttentionMask = false

    final let query: HeadProjection
    final let key: HeadProjection
    final let gate: HeadProjection?
    final let value: HeadProjection
    private(set) final var output: HeadProjection?

    /// - Parameters:
    ///   - depth: the length of a head's queries and keys.
    ///   - valueDepth: that of its values.
    ///   - keyHeads: how many heads of keys and values there are.
    init(
        heads: Int, keyHeads: Int, depth: Int, valueDepth: Int, useGate: Bool, _ options: ProjectionOptions,
        name: String?
    ) {
        query = HeadProjection("query", heads: heads, depth: depth, options)
        key = HeadProjection("key", heads: keyHeads, depth: depth, options)
        gate = useGate ? HeadProjection("gate", heads: heads, depth: valueDepth, options) : nil
        value = HeadProjection("value", heads: keyHeads, depth: valueDepth, options)
        super.init(name: name)
    }

    /// query, key, gate if there is one, value and attention_output.
    public final override var sublayers: [Layer] { [query, key, gate, value, output].compactMap { $0 } }

    public final override var takesSeveralInputs: Bool { true }

    // MARK: What the layers differ in

    /// Heads of queries, and the length of what each finds.
    var outputHeads: (count: Int, depth: Int) { fail("\(Self.self): outputHeads is not overridden") }

    /// The projection of what the heads found, for queries of this shape.
    func makeOutput(for queries: Shape) -> HeadProjection {
        fail("\(Self.self): makeOutput(for:) is not overridden")
    }

    /// The fault of a query, a value and perhaps a key.
    func fault(ofSequences shapes: [Shape]) -> String? {
        fail("\(Self.self): fault(ofSequences:) is not overridden")
    }

    /// The output, and the weights if they are wanted, of a query, a value and perhaps a key that have no fault.
    ///
    /// - Parameter mask: the inputs' and the one that was given, as `HeadAttention` takes it.
    func attend(
        _ inputs: [Variable], mask: Tensor?, to output: HeadProjection, in context: Context
    ) -> [Variable] {
        fail("\(Self.self): attend(_:mask:to:in:) is not overridden")
    }

    // MARK: Inputs

    public final override func inputDType(at index: Int) -> DType {
        takesAttentionMask && index == (inputShapes?.count ?? 0) - 1 ? .bool : dtype
    }

    /// Of the inputs, or their shapes, what is no mask.
    final func sequences<T>(_ inputs: [T]) -> [T] { takesAttentionMask ? inputs.dropLast() : inputs }

    /// Draws the call in a graph with a mask beside those of the inputs.
    ///
    /// ```swift
    /// let tokens = Input(16, 64)
    /// let mask = Input(16, 16, dtype: .bool)      // which tokens each token sees
    /// let attention = MultiHeadAttention(numHeads: 4, keyDim: 16)
    /// let attended = attention(query: tokens, value: tokens, attentionMask: mask)
    /// ```
    ///
    /// - Parameter attentionMask: which keys each query sees, samples of [queries, keys], or [heads, queries, keys].
    ///
    /// From then on `takesAttentionMask` is true, for all calls of the layer.
    public final func callAsFunction(
        query: some Symbolic, value: some Symbolic, key: (any Symbolic)? = nil,
        attentionMask: some Symbolic
    ) -> SymbolicTensor {
        takesAttentionMask = true
        let sequences = [query.symbol, value.symbol] + (key.map { [$0.symbol] } ?? [])
        return self(sequences + [attentionMask.symbol])
    }

    /// Attends with a mask of your own beside those of the inputs.
    ///
    /// - Parameter attentionMask: which keys each query sees, of bool or numbers, [batch, queries, keys].
    public final func callAsFunction(
        query: Variable, value: Variable, key: Variable? = nil, attentionMask: Tensor? = nil,
        in context: Context = .inference
    ) -> Variable {
        let inputs = [query, value] + (key.map { [$0] } ?? [])
        let mask = takesAttentionMask ? attentionMask : nil
        buildIfNeeded(
            inputShapes: (inputs.map { $0.shape } + (mask.map { [$0.shape] } ?? [])).map {
                $0.droppingFirst()
            }, generator: &context.random.generator)
        var output = checkedAttention(inputs, attentionMask, in: context)[0]
        output.mask = query.mask
        return output
    }

    // MARK: Layer

    public final override func fault(ofInputs shapes: [Shape]) -> String? {
        let sequences = sequences(shapes)
        if let fault = fault(ofSequences: sequences) { return fault }
        return takesAttentionMask
            ? HeadAttention.fault(ofMask: shapes[shapes.count - 1], sequences, heads: outputHeads.count) : nil
    }

    public final override func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        let inputShapes = sequences(inputShapes)
        let (queries, values) = (inputShapes[0], inputShapes[1])
        let output = makeOutput(for: queries)
        self.output = output
        for projection in sublayers { projection.activityRegularizer = activityRegularizer }
        prepareSublayers()
        query.buildIfNeeded(inputShape: queries, generator: &generator)
        key.buildIfNeeded(inputShape: inputShapes.count > 2 ? inputShapes[2] : values, generator: &generator)
        gate?.buildIfNeeded(inputShape: queries, generator: &generator)
        value.buildIfNeeded(inputShape: values, generator: &generator)
        output.buildIfNeeded(
            inputShape: Shape(queries.sizes.dropLast() + [outputHeads.count, outputHeads.depth]),
            generator: &generator)
    }

    public final override var supportsMasking: Bool { true }

    /// The output's is the query's; the weights have none.
    public final override func outputMask(for inputs: [Variable], output: Variable) -> Tensor? {
        output.shape.sizes.prefix(2) == inputs[0].shape.sizes.prefix(2)
            && output.shape.rank == inputs[0].shape.rank
            ? inputs[0].mask : nil
    }

    public final override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        checkedAttention(
            sequences(inputs), takesAttentionMask ? inputs[inputs.count - 1].value : nil, in: context)
    }

    private func checkedAttention(
        _ inputs: [Variable], _ given: Tensor?, in context: Context
    ) -> [Variable] {
        if let fault = fault(ofSequences: inputs.map { $0.shape.droppingFirst() }) {
            fail("\(label): \(fault)")
        }
        guard let output else { fail("\(label): forward was called before the layer was built") }
        return attend(inputs, mask: HeadAttention.mask(inputs, given: given), to: output, in: context)
    }
}

extension HeadAttentionLayer: CallArgumentsLayer {
    package final var callArguments: JSON.Object {
        AttentionArguments.object(useCausalMask, returnAttentionScores)
    }

    package final func take(callArgument name: String, _ value: JSON) -> String? {
        AttentionArguments.take(name, value, &useCausalMask, &returnAttentionScores)
    }
}

/// What Keras's attention layers are given where they are called.
enum AttentionArguments {
    static func object(_ isCausal: Bool, _ returnsScores: Bool) -> JSON.Object {
        var arguments: JSON.Object = [:]
        if isCausal { arguments["use_causal_mask"] = true }
        if returnsScores { arguments["return_attention_scores"] = true }
        return arguments
    }

    static func take(
        _ name: String, _ value: JSON, _ isCausal: inout Bool, _ returnsScores: inout Bool
    ) -> String? {
        guard let flag = value.bool else { return "\(name) is \(value.text()), expected true or false" }
        switch name {
        case "use_causal_mask": isCausal = flag
        case "return_attention_scores": returnsScores = flag
        default: return "it is called with \(name), which it does not know"
        }
        return nil
    }
}

extension HeadAttentionLayer: NamedShapesLayer, NamedInputsLayer {
    package final var shapeNames: [String] {
        ["query_shape", "value_shape"] + (sequences(inputShapes ?? []).count > 2 ? ["key_shape"] : [])
    }

    package final var inputNames: [String] {
        ["query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask"]
    }

    package final func keywords(ofInputs count: Int) -> [String] {
        takesAttentionMask ? ["attention_mask"] : []
    }

    package final func take(inputs names: [String]) -> String? {
        takesAttentionMask = names.contains("attention_mask")
        return names.starts(with: ["query", "value"]) ? nil : "it is called without a query or a value"
    }
}
