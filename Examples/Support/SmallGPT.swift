import Citius

/// A small generative transformer, as GPT-2 is built (Radford and others 2019): learned positions, blocks whose
/// normalization stands before attention and perceptron, and a head that is the table of the tokens once more (Press and
/// Wolf 2017, arXiv 1608.05859).
public enum SmallGPT {
    /// A model from token numbers [batch, context] to logits [batch, context, vocabulary].
    ///
    /// - Parameters:
    ///   - vocabulary: how many tokens there are.
    ///   - context: how many steps the model sees.
    ///   - width: of every step's vector; a multiple of the heads.
    ///   - dropout: of the embeddings and of what blocks add.
    public static func make(
        vocabulary: Int, context: Int, width: Int = 128, layers: Int = 4, heads: Int = 4,
        dropout: Double = 0, seed: UInt64? = nil
    ) -> Model {
        let normal = Initializer.randomNormal(standardDeviation: 0.02)
        let tokens = Input(context, dtype: .int64)
        let table = Embedding(vocabulary, width, embeddingsInitializer: normal, name: "tokens")
        var x = Positions(initializer: normal, name: "positions")(table(tokens))
        if dropout > 0 { x = Dropout(dropout)(x) }
        for _ in 0..<layers { x = block(x, width: width, heads: heads, dropout: dropout) }
        x = LayerNormalization(epsilon: 1e-5)(x)
        return Model(inputs: tokens, outputs: TiedHead(table, name: "head")(x), seed: seed)
    }

    /// x + attention(norm x), then x + perceptron(norm x).
    private static func block(
        _ x: SymbolicTensor, width: Int, heads: Int, dropout: Double
    ) -> SymbolicTensor {
        func dropped(_ x: SymbolicTensor) -> SymbolicTensor { dropout > 0 ? Dropout(dropout)(x) : x }
        let normal = Initializer.randomNormal(standardDeviation: 0.02)
        let a = LayerNormalization(epsilon: 1e-5)(x)
        let attention = MultiHeadAttention(
            numHeads: heads, keyDim: width / heads, kernelInitializer: normal, useCausalMask: true)
        let x = Add()(x, dropped(attention(a, a)))
        var b = LayerNormalization(epsilon: 1e-5)(x)
        b = Dense(4 * width, activation: .gelu, kernelInitializer: normal)(b)
        return Add()(x, dropped(Dense(width, kernelInitializer: normal)(b)))
    }
}

/// Adds a learned vector for each step.
///
/// # Shapes
/// [batch, steps, features] → the same; table [steps, features].
///
/// A loader is given it by name: `Model.load(from: file, types: .library.adding(Positions.self))`.
public final class Positions: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var initializer: Initializer
    }

    public let configuration: Configuration
    private var table: Parameter?

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = configuration
        super.init(name: name)
    }

    public convenience init(initializer: Initializer = .randomUniform(), name: String? = nil) {
        self.init(configuration: Configuration(initializer: initializer), name: name)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        table = addParameter(
            "table", shape: inputShape, initializer: configuration.initializer, generator: &generator)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        guard let table else { return input }
        return input + context[table]
    }
}

/// Scores every token by how its vector fits the step's: the product with the table of an embedding, which it shares.
///
/// # Shapes
/// [batch, steps, features] → [batch, steps, tokens]
public final class TiedHead: Layer {
    private let embedding: Embedding

    public init(_ embedding: Embedding, name: String? = nil) {
        self.embedding = embedding
        super.init(name: name)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        Shape(inputShape.sizes.dropLast() + [embedding.configuration.inputDim])
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        guard let table = embedding.embeddings else { return input }
        return input.matmul(context[table], transposingRight: true)
    }
}
