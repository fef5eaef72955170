// A residual network with batch normalization, of the functional API: each block adds to its input what it has learned
// (He and others 2015, arXiv 1512.03385). Leaves a picture of the training.

import Citius
import CitiusExampleSupport
import CitiusPlatform

let options = Options(
    program: "residual-network",
    summary: "Trains a residual network with batch normalization on Fashion-MNIST, and draws how it went.",
    [
        .init("--data", "FOLDER", "where Fashion-MNIST's four files are; by default as document-cnn"),
        .init("--samples", "N", "train and test on the first N images only; by default on all"),
        .init("--epochs", "N", "passes over the training data; by default 5"),
        .init("--seed", "N", "of all that is random; by default 1"),
        .init("--dashboard", nil, "show the curves in the terminal while it trains"),
        .init("--picture", "FILE", "where the curves are drawn; by default residual-network.svg"),
        .init("--threads", "N", "by default as many as cores"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))

if let threads = options.number("--threads") { Threads.count = threads }
let epochs = options.number("--epochs") ?? 5
let seed = UInt64(options.number("--seed", least: 0) ?? 1)
let picture = options.text("--picture") ?? "residual-network.svg"
let batchSize = 64

/// A convolution and its batch normalization, whose offset makes a bias superfluous.
///
/// The moving statistics follow the batches' within some dozen steps: the training has only a few hundred.
func normalized(_ x: some Symbolic, _ filters: Int, kernelSize: Int = 3, strides: Int = 1) -> SymbolicTensor {
    let convolution = Conv2D(
        filters, kernelSize: kernelSize, strides: strides, padding: .same, useBias: false,
        kernelInitializer: .heNormal, kernelRegularizer: .l2(1e-4))
    return BatchNormalization(momentum: 0.9)(convolution(x))
}

/// Two convolutions, beside which the input takes a short cut: as it is, or, where the shape changes, by a convolution
/// of single pixels.
func block(_ x: SymbolicTensor, _ filters: Int, strides: Int = 1) -> SymbolicTensor {
    let hidden = ReLU()(normalized(x, filters, strides: strides))
    let changesShape = strides > 1 || x.shape[-1] != filters
    let shortcut = changesShape ? normalized(x, filters, kernelSize: 1, strides: strides) : x
    return ReLU()(Add()(normalized(hidden, filters), shortcut))
}

func makeModel() -> Model {
    let images = Input(28, 28, 1, name: "images")
    let entry = ReLU()(normalized(images, 16))
    let small = block(block(entry, 16), 32, strides: 2)
    let features = block(small, 64, strides: 2)
    let pooled = Dropout(0.2)(GlobalAveragePooling2D()(features))
    return Model(
        inputs: images, outputs: Dense(10, activation: .softmax)(pooled), name: "residual_network", seed: seed
    )
}

do {
    var (train, test) = try FashionMNIST.load(from: options.text("--data"))
    if let samples = options.number("--samples") {
        (train, test) = (train.prefix(min(samples, train.count)), test.prefix(min(samples, test.count)))
    }
    print("\(train.count) images to train, \(test.count) to test\n")

    let model = makeModel()
    // One cycle: the rate climbs for an epoch, and falls along a cosine to nothing.
    let stepsPerEpoch = (train.count + batchSize - 1) / batchSize
    let rate = CosineDecay(
        initialLearningRate: 0.01, decaySteps: max(1, (epochs - 1) * stepsPerEpoch), warmupTarget: 0.1,
        warmupSteps: stepsPerEpoch)
    model.compile(
        optimizer: SGD(rate, momentum: 0.9, nesterov: true), loss: .sparseCategoricalCrossentropy,
        metrics: [.accuracy])
    print(model.summary())

    let start = steadySeconds()
    let history = try model.fit(
        train, batchSize: batchSize, epochs: epochs, validationData: test,
        dashboard: options.has("--dashboard"))
    complain("Trained for \(fixed(steadySeconds() - start, decimals: 0)) s.")
    try history.plot(to: picture)

    let scores = try model.evaluate(test, batchSize: 256, verbose: .silent)
    let confusion = ConfusionMatrix(numClasses: 10)
    confusion.update(predictions: try model.predict(test, batchSize: 256), targets: test.targets)
    var table = Table(header: ["Right, %", ""], rightAligned: [1])
    let fractions = confusion.fractions
    for (label, name) in test.metadata.classNames.enumerated() {
        table.add([name, fixed(100 * fractions[label][label].scalar, decimals: 1)])
    }
    print("\n" + table.description)
    print("\nTest accuracy \(fixed(scores["accuracy"], decimals: 4)). Drew the training: \(picture)")
} catch {
    complain("residual-network: \(error)")
    exit(1)
}
