import Citius

/// What `citius-bench advise` can be asked about: the benchmark's models of images, and two on real data of other kinds.
enum AdvisedModels {
    static let names = BenchmarkModels.ofImages + ["table-mlp", "row-lstm"]

    /// Samples to train on, of which the advisor keeps some to validate with, and others that it never sees.
    static func data(for name: String, from folder: String?) throws -> (train: Dataset, test: Dataset) {
        switch name {
        case "table-mlp":
            // 64 counts of ink for each of 1,797 digits that were written by hand.
            var generator = RandomGenerator(seed: 1)
            return Dataset.digits().reshaped([64]).split(at: 0.8, stratifiedUsing: &generator)
        case "row-lstm":
            // Images of clothes, row by row from the top.
            let (train, test) = try FashionMNIST.load(from: folder)
            return (train.reshaped([28, 28]), test.reshaped([28, 28]))
        default: return try BenchmarkModels.data(for: name, from: folder)
        }
    }

    /// A compiled model, with Adam and the loss of classes.
    static func make(_ name: String, seed: UInt64) -> Model {
        let model =
            switch name {
            case "table-mlp":
                Sequential(seed: seed) {
                    Input(64)
                    Dense(128, activation: .relu)
                    Dropout(0.2)
                    Dense(64, activation: .relu)
                    Dense(10, activation: .softmax)
                }
            case "row-lstm":
                Sequential(seed: seed) {
                    Input(28, 28)
                    LSTM(64)
                    Dense(10, activation: .softmax)
                }
            default: BenchmarkModels.make(name, seed: seed)
            }
        model.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        return model
    }
}
