// Which language is this word? Text classification from raw strings: letters are numbered and embedded, then read by a
// bidirectional LSTM or a transformer block; beside a linear model of how often each letter occurs.

import Citius
import CitiusExampleSupport
import CitiusPlatform

/// Debian's lists of words, and their packages.
let languages = [
    (name: "English", file: "american-english", package: "wamerican"),
    (name: "French", file: "french", package: "wfrench"),
    (name: "German", file: "ngerman", package: "wngerman"),
    (name: "Italian", file: "italian", package: "witalian"),
    (name: "Spanish", file: "spanish", package: "wspanish"),
]
let options = Options(
    program: "word-language",
    summary: "Learns which language a word is: \(languages.map { $0.name }.joined(separator: ", ")).",
    [
        .init("--model", "lstm|transformer", "what reads the letters; by default lstm"),
        .init("--data", "FOLDER", "where the lists of words are; by default /usr/share/dict"),
        .init("--words", "N", "of each language; by default 20,000"),
        .init("--epochs", "N", "passes over the training data; by default 6"),
        .init("--seed", "N", "of all that is random; by default 1"),
        .init("--ask", "WORDS", "words to tell the language of, with commas between them"),
        .init("--save", "FILE", "save the trained model, vocabulary and all, to this file (safetensors)"),
        .init("--load", "FILE", "train nothing: ask the model of this file"),
        .init("--threads", "N", "by default as many as cores"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))

if let threads = options.number("--threads") { Threads.count = threads }
let kind = options.choice("--model", of: ["lstm", "transformer"])
let folder = options.text("--data") ?? "/usr/share/dict"
let wordCount = options.number("--words") ?? 20_000
let epochs = options.number("--epochs") ?? 6
let seed = UInt64(options.number("--seed", least: 0) ?? 1)
/// Words to tell the language of; no list has these.
let asked =
    options.text("--ask")?.split(separator: ",").map { String($0) }
    ?? [
        "téléchargeons", "déconfinement", "Haustürschlüsselbund", "supermercados", "ordenadores",
        "blorptious",
    ]
/// Words a step.
let batchSize = 128
/// Letters of a word that are read.
let length = 20

/// As many words of each language, in random order. All are in small letters, as capital ones would tell the German
/// nouns, and none is in two languages.
func load(using generator: inout RandomGenerator) throws -> Dataset {
    var lists: [[String]] = []
    var owners: [String: Int] = [:]
    for (label, language) in languages.enumerated() {
        let path = "\(folder)/\(language.file)"
        guard FileManager.default.fileExists(atPath: path) else {
            throw DataError(
                .missing,
                "There is no \(path). Install the lists of words: sudo apt-get install "
                    + "\(languages.map { $0.package }.joined(separator: " ")); or name their folder by --data."
            )
        }
        let words = Set(try TextFile.lines(of: path).map { $0.lowercased() })
            .filter { $0.count >= 3 && $0.count <= length && $0.allSatisfy { $0.isLetter } }
        for word in words { owners[word] = owners[word] == nil ? label : -1 }
        lists.append(words.sorted())
    }
    var (words, labels): ([String], [Int64]) = ([], [])
    for (label, list) in lists.enumerated() {
        let own = list.filter { owners[$0] == label }
        words += own
        labels += own.map { _ in Int64(label) }
    }
    let all = Dataset(inputs: Tensor(utf8: words), targets: Tensor(labels)).shuffled(using: &generator)
    var wanted = [Int](repeating: wordCount, count: languages.count)
    let chosen = all.targets.elements(as: Int64.self).enumerated().filter { _, label in
        wanted[Int(label)] -= 1
        return wanted[Int(label)] >= 0
    }
    return all.subset(chosen.map { $0.offset }).shuffled(using: &generator)
}

/// Letters, numbered by a vocabulary or counted.
func letters(_ mode: OutputMode, of train: Dataset) -> TextVectorization {
    let layer = TextVectorization(
        standardize: nil, split: .character, outputMode: mode,
        outputSequenceLength: mode == .int ? length : nil, name: "letters")
    layer.adapt(on: train)
    return layer
}

/// A linear model of how often each letter occurs.
func makeCountingModel(_ train: Dataset) -> Model {
    Sequential(seed: seed) {
        Input.text()
        letters(.count, of: train)
        Dense(languages.count, activation: .softmax)
    }
}

func makeLSTM(_ train: Dataset) -> Model {
    let letters = letters(.int, of: train)
    return Sequential(name: "lstm", seed: seed) {
        Input.text()
        letters
        // Words are shorter than the row that they stand in; the mask says where they end.
        Embedding(letters.vocabularySize, 32, maskZero: true)
        Bidirectional(LSTM(64))
        Dropout(0.2)
        Dense(languages.count, activation: .softmax)
    }
}

/// One block of an encoder, as in Vaswani and others 2017 (arXiv 1706.03762).
func makeTransformer(_ train: Dataset, width: Int = 64) -> Model {
    let letters = letters(.int, of: train)
    let words = Input.text()
    let embedded = Embedding(letters.vocabularySize, width, maskZero: true)(letters(words))
    let placed = Positions(name: "positions")(embedded)
    let attention = MultiHeadAttention(numHeads: 4, keyDim: width / 4)
    let attended = LayerNormalization()(placed + Dropout(0.1)(attention(placed, placed)))
    let thought = Dense(width)(Dense(4 * width, activation: .relu)(attended))
    let encoded = LayerNormalization()(attended + Dropout(0.1)(thought))
    // The mean over the letters that the mask lets through.
    let pooled = Dropout(0.2)(GlobalAveragePooling1D()(encoded))
    return Model(
        inputs: words, outputs: Dense(languages.count, activation: .softmax)(pooled), name: "transformer",
        seed: seed)
}

/// Prints the languages of the words that are asked for.
func answer(_ model: Model) throws {
    let answers = try model.predict(asked.map { $0.lowercased() })
    var table = Table(header: ["word", "language", "probability"], rightAligned: [2])
    for (index, word) in asked.enumerated() {
        let probabilities = answers[index].elements(as: Float.self)
        let best = probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
        table.add([word, languages[best].name, fixed(Double(probabilities[best]), decimals: 2)])
    }
    print("\n" + table.description)
}

do {
    if let file = options.text("--load") {
        let model = try Model.load(from: file, types: .library.adding(Positions.self))
        let outputs = model.outputShapes?.map { $0.sizes } ?? []
        guard model.inputShapes?.count == 1, outputs == [[languages.count]] else {
            throw DataError(
                .malformed,
                "\(file) holds another model than this program's, which gives "
                    + "\(languages.count) probabilities for a word.")
        }
        try answer(model)
        exit(0)
    }
    var generator = RandomGenerator(seed: seed)
    let (train, test) = try load(using: &generator).split(at: 0.8)
    print("\(train.count) words to train, \(test.count) to test, none of them in two languages\n")

    let model = kind == "lstm" ? makeLSTM(train) : makeTransformer(train)
    print(model.summary())
    let counting = makeCountingModel(train)
    for (model, verbosity) in [(counting, Verbosity.silent), (model, .automatic)] {
        model.compile(
            optimizer: Adam(0.003),
            loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        try model.fit(train, batchSize: batchSize, epochs: epochs, verbose: verbosity)
    }
    var results = Table(header: ["Right on words not trained on", "%"], rightAligned: [1])
    results.add(["by chance", fixed(100 / Double(languages.count), decimals: 1)])
    for (name, model) in [("a linear model of letters' counts", counting), ("the \(kind)", model)] {
        let scores = try model.evaluate(test, batchSize: 256, verbose: .silent)
        results.add([name, fixed(100 * scores["accuracy"], decimals: 1)])
    }
    print("\n" + results.description)

    let confusion = ConfusionMatrix(numClasses: languages.count)
    confusion.update(predictions: try model.predict(test, batchSize: 256), targets: test.targets)
    var taken = Table(
        header: ["% of words taken for"] + languages.map { $0.name }, rightAligned: Set(1...languages.count))
    let fractions = confusion.fractions
    for (label, language) in languages.enumerated() {
        let row = fractions[label].elements(as: Double.self)
        taken.add([language.name] + row.map { fixed(100 * $0, decimals: 1) })
    }
    print("\n" + taken.description)

    try answer(model)
    if let file = options.text("--save") {
        try model.save(to: file)
        print("\nSaved to \(file).")
    }
} catch {
    complain("word-language: \(error)")
    exit(1)
}
