import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Attention without projections, by a sum of query and key (Bahdanau, Cho and Bengio 2015, arXiv 1409.0473). Follows
/// `keras.layers.AdditiveAttention`.
///
/// ```
/// y = softmax(Σ scale · tanh(query + key)) · value
/// ```
///
/// ```swift
/// let (query, value) = (Input(8, 16), Input(20, 16))
/// let found = AdditiveAttention()(query, value)        // or (query, value, key)
/// ```
///
/// Masks and outputs are those of `Attention`. The sums of all queries and keys are stored: memory grows with queries ·
/// keys · features.
///
/// # Shapes
/// query [batch, queries, features], value and key [batch, keys, features] → [batch, queries, features], and, if
/// `returnAttentionScores`, [batch, queries, keys]; scale [features].
public final class AdditiveAttention: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Whether the sum over features is weighed by a learned scale.
        public var useScale = true
        /// How many of the weights are dropped in training.
        public var dropout = 0.0
        /// The seed of what is dropped; nil: the model's random numbers serve.
        public var seed: Int?

        public var fault: String? { HeadAttention.fault(dropout: dropout, slidingWindow: nil) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// Whether a query sees no keys behind it. In Keras an argument of the call.
    public var useCausalMask = false
    /// Whether the weights are a second output. In Keras an argument of the call.
    public var returnAttentionScores = false
    /// [features]; nil before the layer is built, or if there is none.
    public private(set) var scale: Parameter?

    /// - Parameters:
    ///   - useScale: whether the sum over features is weighed by a learned scale.
    ///   - dropout: how many of the weights are dropped in training.
    ///   - seed: of what is dropped, see `Dropout`.
    ///
    /// Traps if the dropout is not in 0..<1.
    public convenience init(
        useScale: Bool = true, dropout: Double = 0, seed: Int? = nil, useCausalMask: Bool = false,
        returnAttentionScores: Bool = false, name: String? = nil
    ) {
        self.init(configuration: Configuration(useScale: useScale, dropout: dropout, seed: seed), name: name)
        self.useCausalMask = useCausalMask
        self.returnAttentionScores = returnAttentionScores
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override var takesSeveralInputs: Bool { true }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        firstFault(
            UnprojectedAttention.fault(ofInputs: shapes),
            inputShapes.flatMap {
                $0[0][1] == shapes[0].sizes.last
                    ? nil
                    : "queries of shape \(shapes[0]), expected the \($0[0][1]) features that it was built for"
            })
    }

    public override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        UnprojectedAttention.outputShapes(for: inputShapes, withScores: returnAttentionScores)
    }

    public override func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        if configuration.useScale {
            scale = addParameter(
                "scale", shape: [inputShapes[0][1]], initializer: .glorotUniform, generator: &generator)
        }
    }

    public override var supportsMasking: Bool { true }

    /// The output's is the query's; the weights have none.
    public override func outputMask(for inputs: [Variable], output: Variable) -> Tensor? {
        output.shape[-1] == inputs[1].shape[-1] ? inputs[0].mask : nil
    }

    public override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        if let fault = fault(ofInputs: inputs.map { $0.shape.droppingFirst() }) { fail("\(label): \(fault)") }
        let (query, key) = (inputs[0], inputs.count > 2 ? inputs[2] : inputs[1])
        var terms = (query.expandingAxis(at: 2) + key.expandingAxis(at: 1)).tanh()
        if let scale { terms = context[scale] * terms }
        return UnprojectedAttention.apply(
            terms.sum(axes: [-1]), inputs, dropout: configuration.dropout, seed: configuration.seed,
            isCausal: useCausalMask,
            returnsScores: returnAttentionScores, in: context)
    }
}

extension AdditiveAttention: CallArgumentsLayer, ListLayer {
    package var callArguments: JSON.Object {
        AttentionArguments.object(useCausalMask, returnAttentionScores)
    }

    package func take(callArgument name: String, _ value: JSON) -> String? {
        AttentionArguments.take(name, value, &useCausalMask, &returnAttentionScores)
    }
}
