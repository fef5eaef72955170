import Citius

/// The models that are measured, on both sides: `peers/` defines them by the same names.
enum BenchmarkModels {
    static let ofImages = [
        "document-cnn", "document-cnn-average", "mlp", "vgg-bn", "resnet-20", "mobilenet",
    ]
    static let names = ofImages + SequenceModels.names

    /// The data a model is trained on: Fashion-MNIST, or the same in the middle of 32×32 pixels of 3 channels.
    static func data(for name: String, from folder: String?) throws -> (train: Dataset, test: Dataset) {
        if SequenceModels.names.contains(name) { return SequenceModels.data(for: name) }
        let (train, test) = try FashionMNIST.load(from: folder)
        switch name {
        case "vgg-bn", "resnet-20", "mobilenet": return (inColor(train), inColor(test))
        default: return (train, test)
        }
    }

    /// With Adam and the loss of classes. Models of sequences give logits, the others probabilities.
    static func compile(_ model: Model, _ name: String) {
        let givesLogits = SequenceModels.names.contains(name)
        model.compile(
            optimizer: Adam(),
            loss: givesLogits
                ? .sparseCategoricalCrossentropy(fromLogits: true) : .sparseCategoricalCrossentropy,
            metrics: [.accuracy])
    }

    static func make(_ name: String, seed: UInt64) -> Model {
        if SequenceModels.names.contains(name) { return SequenceModels.make(name, seed: seed) }
        switch name {
        case "document-cnn":
            return Sequential(seed: seed) {
                Input(28, 28, 1)
                Conv2D(32, kernelSize: 3)
                Activation(.relu)
                MaxPooling2D(2)
                Conv2D(64, kernelSize: 3)
                Activation(.relu)
                MaxPooling2D(2)
                Flatten()
                Dense(64, activation: .relu)
                Dropout(0.25)
                Dense(10, activation: .softmax)
            }
        case "document-cnn-average":
            return Sequential(seed: seed) {
                Input(28, 28, 1)
                Conv2D(32, kernelSize: 3, padding: .same, activation: .relu)
                AveragePooling2D(2)
                Conv2D(64, kernelSize: 3, padding: .same, activation: .relu)
                AveragePooling2D(2)
                Flatten()
                Dense(64, activation: .relu)
                Dropout(0.25)
                Dense(10, activation: .softmax)
            }
        case "mlp":
            return Sequential(seed: seed) {
                Input(28, 28, 1)
                Flatten()
                Dense(512, activation: .relu)
                Dense(512, activation: .relu)
                Dense(10, activation: .softmax)
            }
        case "vgg-bn":
            // Simonyan & Zisserman 2014 (arXiv 1409.1556), narrow, with batch normalization.
            return Sequential(seed: seed) {
                Input(32, 32, 3)
                for width in [32, 64, 128] {
                    for _ in 0..<2 { normalizedConvolution(width) }
                    MaxPooling2D(2)
                }
                Flatten()
                Dense(256, activation: .relu)
                Dropout(0.5)
                Dense(10, activation: .softmax)
            }
        case "resnet-20":
            return residualNetwork(seed: seed)
        case "mobilenet":
            // Howard et al. 2017 (arXiv 1704.04861), the first blocks.
            return Sequential(seed: seed) {
                Input(32, 32, 3)
                normalizedConvolution(32)
                for (width, strides) in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1)] {
                    DepthwiseConv2D(3, strides: Size2D(strides), padding: .same, useBias: false)
                    BatchNormalization()
                    Activation(.relu)
                    Conv2D(width, kernelSize: 1, useBias: false)
                    BatchNormalization()
                    Activation(.relu)
                }
                GlobalAveragePooling2D()
                Dense(10, activation: .softmax)
            }
        default:
            fatalError("there is no benchmark model \(name)")
        }
    }

    private static func inColor(_ data: Dataset) -> Dataset {
        let framed = data.storedInputs.padded([(0, 0), (2, 2), (2, 2), (0, 0)])
        return Dataset(
            inputs: framed.expanded(to: [data.count, 32, 32, 3]), targets: data.targets,
            metadata: data.metadata
        )
        .scaled(by: 1 / 255)
    }
}

private func normalizedConvolution(_ filters: Int) -> [Layer] {
    [
        Conv2D(filters, kernelSize: 3, padding: .same, useBias: false), BatchNormalization(),
        Activation(.relu),
    ]
}

/// He et al. 2015 (arXiv 1512.03385), section 4.2, with projections where the width grows.
private func residualNetwork(seed: UInt64) -> Model {
    func normalizedConvolution(
        _ filters: Int, kernelSize: Size2D = 3, strides: Size2D = 1, of x: some Symbolic
    ) -> SymbolicTensor {
        let x = Conv2D(
            filters, kernelSize: kernelSize, strides: strides, padding: .same, useBias: false)(x)
        return BatchNormalization()(x)
    }

    let images = Input(32, 32, 3)
    var x = Activation(.relu)(normalizedConvolution(16, of: images))
    for width in [16, 32, 64] {
        for block in 0..<3 {
            let narrows = width > 16 && block == 0
            let shortcut =
                narrows ? normalizedConvolution(width, kernelSize: 1, strides: 2, of: x) : x
            var y = normalizedConvolution(width, strides: narrows ? 2 : 1, of: x)
            y = normalizedConvolution(width, of: Activation(.relu)(y))
            x = Activation(.relu)(Add()(y, shortcut))
        }
    }
    x = GlobalAveragePooling2D()(x)
    return Model(inputs: images, outputs: Dense(10, activation: .softmax)(x), seed: seed)
}
