// An autoencoder, which squeezes pictures of clothes through a few numbers, and a denoiser, the same network taught to
// give back what noise has hidden. Both leave their pictures as PNG files.

import Citius
import CitiusExampleSupport
import CitiusPlatform

let options = Options(
    program: "autoencoder",
    summary: "Trains a convolutional autoencoder and a denoiser on Fashion-MNIST, and writes what they draw.",
    [
        .init("--data", "FOLDER", "where Fashion-MNIST's four files are; by default as document-cnn"),
        .init("--samples", "N", "train on the first N images only; by default 20,000"),
        .init("--epochs", "N", "passes over the training data; by default 4"),
        .init("--pictures", "FOLDER", "where autoencoder.png and denoiser.png go; by default here"),
        .init("--threads", "N", "by default as many as cores"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))

if let threads = options.number("--threads") { Threads.count = threads }
let epochs = options.number("--epochs") ?? 4
let folder = options.text("--pictures") ?? "."

/// 28 × 28 pixels to 7 × 7 × 8 numbers, half as many, and back.
func makeModel(seed: UInt64) -> Sequential {
    let model = Sequential(seed: seed) {
        Input(28, 28, 1)
        Conv2D(32, kernelSize: 3, strides: 2, padding: .same, activation: .relu)
        Conv2D(8, kernelSize: 3, strides: 2, padding: .same, activation: .relu)
        Conv2DTranspose(32, kernelSize: 3, strides: 2, padding: .same, activation: .relu)
        Conv2DTranspose(16, kernelSize: 3, strides: 2, padding: .same, activation: .relu)
        Conv2D(1, kernelSize: 3, padding: .same, activation: .sigmoid)
    }
    model.compile(optimizer: Adam(0.002), loss: .meanSquaredError)
    return model
}

/// A row of pictures for each tensor [count, 28, 28, 1], one under the other.
func writeRows(_ rows: [Tensor], to file: String) throws {
    let lines = rows.map { row in
        // [28, count · 28]: the pictures beside each other.
        row.squeezed(axis: 3).permuted([1, 0, 2]).reshaped([28, row.shape[0] * 28])
    }
    let picture = Tensor.concatenate(lines, axis: 0).clamped(to: 0...1) * 255
    let bytes = PNG.bytes(of: picture.rounded().cast(to: .uint8).expandingAxis(at: 2))
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    print("Wrote \(file).")
}

do {
    let (allTrain, test) = try FashionMNIST.load(from: options.text("--data"))
    let train = allTrain.prefix(min(options.number("--samples") ?? 20_000, allTrain.count))
    let (images, testImages) = (train.inputs, test.inputs)
    let shown = testImages[0..<12]

    let autoencoder = makeModel(seed: 1)
    print(autoencoder.summary())
    _ = try autoencoder.fit(Dataset(inputs: images, targets: images), batchSize: 64, epochs: epochs)
    let error = try autoencoder.evaluate(Dataset(inputs: testImages, targets: testImages), verbose: .silent)
    print("Autoencoder: mean squared error \(fixed(error.loss, decimals: 4)) on test images.")
    try writeRows([shown, autoencoder.predict(shown)], to: folder + "/autoencoder.png")

    var generator = RandomGenerator(seed: 2)
    func noisy(_ images: Tensor) -> Tensor {
        let noise = Tensor(normal: images.shape, standardDeviation: 0.4, using: &generator)
        return (images + noise).clamped(to: 0...1)
    }
    let denoiser = makeModel(seed: 3)
    _ = try denoiser.fit(Dataset(inputs: noisy(images), targets: images), batchSize: 64, epochs: epochs)
    let hidden = noisy(testImages)
    let left = try denoiser.evaluate(Dataset(inputs: hidden, targets: testImages), verbose: .silent)
    let before = (hidden - testImages).squared().mean().scalar
    print(
        "Denoiser: mean squared error \(fixed(before, decimals: 4)) before, \(fixed(left.loss, decimals: 4)) after."
    )
    try writeRows([hidden[0..<12], denoiser.predict(hidden[0..<12]), shown], to: folder + "/denoiser.png")
} catch {
    complain("autoencoder: \(error)")
    exit(1)
}
