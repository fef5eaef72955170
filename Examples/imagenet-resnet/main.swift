// A ResNet-18 on a folder in ImageNet's layout: JPEG files, decoded beside the training, each time by another window and
// perhaps mirrored. As ImageNet itself is seldom at hand, `--make` writes a small folder of the same kind.

import Citius
import CitiusExampleSupport
import CitiusImages
import CitiusPlatform

let options = Options(
    program: "imagenet-resnet",
    summary: "Trains a ResNet-18 on images in folders, one for each class: FOLDER/train and FOLDER/val.",
    [
        .init("--data", "FOLDER", "with the folders train and val, each with a folder for each class"),
        .init(
            "--make", "N",
            "write N images of each class of Fashion-MNIST and of UCI's digits into FOLDER first, a tenth of "
                + "them to val"),
        .init("--size", "N", "pixels along each side of what the network sees; by default 224"),
        .init("--epochs", "N", "passes over the training data; by default 3"),
        .init("--batch", "N", "images in a batch; by default 32"),
        .init("--width", "N", "channels of the first convolution; by default 64, as in the ResNet-18"),
        .init("--rate", "R", "the learning rate's peak; by default 0.05"),
        .init("--seed", "N", "of all that is random; by default 1"),
        .init("--threads", "N", "by default as many as cores"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))

if let threads = options.number("--threads") { Threads.count = threads }
let size = options.number("--size") ?? 224
let epochs = options.number("--epochs") ?? 3
let batchSize = options.number("--batch") ?? 32
let peakRate = options.text("--rate").flatMap { Double($0) } ?? 0.05
let seed = UInt64(options.number("--seed", least: 0) ?? 1)

/// He et al. 2015 (arXiv 1512.03385), 18 layers; inputs are colors from 0 to 1.
func resNet18(classes: Int, width: Int) -> Model {
    func convolution(
        _ x: some Symbolic, _ filters: Int, kernelSize: Size2D = 3, strides: Size2D = 1
    ) -> SymbolicTensor {
        let y = Conv2D(
            filters, kernelSize: kernelSize, strides: strides, padding: .same, useBias: false,
            kernelInitializer: .heNormal)(x)
        return BatchNormalization(momentum: 0.9, epsilon: 1e-5)(y)
    }

    let images = Input(size, size, 3, name: "images")
    // The means and deviations of ImageNet's colors.
    let pixels = Normalization(
        axis: -1, mean: [0.485, 0.456, 0.406], variance: [0.0524, 0.0502, 0.0506])(images)
    var x = Activation(.relu)(convolution(pixels, width, kernelSize: 7, strides: 2))
    x = MaxPooling2D(3, strides: 2, padding: .same)(x)
    for stage in 0..<4 {
        for block in 0..<2 {
            let (filters, strides) = (width << stage, Size2D(stage > 0 && block == 0 ? 2 : 1))
            let shortcut =
                stage > 0 && block == 0 ? convolution(x, filters, kernelSize: 1, strides: strides) : x
            let first = Activation(.relu)(convolution(x, filters, strides: strides))
            x = Activation(.relu)(Add()(convolution(first, filters), shortcut))
        }
    }
    let features = GlobalAveragePooling2D()(x)
    return Model(inputs: images, outputs: Dense(classes, activation: .softmax)(features), seed: seed)
}

/// Clothes and digits on colored paper, in JPEG files of the sizes that ImageNet's have: what the network has to find is
/// small or large, and anywhere.
func makeImages(in folder: String, perClass: Int) throws {
    var generator = RandomGenerator(seed: seed)
    for (data, brightest) in [(try FashionMNIST.load().train, 255), (Dataset.digits(), 16)] {
        let labels = data.targets.elements(as: Int64.self)
        var counts = [Int](repeating: 0, count: 10)
        for sample in 0..<data.count {
            let label = Int(labels[sample])
            guard counts[label] < perClass else { continue }
            counts[label] += 1
            let part = counts[label] * 10 > perClass * 9 ? "val" : "train"
            // No slash and no blank, as in ImageNet's names.
            let name = data.metadata.classNames[label].map { $0 == "/" || $0 == " " ? "-" : String($0) }
                .joined()
            let path = "\(folder)/\(part)/\(name)"
            try makeFolder(path)
            let subject = (data.storedInputs[sample].cast(to: .float32) * (255 / Double(brightest)))
                .rounded().cast(to: .uint8)
            try image(of: subject, using: &generator).writeJPEG(to: "\(path)/\(sample).JPEG", quality: 90)
        }
        print("Wrote \(counts.reduce(0, +)) images of \(data.metadata.name) in 10 classes into \(folder).")
    }
}

/// A white subject somewhere on paper of changing colors.
func image(of subject: Tensor, using generator: inout RandomGenerator) -> Tensor {
    let (height, width) = (
        Int.random(in: 250...400, using: &generator), Int.random(in: 300...500, using: &generator)
    )
    let side = Int.random(in: 180...250, using: &generator)
    let white = subject.resizedImage(to: side).cast(to: .float32) / 255
    let paper = Tensor(uniform: [4, 5, 3], using: &generator) * 160
    let background = paper.cast(to: .uint8).resizedImage(to: [height, width]).cast(to: .float32)
    let top = Int.random(in: 0...height - side, using: &generator)
    let left = Int.random(in: 0...width - side, using: &generator)
    let mask = white.padded([(top, height - side - top), (left, width - side - left), (0, 0)])
    return (background * (1 - mask) + mask * 255).rounded().cast(to: .uint8)
}

do {
    guard let folder = options.text("--data") else {
        complain(
            "imagenet-resnet: no --data; say in which folder the images are, or are to be made by --make 100")
        exit(64)
    }
    if let perClass = options.number("--make") { try makeImages(in: folder, perClass: perClass) }

    var train = try ImageFolder(folder + "/train", imageSize: size, corruptFiles: .skipped)
    train.fitting = .randomResizedCrop(scale: 0.35...1)
    train.flipsHorizontally = true
    train.scale = 1 / 255
    var test = try ImageFolder(folder + "/val", classNames: train.classNames, imageSize: size)
    test.fitting = .centerCrop()
    test.scale = 1 / 255
    print("\(train.count) images in \(train.classNames.count) classes to train, \(test.count) to validate.")

    let model = resNet18(classes: train.classNames.count, width: options.number("--width") ?? 64)
    let steps = epochs * ((train.count + batchSize - 1) / batchSize)
    model.compile(
        optimizer: SGD(
            learningRate: CosineDecay(
                initialLearningRate: 0, decaySteps: steps, warmupTarget: peakRate,
                warmupSteps: max(1, steps / 10)),
            momentum: 0.9, weightDecay: 1e-4),
        loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
    print("A ResNet-18 of \(model.parameterCount) parameters at \(size)×\(size).")

    let start = steadySeconds()
    let history = try model.fit(
        train.batched(batchSize).shuffled(seed: seed).prefetched(), epochs: epochs)
    let seconds = steadySeconds() - start
    let scores = try model.evaluate(test.batched(batchSize).prefetched(), verbose: .silent)
    let rate = Double(epochs * train.count) / seconds
    complain("\(fixed(rate, decimals: 1)) images/s, decoded and trained.")
    print(
        "Accuracy \(fixed(100 * (history["accuracy"].last ?? 0), decimals: 1)) % of the training's windows, "
            + "\(fixed(100 * scores["accuracy"], decimals: 1)) % of the images that it was not trained on.")
    for file in train.skippedFiles { print("Skipped: \(file)") }
} catch {
    complain("imagenet-resnet: \(error)")
    exit(1)
}
