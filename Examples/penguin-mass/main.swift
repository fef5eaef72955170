// How heavy is a penguin? Regression on a table of measurements and words, by layers that learn the table's columns and
// are saved with the model; beside the mean and a linear model.

import Citius
import CitiusExampleSupport
import CitiusPlatform

let options = Options(
    program: "penguin-mass",
    summary: "Predicts the mass of penguins from measurements, species, island and sex.",
    [
        .init("--data", "FILE", "a table with the columns of Dataset.penguins, which is the default"),
        .init("--epochs", "N", "passes over the training data; by default 100"),
        .init("--seed", "N", "of all that is random; by default 1"),
        .init("--save", "FILE", "where the model goes; by default penguin-mass.safetensors"),
        .init("--threads", "N", "by default as many as cores"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))

if let threads = options.number("--threads") { Threads.count = threads }
let epochs = options.number("--epochs") ?? 100
let seed = UInt64(options.number("--seed", least: 0) ?? 1)
let file = options.text("--save") ?? "penguin-mass.safetensors"
let foldCount = 5
let measurements = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm"]
let words = ["species", "island", "sex"]

/// The penguins that were measured, each with its measurements, an input of strings for each column of words, and its
/// mass. Where the sex is not known, "NA" is a word like others.
func load(_ path: String?) throws(DataError) -> Dataset {
    let layout = TableLayout(
        target: "body_mass_g", features: measurements, texts: words, missing: .dropped)
    let data =
        if let path { try CSV.read(contentsOf: path, layout: layout) } else {
            try Dataset.penguins(layout: layout)
        }
    guard data.count >= 2 * foldCount else {
        throw DataError(
            .empty, "The table has \(data.count) rows of numbers, expected at least \(2 * foldCount).")
    }
    return data.withTargets(data.targets.cast(to: .float32).expandingAxis(at: 1))
}

/// The inputs of a model, and all of them as one vector of numbers.
///
/// What layers learn of the columns, means and vocabularies, they learn from the training's penguins alone.
func makeFeatures(_ train: Dataset) -> (inputs: [Input], features: SymbolicTensor) {
    let normalization = Normalization(name: "normalized")
    normalization.adapt(on: train)
    let numbers = Input(measurements.count, name: "measurements")
    var inputs = [numbers]
    var parts = [normalization(numbers)]
    for (index, name) in words.enumerated() {
        let lookup = StringLookup(name: name + "_number")
        lookup.adapt(on: train, input: index + 1)
        let encoding = CategoryEncoding(
            numTokens: lookup.vocabularySize, outputMode: .oneHot, name: name + "_one_hot")
        let input = Input.text(name: name)
        inputs.append(input)
        parts.append(encoding(lookup(input)))
    }
    return (inputs, Concatenate(name: "features")(parts))
}

/// A network of one hidden layer. It works with numbers around 0, which its last layer turns into grams.
func makeNetwork(_ train: Dataset) -> Model {
    let (inputs, features) = makeFeatures(train)
    let grams = Normalization(invert: true, name: "grams")
    grams.adapt(on: train.targets)
    let hidden = Dense(32, activation: .relu)(features)
    let model = Model(inputs: inputs, outputs: [grams(Dense(1)(hidden))], seed: seed)
    let steps = epochs * ((train.count + 31) / 32)
    model.compile(
        optimizer: AdamW(
            learningRate: CosineDecay(initialLearningRate: 0.003, decaySteps: steps), weightDecay: 0.5),
        loss: .meanSquaredError, metrics: [.meanAbsoluteError])
    return model
}

/// The linear model of the same features that has the least squared errors, and what it predicts for others.
func leastSquares(_ train: Dataset, _ test: Dataset) throws -> Tensor {
    let (inputs, features) = makeFeatures(train)
    let model = Model(inputs: inputs, outputs: [features])
    func matrix(_ data: Dataset) throws -> Tensor {
        let features = try model.predict(data).cast(to: .float64)
        return Tensor.concatenate([features, Tensor(ones: [data.count, 1], dtype: .float64)], axis: 1)
    }
    let coefficients = try matrix(train).leastSquares(train.targets.cast(to: .float64))
    return try matrix(test).matmul(coefficients).cast(to: .float32)
}

/// How far predictions are off: the mean, the worst of nine in ten, and how much of a penguin the mean is.
func errors(_ predictions: [Tensor], _ truth: [Tensor]) -> [String] {
    let (predictions, truth) = (Tensor.concatenate(predictions), Tensor.concatenate(truth))
    let errors = (predictions - truth).abs()
    let sorted = errors.elements(as: Float.self).sorted()
    let relative = (errors / truth).mean().scalar
    return [
        fixed(errors.mean().scalar, decimals: 0) + " g",
        fixed(100 * relative, decimals: 1) + " %",
        fixed(Double(sorted[(sorted.count * 9 + 9) / 10 - 1]), decimals: 0) + " g",
    ]
}

do {
    var generator = RandomGenerator(seed: seed)
    let data = try load(options.text("--data"))
    let penguins = data.shuffled(using: &generator)
    print(
        "\(penguins.count) penguins, \(fixed(penguins.targets.mean().scalar, decimals: 0)) g in the mean. Each is predicted by models that were trained without it."
    )

    // Five times: a fifth of the penguins tests what the others have taught.
    var truth: [Tensor] = []
    var predictions: [[Tensor]] = [[], [], []]
    for fold in 0..<foldCount {
        let train = penguins.subset((0..<penguins.count).filter { $0 % foldCount != fold })
        let test = penguins.subset((0..<penguins.count).filter { $0 % foldCount == fold })
        let network = makeNetwork(train)
        if fold == 0 { print("\n" + network.summary()) }
        try network.fit(train, epochs: epochs, verbose: .silent)
        if fold == foldCount - 1 { try network.save(to: file) }
        truth.append(test.targets)
        predictions[0].append(Tensor(zeros: test.targets.shape) + train.targets.mean())
        predictions[1].append(try leastSquares(train, test))
        predictions[2].append(try network.predict(test))
    }
    var table = Table(
        header: ["", "mean error", "of a penguin", "nine in ten within"], rightAligned: [1, 2, 3])
    for (name, predictions) in zip(["the mean of all", "least squares", "the network"], predictions) {
        table.add([name] + errors(predictions, truth))
    }
    print("\n" + table.description)

    // The model takes what the table has: words as words, lengths in millimetres.
    let model = try Model.load(from: file)
    print(
        "\nSaved to \(file), with means and vocabularies. What it says, loaded again, of penguins it has not seen:\n"
    )
    let shown = penguins.subset((0..<6).map { $0 * foldCount + foldCount - 1 })
    let masses = try model.predict(shown)
    var examples = Table(
        header: words + ["bill", "flipper", "mass", "predicted"], rightAligned: [3, 4, 5, 6])
    // Strings are bytes, and like all bytes numbers in a data set's inputs.
    let columns = shown.allInputs
    let texts = columns.dropFirst().map { $0.cast(to: .uint8).strings }
    for penguin in 0..<shown.count {
        let lengths = columns[0][penguin].elements(as: Float.self)
        examples.add(
            texts.map { $0[penguin] } + [
                fixed(Double(lengths[0]), decimals: 1) + " mm",
                fixed(Double(lengths[2]), decimals: 0) + " mm",
                fixed(shown.targets[penguin].scalar, decimals: 0) + " g",
                fixed(masses[penguin].scalar, decimals: 0) + " g",
            ])
    }
    print(examples.description)
} catch {
    complain("penguin-mass: \(error)")
    exit(1)
}
