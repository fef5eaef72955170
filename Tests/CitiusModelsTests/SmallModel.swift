import CitiusData
import CitiusLayers
import CitiusTensor

@testable import CitiusModels

/// The main kinds of models.
enum SmallModel: String, CaseIterable, Codable, Sendable {
    case images, sequences, text, decoder

    /// A small model, and a data set for it of which the last batch is smaller than the others.
    func make() throws -> (model: Model, data: Dataset) {
        let count = 70
        var generator = RandomGenerator(seed: 1)
        let classes = Tensor((0..<count).map { Int64($0 % 3) })
        let letters = Tensor(integers: [count, 9], in: 0..<12, using: &generator)
        let model: Model
        switch self {
        case .images:
            model = Sequential(seed: 1) {
                // Built by the first data.
                Conv2D(4, kernelSize: 3, activation: .relu)
                BatchNormalization()
                MaxPooling2D(2)
                Flatten()
                Dropout(0.25)
                Dense(10, activation: .softmax)
            }
            return (model, try FashionMNIST.load(.embedded).train.prefix(count))
        case .sequences:
            model = Sequential(seed: 1) {
                Input(9)
                Embedding(12, 6, maskZero: true)
                Bidirectional(LSTM(5, recurrentDropout: 0.1, returnSequences: true))
                GRU(4)
                Dense(3, activation: .softmax)
            }
            return (model, Dataset(inputs: letters, targets: classes))
        case .text:
            let words = (0..<count).map { "the \($0 % 3) is \($0)" }
            let vectorization = TextVectorization(outputSequenceLength: 5)
            vectorization.adapt(on: words)
            model = Sequential(seed: 1) {
                Input.text()
                vectorization
                Embedding(100, 8)
                Conv1D(6, kernelSize: 3, activation: .relu)
                GlobalMaxPooling1D()
                Dense(3, activation: .softmax)
            }
            return (model, Dataset(inputs: Tensor(utf8: words), targets: classes))
        case .decoder:
            let input = Input(9)
            let embedded = Embedding(12, 8)(input)
            let normal = LayerNormalization()(embedded)
            let attended = MultiHeadAttention(
                numHeads: 2, keyDim: 4, dropout: 0.1, useCausalMask: true)(normal, normal)
            let x = Add()(embedded, attended)
            let output = Dense(12, activation: .softmax)(Dense(16, activation: .gelu)(x))
            model = Model(inputs: input, outputs: output, seed: 1)
            return (model, Dataset(inputs: letters, targets: letters))
        }
    }
}
