// The program of the document that Citius implements (§4.3), step by step: load, scale, split, build, compile,
// train, evaluate, predict.

import Citius
import CitiusDownloads
import CitiusExampleSupport
import CitiusPlatform

let options = Options(
    program: "document-cnn",
    summary: "Trains the document's convolutional network on Fashion-MNIST, or on MNIST from OpenML.",
    [
        .init(
            "--split", "document|standard",
            "the first 80 % train and the rest tests (the default), or the set's own 60,000 + 10,000"),
        .init(
            "--data", "FOLDER|openml:NAME",
            "where Fashion-MNIST's four files are (by default Debian's, a download's, or the embedded share), or a data "
                + "set of 28×28 images of OpenML's: openml:mnist_784 is the document's"),
        .init("--openml-host", "ADDRESS", "OpenML's server, if not its own"),
        .init("--samples", "N", "train on the first N samples only; 10 is the document's §4.2"),
        .init("--epochs", "N", "passes over the training data; by default 10"),
        .init("--batch-size", "N", "samples a step; by default 32"),
        .init(
            "--seed", "N",
            "of all that is random; by default 1: the same seed gives the same weights, bit by bit"),
        .init("--threads", "N", "by default as many as cores"),
        .init(
            "--checkpoint", "FILE",
            "back the training up to this file after every epoch, and go on from it if it is there"),
        .init("--checkpoint-every", "N", "back up after every N steps instead"),
        .init("--save", "FILE", "save the trained model to this file (safetensors)"),
        .init("--json", nil, "end with one line of JSON"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))

if let threads = options.number("--threads") { Threads.count = threads }
let epochs = options.number("--epochs") ?? 10
let batchSize = options.number("--batch-size") ?? 32
let seed = UInt64(options.number("--seed", least: 0) ?? 1)
let splitsAsDocument = options.choice("--split", of: ["document", "standard"]) == "document"

do {
    // Load. The images are bytes, and become numbers from 0 to 1 as they are batched (the document's / 255).
    let (standardTrain, standardTest) = try load(options.text("--data"), host: options.text("--openml-host"))

    // Split: the document takes the first 80 % to train and the rest to test.
    var (train, test) = (standardTrain, standardTest)
    if splitsAsDocument { (train, test) = standardTrain.appending(standardTest).split(at: 0.8) }
    if let samples = options.number("--samples") { train = train.prefix(min(samples, train.count)) }
    print(
        "\(train.metadata.name) from \(train.metadata.origin): \(train.count) images to train, \(test.count) to test\n"
    )

    // Build.
    let model = Sequential(seed: seed) {
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
    // Compile.
    model.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
    print(model.summary())

    // Train. Ctrl-C ends after the running batch and keeps what was learned.
    let interrupt = StopOnInterrupt()
    var callbacks: [Callback] = [interrupt]
    if let file = options.text("--checkpoint") {
        let frequency = options.number("--checkpoint-every").map { SaveFrequency.steps($0) } ?? .epoch
        callbacks.append(BackupAndRestore(file, saveFrequency: frequency, deleteCheckpoint: false))
    }
    var stepsBefore = 0
    callbacks.append(LambdaCallback(onTrainBegin: { stepsBefore = model.optimizer?.iterations ?? 0 }))
    let start = steadySeconds()
    let history = try model.fit(train, batchSize: batchSize, epochs: epochs, callbacks: callbacks)
    let seconds = steadySeconds() - start
    if let epoch = history.brokenOffEpoch {
        print("Interrupted in epoch \(epoch + 1) of \(epochs); going on with the weights so far.")
    }
    if let file = options.text("--save") {
        try model.save(to: file)
        print("Saved to \(file).")
    }

    // Evaluate.
    let scores = try model.evaluate(test)

    // Predict.
    let probabilities = try model.predict(test.prefix(10))
    printPredictions(probabilities, test)
    try printConfusion(model.predict(test), test)

    // An interrupted epoch counts by its steps.
    let steps = (model.optimizer?.iterations ?? 0) - stepsBefore
    let stepsPerEpoch = (train.count + batchSize - 1) / batchSize
    let images = steps / stepsPerEpoch * train.count + steps % stepsPerEpoch * batchSize
    let imagesPerSecond = seconds > 0 ? Double(images) / seconds : 0
    print(
        """

        Test loss \(fixed(scores.loss, decimals: 4)), test accuracy \(fixed(scores["accuracy"], decimals: 4)); \
        trained \(history.completeEpochs) epochs in \(fixed(seconds, decimals: 1)) s, \
        \(fixed(imagesPerSecond, decimals: 0)) images/s.
        """)
    if options.has("--json") {
        let report = Report(
            testLoss: scores.loss, testAccuracy: scores["accuracy"], epochs: history.completeEpochs,
            seconds: seconds, imagesPerSecond: imagesPerSecond, weightsChecksum: model.weightsChecksum)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.keyEncodingStrategy = .convertToSnakeCase
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
} catch {
    complain("document-cnn: \(error)")
    exit(1)
}

/// The training and the test set, of Fashion-MNIST or of the document's `fetch_openml`.
func load(_ source: String?, host: String?) throws(DataError) -> (train: Dataset, test: Dataset) {
    guard let source, source.hasPrefix("openml:") else { return try FashionMNIST.load(from: source) }
    var openML = OpenML.Options()
    if let host { openML.host = host }
    let data = try OpenML.fetch(String(source.dropFirst("openml:".count)), options: openML)
    guard data.inputShape == [28 * 28], data.metadata.classNames.count == 10 else {
        throw DataError(
            .malformed,
            "\(data.metadata.name) has inputs of shape \(data.inputShape) and \(data.metadata.classNames.count) classes; "
                + "the network takes images of 784 pixels in 10 classes, such as mnist_784 or Fashion-MNIST.")
    }
    // The document's reshape and / 255. The first six sevenths of MNIST and its kin are the training set.
    return data.reshaped([28, 28, 1]).scaled(by: 1.0 / 255).split(at: 6.0 / 7)
}

/// What `--json` prints, its keys in snake case.
struct Report: Encodable {
    let testLoss: Double
    let testAccuracy: Double
    let epochs: Int
    let seconds: Double
    let imagesPerSecond: Double
    let weightsChecksum: String
}

/// The first predictions beside the truth.
func printPredictions(_ probabilities: Tensor, _ test: Dataset) {
    let names = test.metadata.classNames
    let labels = test.prefix(probabilities.shape[0]).targets.elements(as: Int64.self)
    let predicted = probabilities.argMax(axis: 1).elements(as: Int64.self)
    let confidence = probabilities.max(axes: [1]).elements(as: Float.self)
    var table = Table(header: ["image", "prediction", "probability", "truth", ""], rightAligned: [0, 2])
    for (index, label) in labels.enumerated() {
        table.add([
            "\(index)", names[Int(predicted[index])], fixed(Double(confidence[index]), decimals: 3),
            names[Int(label)], label == predicted[index] ? "" : "wrong",
        ])
    }
    print("\nThe first predictions:\n\n" + table.description)
}

/// How often each class (rows) was taken for each class (columns).
func printConfusion(_ probabilities: Tensor, _ test: Dataset) {
    let names = test.metadata.classNames
    let labels = test.targets.elements(as: Int64.self)
    let predicted = probabilities.argMax(axis: 1).elements(as: Int64.self)
    var counts = [[Int]](repeating: [Int](repeating: 0, count: names.count), count: names.count)
    for (label, prediction) in zip(labels, predicted) { counts[Int(label)][Int(prediction)] += 1 }
    var table = Table(
        header: [""] + names.indices.map { "\($0)" } + ["right"],
        rightAligned: Set(1...names.count + 1))
    for (label, row) in counts.enumerated() {
        let total = row.reduce(0, +)
        let share = total == 0 ? "–" : fixed(100 * Double(row[label]) / Double(total), decimals: 1) + " %"
        table.add(["\(label) \(names[label])"] + row.map { $0 == 0 ? "·" : "\($0)" } + [share])
    }
    print("\nThe confusion matrix, truth by row and prediction by column:\n\n" + table.description)
}
