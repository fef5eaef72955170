// Transfer: a network that has learned five kinds of clothes learns five others from 50 images of each. Its trunk gives
// features, of which a new head learns; then the whole is tuned, its first layers slowest. Beside it the same network learns
// the same images from nothing.

import Citius
import CitiusExampleSupport
import CitiusPlatform
import CitiusTechniques

let options = Options(
    program: "transfer-learning",
    summary:
        "Trains a network on five classes of Fashion-MNIST, and has it learn the other five from a few images of each.",
    [
        .init("--data", "FOLDER", "where Fashion-MNIST's four files are; by default as document-cnn"),
        .init("--trunk", "first|last", "which five classes it learns; the other five are the new ones"),
        .init("--images", "N", "of each new class, to learn from; by default 50"),
        .init("--seeds", "N", "how often all is repeated, with other images and weights; by default 5"),
        .init("--samples", "N", "of the data set, for the trunk and its classes; by default all"),
        .init("--epochs", "N", "passes over the trunk's images; by default 5"),
        .init("--passes", "N", "passes over the new classes' images, of each training; by default 100"),
        .init("--threads", "N", "by default as many as cores"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))

if let threads = options.number("--threads") { Threads.count = threads }
let isFirst = options.choice("--trunk", of: ["first", "last"]) == "first"
let (knownClasses, newClasses) = isFirst ? (0..<5, 5..<10) : (5..<10, 0..<5)
let imagesOfEach = options.number("--images") ?? 50
let seeds = options.number("--seeds") ?? 5
let epochs = options.number("--epochs") ?? 5
let passes = options.number("--passes") ?? 100

/// The document's network, for five classes.
func makeNetwork(seed: UInt64) -> Model {
    Sequential(seed: seed) {
        Input(28, 28, 1)
        Conv2D(32, kernelSize: 3, activation: .relu)
        MaxPooling2D(2)
        Conv2D(64, kernelSize: 3, activation: .relu)
        MaxPooling2D(2)
        Flatten(name: "features")
        Dense(64, activation: .relu)
        Dropout(0.25)
        Dense(5, activation: .softmax)
    }
}

/// The images of some classes, labelled from 0.
func images(of classes: Range<Int>, in data: Dataset) -> Dataset {
    let labels = data.targets.elements(as: Int64.self)
    let chosen = data.subset(labels.indices.filter { classes.contains(Int(labels[$0])) })
    return chosen.withTargets(chosen.targets - Tensor(Int64(classes.lowerBound)))
}

/// As many images of each class, in random order.
func few(_ count: Int, of data: Dataset, using generator: inout RandomGenerator) -> Dataset {
    let shuffled = data.shuffled(using: &generator)
    var left = [Int](repeating: count, count: 5)
    let labels = shuffled.targets.elements(as: Int64.self)
    return shuffled.subset(
        labels.indices.filter { index in
            left[Int(labels[index])] -= 1
            return left[Int(labels[index])] >= 0
        })
}

/// How one way of learning did, seed by seed.
struct Way {
    let name: String
    var accuracies: [Double] = []
    var seconds: [Double] = []

    /// Tests a model that was trained from `start` on.
    mutating func add(_ model: Model, since start: Double, on test: Dataset) throws {
        seconds.append(steadySeconds() - start)
        accuracies.append(try model.evaluate(test, batchSize: 256, verbose: .silent)["accuracy"] * 100)
    }
}

do {
    var (train, test) = try FashionMNIST.load(from: options.text("--data"))
    let names = train.metadata.classNames
    if let samples = options.number("--samples") {
        (train, test) = (train.prefix(samples), test.prefix(samples))
    }
    let (known, knownTest) = (images(of: knownClasses, in: train), images(of: knownClasses, in: test))
    let (new, newTest) = (images(of: newClasses, in: train), images(of: newClasses, in: test))
    print(
        """
        The trunk learns from \(known.count) images: \(names[knownClasses].joined(separator: ", ")).
        Then \(imagesOfEach) of each: \(names[newClasses].joined(separator: ", ")); \(newTest.count) test images of these.

        """)

    var ways = [
        "from nothing", "head on the last hidden layer", "head on the convolutions", "and the whole tuned",
    ].map { Way(name: $0) }
    var trunkAccuracies: [Double] = []
    for seed in 1...UInt64(seeds) {
        complain("Seed \(seed) of \(seeds)")
        let base = makeNetwork(seed: seed)
        base.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        try base.fit(known, batchSize: 64, epochs: epochs, verbose: .silent, techniques: [.cosineDecay()])
        trunkAccuracies.append(
            try base.evaluate(knownTest, batchSize: 256, verbose: .silent)["accuracy"] * 100)

        var generator = RandomGenerator(seed: seed)
        let images = few(imagesOfEach, of: new, using: &generator)

        var start = steadySeconds()
        let fresh = makeNetwork(seed: seed + 1_000)
        fresh.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        try fresh.fit(images, epochs: passes, verbose: .silent, techniques: [.cosineDecay()])
        try ways[0].add(fresh, since: start, on: newTest)

        start = steadySeconds()
        let last = try Transfer(from: base, seed: seed) { Dense(5, activation: .softmax) }
        try last.trainHead(
            on: images, optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy],
            epochs: passes, verbose: .silent, techniques: [.cosineDecay()])
        try ways[1].add(last.model, since: start, on: newTest)

        start = steadySeconds()
        let transfer = try Transfer(from: base, upTo: "features", seed: seed) {
            Dense(64, activation: .relu)
            Dropout(0.25)
            Dense(5, activation: .softmax)
        }
        try transfer.trainHead(
            on: images, optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy],
            epochs: passes, verbose: .silent, techniques: [.cosineDecay()])
        try ways[2].add(transfer.model, since: start, on: newTest)

        // The rate of each layer of the trunk is half of the next one's.
        start = steadySeconds()
        transfer.unfreeze(optimizer: Adam(learningRate: 3e-4), rateDecay: 0.5)
        try transfer.model.fit(
            images, epochs: max(1, passes / 5), verbose: .silent, techniques: [.cosineDecay()])
        try ways[3].add(transfer.model, since: start, on: newTest)
    }

    print(
        "The trunk is right about \(meanAndDeviation(trunkAccuracies, decimals: 2)) % of its own classes' test images.\n"
    )
    var table = Table(header: ["\(5 * imagesOfEach) images", "right, %", "seconds"], rightAligned: [1, 2])
    for way in ways {
        table.add([
            way.name, meanAndDeviation(way.accuracies, decimals: 2),
            fixed(way.seconds.reduce(0, +) / Double(seeds), decimals: 2) + " s",
        ])
    }
    print(table.description)
} catch {
    complain("transfer-learning: \(error)")
    exit(1)
}
