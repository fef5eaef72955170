// What a network meets outside of the laboratory, and what helps: images of something else, which it should not answer for;
// images that are disturbed, or changed on purpose; and labels of which many are wrong.

import Citius
import CitiusExampleSupport
import CitiusPlatform
import CitiusTechniques

let parts = ["all", "rejection", "robustness", "labels"]
let options = Options(
    program: "hardening",
    summary:
        "Has a network refuse handwritten digits, withstand noise and attacks, and learn in spite of wrong labels.",
    [
        .init("--part", parts.joined(separator: "|"), "by default all three"),
        .init("--data", "FOLDER", "where Fashion-MNIST's four files are; by default as document-cnn"),
        .init("--samples", "N", "train and test on the first N images only; by default on all"),
        .init(
            "--epochs", "N", "passes over the training data; by default 5, with wrong labels twice as many"),
        .init("--seeds", "N", "how often all is repeated, with other weights; by default 3"),
        .init("--false-alarms", "PERCENT", "of clothes that may be refused; by default 5"),
        .init("--wrong-labels", "PERCENT", "of the labels; by default 40"),
        .init("--threads", "N", "by default as many as cores"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))

if let threads = options.number("--threads") { Threads.count = threads }
let part = options.choice("--part", of: parts)
let epochs = options.number("--epochs") ?? 5
let seeds = 1...UInt64(options.number("--seeds") ?? 3)
let batchSize = 64

let falseAlarms = Double(options.number("--false-alarms", least: 0) ?? 5) / 100
let wrongLabels = Double(options.number("--wrong-labels", least: 0) ?? 40) / 100
if max(falseAlarms, wrongLabels) > 1 { options.fail("more than 100 percent") }

/// The document's network, trained.
func trained(
    on data: Dataset, seed: UInt64, loss: Loss = .sparseCategoricalCrossentropy, epochs: Int = epochs,
    techniques: [any Technique] = []
) throws -> Model {
    let model = Sequential(seed: seed) {
        Input(28, 28, 1)
        Conv2D(32, kernelSize: 3, activation: .relu)
        MaxPooling2D(2)
        Conv2D(64, kernelSize: 3, activation: .relu)
        MaxPooling2D(2)
        Flatten()
        Dense(64, activation: .relu)
        Dropout(0.25)
        Dense(10, activation: .softmax)
    }
    model.compile(optimizer: Adam(), loss: loss, metrics: [.accuracy])
    try model.fit(
        data, batchSize: batchSize, epochs: epochs, verbose: .silent,
        techniques: techniques + [.cosineDecay()])
    return model
}

/// Numbers by row and column, a column for each seed's.
struct Results {
    private var rows: [(name: String, columns: [[Double]])] = []

    mutating func add(_ name: String, _ values: [Double]) {
        if let row = rows.firstIndex(where: { $0.name == name }) {
            for (column, value) in values.enumerated() { rows[row].columns[column].append(value) }
        } else {
            rows.append((name, values.map { [$0] }))
        }
    }

    func table(_ header: [String], decimals: [Int]) -> String {
        var table = Table(header: header, rightAligned: Set(1..<header.count))
        for row in rows {
            table.add([row.name] + zip(row.columns, decimals).map { meanAndDeviation($0, decimals: $1) })
        }
        return table.description
    }
}

/// Clothes inside, digits outside.
func rejection(_ train: Dataset, _ test: Dataset) throws {
    let digits = Dataset.digits().inputs.resized(to: Size2D(28, 28))
    let (known, held) = train.split(at: 0.9)
    print(
        """
        Trained on \(known.count) images of clothes. A threshold on \(held.count) others lets \(fixed(falseAlarms * 100, decimals: 0)) % of them be refused; then come \(test.count)
        images of clothes and \(digits.shape[0]) handwritten digits, none of which a network has seen.

        """)
    let detectors: [(String, OutlierDetector.Kind)] = [
        ("maximum softmax", .maximumSoftmax), ("energy", .energy()), ("Mahalanobis", .mahalanobis),
    ]
    var results = Results()
    for seed in seeds {
        complain("Refusals, seed \(seed)")
        let model = try trained(on: known, seed: seed)
        for (name, kind) in detectors {
            let detector = try OutlierDetector(
                kind, for: model, trainedOn: known, validation: held, falseAlarms: falseAlarms)
            let inside = try model.predict(test.inputs, rejecting: detector)
            let outside = try model.predict(digits, rejecting: detector)
            func refused(_ prediction: RejectingPrediction) -> Double {
                100 * Double(prediction.isRejected.count { $0 }) / Double(prediction.isRejected.count)
            }
            results.add(
                name,
                [
                    areaUnderROC(inliers: inside.scores, outliers: outside.scores), refused(inside),
                    refused(outside),
                ])
        }
    }
    print(
        results.table(
            ["Refusing by", "AUROC", "clothes refused, %", "digits refused, %"], decimals: [3, 1, 1]) + "\n")
}

/// A network as it is, and one that was trained on attacks.
func robustness(_ train: Dataset, _ test: Dataset) throws {
    let attack = AdversarialAttack.fastGradientSign(epsilon: 0.1)
    print(
        """
        Right about \(test.count) test images, in %, as they are and disturbed: of a network that was trained as usual, and of one that
        was trained on images changed by FGSM with ε = 0.1.

        """)
    let disturbances =
        Disturbance.common + [.attack(.projectedGradient(epsilon: 0.1, stepSize: 0.025, steps: 10))]
    var results = Results()
    for seed in seeds {
        complain("Disturbances, seed \(seed)")
        let plain = try trained(on: train, seed: seed)
        let hardened = try trained(
            on: train, seed: seed, techniques: [.adversarialTraining(attack, within: 0...1)])
        let reports = try [plain, hardened].map { try $0.robustness(on: test, under: disturbances) }
        for (index, entry) in reports[0].entries.enumerated() {
            results.add(entry.disturbance, reports.map { 100 * $0.entries[index].accuracy })
        }
    }
    print(results.table(["Disturbance", "as usual", "on attacks"], decimals: [1, 1]) + "\n")
}

/// Labels of which many are wrong.
func labels(_ train: Dataset, _ test: Dataset) throws {
    let losses: [(String, Loss)] = [
        ("cross-entropy", .sparseCategoricalCrossentropy),
        ("generalized, q 0.7", .categoricalGeneralizedCrossEntropy(q: 0.7)),
        ("symmetric, α 0.1, β 1", .symmetricCrossEntropy()),
        ("bootstrapping, hard, β 0.8", .bootstrapping(beta: 0.8, isHard: true)),
    ]
    print(
        """
        Of \(train.count) labels \(fixed(wrongLabels * 100, decimals: 0)) % are made wrong, at random. Right about \(test.count) test images with right labels, in %, by
        the loss that the network was trained with.

        """)
    var results = Results()
    for seed in seeds {
        complain("Wrong labels, seed \(seed)")
        var generator = RandomGenerator(seed: seed)
        let wrong = train.targets.elements(as: Int64.self).map { label in
            generator.uniform() < wrongLabels ? (label + 1 + Int64(generator.uniform() * 9)) % 10 : label
        }
        let noisy = train.withTargets(Tensor(wrong))
        for (name, loss) in losses {
            let model = try trained(on: noisy, seed: seed, loss: loss, epochs: 2 * epochs)
            results.add(
                name,
                try [noisy, test].map {
                    try model.evaluate($0, batchSize: 256, verbose: .silent)["accuracy"] * 100
                })
        }
    }
    print(results.table(["Loss", "of the noisy labels", "of the test images"], decimals: [1, 2]))
}

do {
    var (train, test) = try FashionMNIST.load(from: options.text("--data"))
    if let samples = options.number("--samples") {
        (train, test) = (train.prefix(samples), test.prefix(samples))
    }
    if ["all", "rejection"].contains(part) { try rejection(train, test) }
    if ["all", "robustness"].contains(part) { try robustness(train, test) }
    if ["all", "labels"].contains(part) { try labels(train, test) }
} catch {
    complain("hardening: \(error)")
    exit(1)
}
