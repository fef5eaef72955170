// A small GPT learns to write like the King James Version's Genesis, letter by letter: decoder blocks, learned positions,
// tied embeddings, and sampling with a temperature and top-k.

import Citius
import CitiusExampleSupport
import CitiusPlatform

let options = Options(
    program: "small-gpt",
    summary: "Trains a small generative transformer on a text, letter by letter, and lets it write.",
    [
        .init("--text", "FILE", "what to learn; by default Genesis (King James Version, public domain)"),
        .init("--epochs", "N", "passes over the text; by default 8"),
        .init("--batch-size", "N", "stretches of text a step; by default 32"),
        .init("--context", "N", "letters that the model sees; by default 128"),
        .init("--width", "N", "of every letter's vector, a multiple of 4; by default 128"),
        .init("--layers", "N", "decoder blocks; by default 4"),
        .init("--prompt", "TEXT", "what the samples go on from; by default \"And God said\""),
        .init("--letters", "N", "letters of a sample; by default 300"),
        .init("--temperature", "PERCENT", "100 samples as the model weighs, less is bolder; by default 70"),
        .init("--top-k", "N", "sample among the N likeliest letters; by default 10"),
        .init("--seed", "N", "of all that is random; by default 1"),
        .init("--threads", "N", "by default as many as cores"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))

if let threads = options.number("--threads") { Threads.count = threads }
let context = options.number("--context") ?? 128
let seed = UInt64(options.number("--seed", least: 0) ?? 1)
let file = options.text("--text") ?? besideSource("genesis.txt")

/// The letters of a text, and their numbers.
struct Alphabet {
    let letters: [Character]
    private let numbers: [Character: Int64]

    init(of text: String) {
        letters = Set(text).sorted()
        numbers = Dictionary(uniqueKeysWithValues: letters.enumerated().map { ($1, Int64($0)) })
    }

    /// The numbers of a text's letters, without those that the alphabet does not have.
    func numbers(of text: String) -> [Int64] { text.compactMap { numbers[$0] } }
}

/// Lets a model go on from a prompt, letter by letter.
func write(
    _ model: Model, _ alphabet: Alphabet, after prompt: String, letters: Int, temperature: Double, topK: Int,
    generator: inout RandomGenerator
) throws -> String {
    var text = alphabet.numbers(of: prompt)
    var written = ""
    for _ in 0..<letters {
        // What is seen stands at the beginning. No step sees what is behind it, so that anything may stand there.
        let seen = Array(text.suffix(context))
        let padded = seen + Array(repeating: 0, count: context - seen.count)
        let logits = try model.predictOnBatch(Tensor(padded, shape: [1, context]))[0][seen.count - 1]
        let (values, indices) = logits.topK(min(topK, alphabet.letters.count))
        let weights = (values / temperature).softmax().elements(as: Float.self)
        // Where a random share of all weights falls.
        var rest = Float(Tensor(uniform: [1], in: 0..<1, using: &generator).scalar)
        var choice = 0
        while choice < weights.count - 1, rest >= weights[choice] {
            rest -= weights[choice]
            choice += 1
        }
        let number = indices.elements(as: Int64.self)[choice]
        text.append(number)
        written.append(alphabet.letters[Int(number)])
    }
    return written
}

do {
    guard let data = FileManager.default.contents(atPath: file),
        let text = String(bytes: data, encoding: .utf8)
    else {
        complain("small-gpt: \(file) cannot be read as text; name another one by --text")
        exit(1)
    }
    let alphabet = Alphabet(of: text)
    let numbers = alphabet.numbers(of: text)
    guard numbers.count > 4 * context else {
        complain("small-gpt: \(file) has \(numbers.count) letters, expected more than \(4 * context)")
        exit(1)
    }

    // Stretches of the text, half of each the next one's too, and of each the letters that follow.
    let starts = Array(stride(from: 0, to: numbers.count - context, by: context / 2))
    func stretches(_ shift: Int) -> Tensor {
        Tensor(starts.flatMap { numbers[$0 + shift..<$0 + shift + context] }, shape: [starts.count, context])
    }
    let stretchesOfText = Dataset(inputs: stretches(0), targets: stretches(1))
    let (train, test) = stretchesOfText.split(at: 0.95)
    print(
        "\(numbers.count) letters of \(alphabet.letters.count) kinds: \(train.count) stretches to train, \(test.count) to test\n"
    )

    let model = SmallGPT.make(
        vocabulary: alphabet.letters.count, context: context, width: options.number("--width") ?? 128,
        layers: options.number("--layers") ?? 4, dropout: 0.1, seed: seed)
    let epochs = options.number("--epochs") ?? 8
    let batchSize = options.number("--batch-size") ?? 32
    let steps = epochs * ((train.count + batchSize - 1) / batchSize)
    model.compile(
        optimizer: AdamW(
            learningRate: CosineDecay(
                initialLearningRate: 1e-4, decaySteps: steps, alpha: 0.1, warmupTarget: 2e-3,
                warmupSteps: steps / 10),
            weightDecay: 0.1, globalClipNorm: 1),
        loss: .sparseCategoricalCrossentropy(fromLogits: true), metrics: [.accuracy])
    print(model.summary())

    var generator = RandomGenerator(seed: seed)
    func sample() throws {
        let prompt = options.text("--prompt") ?? "And God said"
        let written = try write(
            model, alphabet, after: prompt, letters: options.number("--letters") ?? 300,
            temperature: Double(options.number("--temperature") ?? 70) / 100,
            topK: options.number("--top-k") ?? 10, generator: &generator)
        print("\n\(prompt)\(written)\n")
    }
    let interrupt = StopOnInterrupt()
    let writer = LambdaCallback(onEpochEnd: { epoch, _ in
        if epoch % 4 == 3 && epoch < epochs - 1 { try? sample() }
    })
    let start = steadySeconds()
    try model.fit(
        train, batchSize: batchSize, epochs: epochs, callbacks: [interrupt, writer], validationData: test)
    let seconds = steadySeconds() - start
    let loss = try model.evaluate(test, verbose: .silent).loss
    print(
        "\nTest loss \(fixed(loss, decimals: 3)) nats a letter, \(fixed(loss / 0.6931471805599453, decimals: 2)) bits, after \(fixed(seconds, decimals: 0)) s."
    )
    try sample()
} catch {
    complain("small-gpt: \(error)")
    exit(1)
}
