import Citius
import CitiusExampleSupport

/// The models of sequences that are measured, and their data: random numbers, of which only the sizes matter.
enum SequenceModels {
    static let names = ["embedding", "text-cnn", "lstm", "gru", "transformer", "small-gpt"]

    /// Tokens and classes, or the tokens that follow.
    static func data(for name: String) -> (train: Dataset, test: Dataset) {
        var generator = RandomGenerator(seed: 1)
        func part(_ count: Int) -> Dataset {
            switch name {
            case "embedding", "text-cnn":
                let tokens = Tensor(uniform: [count, 128], in: 0..<20_000, using: &generator).cast(to: .int64)
                let classes = Tensor(uniform: [count], in: 0..<10, using: &generator).cast(to: .int64)
                return Dataset(inputs: tokens, targets: classes)
            case "lstm", "gru", "transformer":
                let steps = name == "transformer" ? 128 : 64
                let features = Tensor(uniform: [count, steps, 128], in: -1..<1, using: &generator)
                let classes = Tensor(uniform: [count], in: 0..<10, using: &generator).cast(to: .int64)
                return Dataset(inputs: features, targets: classes)
            default:
                let tokens = Tensor(uniform: [count, 129], in: 0..<96, using: &generator).cast(to: .int64)
                return Dataset(
                    inputs: tokens.sliced(0..<128, axis: 1), targets: tokens.sliced(1..<129, axis: 1))
            }
        }
        switch name {
        case "embedding": return (part(20_000), part(2_000))
        case "text-cnn", "lstm", "gru": return (part(4_096), part(1_024))
        default: return (part(1_024), part(256))
        }
    }

    static func make(_ name: String, seed: UInt64) -> Model {
        switch name {
        case "embedding":
            return Sequential(seed: seed) {
                Input(128, dtype: .int64)
                Embedding(20_000, 128)
                GlobalAveragePooling1D()
                Dense(10)
            }
        case "text-cnn":
            // Kim 2014 (arXiv 1408.5882), of one width.
            return Sequential(seed: seed) {
                Input(128, dtype: .int64)
                Embedding(20_000, 128)
                Conv1D(128, kernelSize: 5, activation: .relu)
                GlobalMaxPooling1D()
                Dense(10)
            }
        case "lstm", "gru":
            return Sequential(seed: seed) {
                Input(64, 128)
                if name == "lstm" { LSTM(128) } else { GRU(128) }
                Dense(10)
            }
        case "transformer":
            // Vaswani and others 2017 (arXiv 1706.03762), an encoder block of width 128 with 4 heads.
            let input = Input(128, 128)
            var x = Add()(input, MultiHeadAttention(numHeads: 4, keyDim: 32)(input, input))
            x = LayerNormalization(epsilon: 1e-5)(x)
            x = LayerNormalization(epsilon: 1e-5)(
                Add()(x, Dense(128)(Dense(512, activation: .gelu)(x))))
            return Model(
                inputs: input, outputs: Dense(10)(GlobalAveragePooling1D()(x)), seed: seed)
        default:
            return SmallGPT.make(vocabulary: 96, context: 128, seed: seed)
        }
    }
}
