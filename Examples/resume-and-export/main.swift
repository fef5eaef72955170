// Trains, outlives being killed, and hands its model to Keras. Kill it at any moment (kill -9) and start it again: it
// goes on where it was, and ends with the same weights as if nothing had been. `Examples/resume-and-export/run` does so.

import Citius
import CitiusExampleSupport
import CitiusKeras
import CitiusPlatform

let options = Options(
    program: "resume-and-export",
    summary: "Trains a small network on Fashion-MNIST, resumes after a kill, and exports it to Keras.",
    [
        .init("--folder", "FOLDER", "where backup, log, model and samples lie; by default here"),
        .init("--samples", "N", "train on the first N samples; by default 10,000"),
        .init("--epochs", "N", "at most so many passes; by default 12"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))
let folder = options.text("--folder") ?? "."

do {
    let (all, test) = try FashionMNIST.load()
    let train = all.prefix(min(options.number("--samples") ?? 10_000, all.count))
    let model = Sequential(seed: 1) {
        Input(28, 28, 1)
        Conv2D(16, kernelSize: 3, activation: .relu)
        MaxPooling2D(2)
        Conv2D(32, kernelSize: 3, activation: .relu)
        MaxPooling2D(2)
        Flatten()
        Dropout(0.25)
        Dense(10, activation: .softmax)
    }
    model.compile(
        optimizer: Adam(0.002), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])

    // The backup holds what the other callbacks have gathered too: rates, patience, the best weights, the log.
    try model.fit(
        train, epochs: options.number("--epochs") ?? 12,
        callbacks: [
            ReduceLROnPlateau(monitor: "val_loss", factor: 0.3, patience: 1, minDelta: 0.002),
            EarlyStopping(monitor: "val_loss", patience: 3, restoreBestWeights: true),
            CSVLogger(folder + "/training.csv"),
            BackupAndRestore(folder + "/training.backup", saveFrequency: .steps(50)),
        ], validationSplit: 0.2)

    let scores = try model.evaluate(test, verbose: .silent)
    print(
        "Test accuracy \(fixed(scores["accuracy"], decimals: 4)), checksum of the weights \(model.weightsChecksum)"
    )

    // For Keras, with what the model predicts here.
    try KerasFile.save(model, to: folder + "/model.keras")
    let samples = test.prefix(100)
    let images = samples.inputs.cast(to: .float32) / 255
    try Safetensors.write(
        [("inputs", images), ("predictions", try model.predict(images))], to: folder + "/samples.safetensors")
    print("Saved model.keras, and samples with their predictions beside it.")
} catch {
    complain("resume-and-export: \(error)")
    exit(1)
}
