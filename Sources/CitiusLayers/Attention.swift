import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Attention without projections, by dot products (Luong and others 2015, arXiv 1508.04025). Follows
/// `keras.layers.Attention`.
///
/// ```
/// y = softmax(scale · query · keyᵀ) · value
/// ```
///
/// With `scoreMode` `.concat` the scores are c · Σ tanh(scale · (query + key)), with a learned c.
///
/// ```swift
/// let (query, value) = (Input(8, 16), Input(20, 16))
/// let found = Attention()(query, value)                // or (query, value, key)
/// ```
///
/// A value whose mask leaves it out is not seen; the output is 0 where the query's mask leaves it out, and has that mask.
///
/// # Shapes
/// query [batch, queries, features], value [batch, keys, value features], key [batch, keys, features], by default the
/// value → [batch, queries, value features], and, if `returnAttentionScores`, [batch, queries, keys]; scale [], c [].
public final class Attention: Layer, ConfigurableLayer {
    /// How well a key fits a query.
    public enum ScoreMode: String, Codable, Sendable {
        case dot, concat
    }

    public struct Configuration: LayerConfiguration {
        /// Whether scores are multiplied by a learned scale.
        public var useScale = false
        public var scoreMode = ScoreMode.dot
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
    /// []; nil before the layer is built, or if there is none.
    public private(set) var scale: Parameter?
    /// []; nil before the layer is built, or if the mode is `.dot`.
    public private(set) var concatScoreWeight: Parameter?

    /// - Parameters:
    ///   - useScale: whether scores are multiplied by a learned scale.
    ///   - scoreMode: how well a key fits a query.
    ///   - dropout: how many of the weights are dropped in training.
    ///   - seed: of what is dropped, see `Dropout`.
    ///
    /// Traps if the dropout is not in 0..<1.
    public convenience init(
        useScale: Bool = false, scoreMode: ScoreMode = .dot, dropout: Double = 0, seed: Int? = nil,
        useCausalMask: Bool = false,
        returnAttentionScores: Bool = false, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                useScale: useScale, scoreMode: scoreMode, dropout: dropout, seed: seed),
            name: name)
        self.useCausalMask = useCausalMask
        self.returnAttentionScores = returnAttentionScores
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override var takesSeveralInputs: Bool { true }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        UnprojectedAttention.fault(ofInputs: shapes)
    }

    public override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        UnprojectedAttention.outputShapes(for: inputShapes, withScores: returnAttentionScores)
    }

    public override func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        if configuration.useScale {
            scale = addParameter("scale", shape: [], initializer: .ones, generator: &generator)
        }
        if configuration.scoreMode == .concat {
            concatScoreWeight = addParameter(
                "concat_score_weight", shape: [], initializer: .ones, generator: &generator)
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
        var scores: Variable
        switch configuration.scoreMode {
        case .dot:
            scores = query.matmul(key, transposingRight: true)
            if let scale { scores = scores * context[scale] }
        case .concat:
            var sums = query.expandingAxis(at: 2) + key.expandingAxis(at: 1)
            if let scale { sums = context[scale] * sums }
            scores = context[built(concatScoreWeight)] * sums.tanh().sum(axes: [-1])
        }
        return UnprojectedAttention.apply(
            scores, inputs, dropout: configuration.dropout, seed: configuration.seed, isCausal: useCausalMask,
            returnsScores: returnAttentionScores, in: context)
    }
}

extension Attention: CallArgumentsLayer, ListLayer {
    package var callArguments: JSON.Object {
        AttentionArguments.object(useCausalMask, returnAttentionScores)
    }

    package func take(callArgument name: String, _ value: JSON) -> String? {
        AttentionArguments.take(name, value, &useCausalMask, &returnAttentionScores)
    }
}

/// What `Attention` and `AdditiveAttention` share.
enum UnprojectedAttention {
    static func fault(ofInputs shapes: [Shape]) -> String? {
        guard (2...3).contains(shapes.count) else {
            return "\(shapes.count) inputs, expected 2 or 3: query, value and perhaps key"
        }
        if let shape = shapes.first(where: { $0.rank != 2 }) {
            return "samples of shape \(shape), expected rank 2 [steps, features]"
        }
        let key = shapes.count > 2 ? shapes[2] : shapes[1]
        if key[0] != shapes[1][0] {
            return "values of shape \(shapes[1]) and keys of shape \(key), expected equally many"
        }
        return key[1] == shapes[0][1]
            ? nil : "queries of shape \(shapes[0]) and keys of shape \(key), expected equally many features"
    }

    static func outputShapes(for inputShapes: [Shape], withScores: Bool) -> [Shape] {
        let (query, value) = (inputShapes[0], inputShapes[1])
        return [[query[0], value[1]]] + (withScores ? [[query[0], value[0]]] : [])
    }

    /// The values weighed by the scores [batch, queries, keys], and the weights if they are wanted.
    static func apply(
        _ scores: Variable, _ inputs: [Variable], dropout: Double, seed: Int?, isCausal: Bool,
        returnsScores: Bool,
        in context: Context
    ) -> [Variable] {
        let (queries, keys) = (scores.shape[1], scores.shape[2])
        var mask = inputs[1].mask.map { $0.expandingAxis(at: 1) }
        if isCausal {
            let causal = Tensor(
                (0..<queries * keys).map { $0 % max(1, keys) <= $0 / max(1, keys) },
                shape: [1, queries, keys])
            mask = mask.map { $0 .& causal } ?? causal
        }
        var scores = scores
        if let mask {
            // Lowered, not replaced, as in Keras: among keys of which none is seen the scores decide.
            let lowering = mask.cast(to: scores.dtype) * 1e9 - 1e9
            scores = scores + Variable(lowering)
        }
        let weights = scores.softmax()
        let used =
            context.isTraining && dropout > 0
            ? weights.dropped(dropout, noiseShape: weights.shape, seed: seed, in: context) : weights
        var output = used.matmul(inputs[1])
        if let queryMask = inputs[0].mask {
            output = output * Variable(queryMask.expandingAxis(at: 2).cast(to: output.dtype))
        }
        return [output] + (returnsScores ? [used] : [])
    }
}
