import Citius
import CitiusExampleSupport
import CitiusPlatform
import CitiusTechniques

/// `citius-bench advise`: what `model.advise` says of a model, and whether it holds.
enum AdviseCommand {
    static func run(_ arguments: [String]) {
        let options = Options(
            program: "citius-bench advise",
            summary: "Tries techniques on a model and prints the line of Swift that turns the best one on.",
            [
                .init("--model", AdvisedModels.names.joined(separator: "|"), "by default the first"),
                .init("--target-accuracy", "A", "on a fifth of the samples; by default 0.85"),
                .init("--budget", "SECONDS", "by default 180"),
                .init("--samples", "N", "to train and validate with; by default 20,000"),
                .init("--batch-size", "N", "by default 32"),
                .init("--epochs", "N", "of the plain training, at most; by default 20"),
                .init(
                    "--verify", "N",
                    "then time the best one and the plain training N times in turn, with other seeds, to the same accuracy on test samples"
                ),
                .init("--data", "FOLDER", "Fashion-MNIST's four files"),
                .init("--seed", "N", "by default 1"),
                .init("--threads", "N", "by default as many as cores"),
            ],
            arguments: arguments)
        if let threads = options.number("--threads") { Threads.count = threads }
        let text = options.text("--target-accuracy") ?? "0.85"
        guard let target = Double(text), target > 0, target <= 1 else {
            options.fail("--target-accuracy is \(text), expected a fraction above 0 and up to 1")
        }
        let seed = UInt64(options.number("--seed", least: 0) ?? 1)
        let batchSize = options.number("--batch-size") ?? 32
        let epochs = options.number("--epochs") ?? 20
        do {
            let name = options.choice("--model", of: AdvisedModels.names)
            let data = try AdvisedModels.data(for: name, from: options.text("--data"))
            let train = data.train.prefix(options.number("--samples") ?? 20_000)
            let start = steadySeconds()
            let advice = try AdvisedModels.make(name, seed: seed).advise(
                on: train, target: .validationAccuracy(target),
                budget: .seconds(Double(options.number("--budget") ?? 180)), batchSize: batchSize,
                epochs: epochs, seed: seed)
            complain("Advised after \(fixed(steadySeconds() - start, decimals: 0)) s.")
            print(advice)
            guard let rounds = options.number("--verify"), let winner = advice.ranking.first else { return }
            guard !winner.techniques().isEmpty else {
                return print("\nNothing was faster than the plain training.")
            }
            // The advisor's trainings have seeds near its own; these are far from them.
            let verification = try Verification(
                winner, plainEpochs: epochs, batchSize: batchSize, train: train.split(at: 0.8).0,
                test: data.test,
                target: target, seeds: (1...UInt64(rounds)).map { seed + 1_000 + $0 }
            ) { AdvisedModels.make(name, seed: $0) }
            print("\n\(verification)")
        } catch {
            complain("citius-bench: \(error)")
            exit(1)
        }
    }
}

/// An advisor's winner beside the plain training, with seeds and samples that the advisor has not seen.
private struct Verification: CustomStringConvertible {
    let winner: String
    let target: Double
    let samples: Int
    private let plain: [TimeTrial]
    private let advised: [TimeTrial]

    init(
        _ entry: Advice.Entry, plainEpochs: Int, batchSize: Int, train: Dataset, test: Dataset,
        target: Double,
        seeds: [UInt64], makeModel: @escaping (UInt64) -> Model
    ) throws {
        (winner, self.target, samples) = (entry.swift, target, test.count)
        let recipes = [
            Recipe(batchSize: batchSize, epochs: plainEpochs, techniques: { [] }, makeModel: makeModel),
            Recipe(
                batchSize: batchSize, epochs: entry.epochs, techniques: entry.techniques, makeModel: makeModel
            ),
        ]
        var trials: [[TimeTrial]] = [[], []]
        for (round, seed) in seeds.enumerated() {
            complain("Verifying, \(round + 1) of \(seeds.count)")
            // Each goes first in turn.
            for side in round % 2 == 0 ? [0, 1] : [1, 0] {
                trials[side].append(
                    try TimeTrial(recipes[side], seed: seed, train: train, validation: test, target: target))
            }
        }
        (plain, advised) = (trials[0], trials[1])
    }

    var description: String {
        let ratio = PairedRatio(baseline: plain.map(\.time), other: advised.map(\.time))
        let (low, high) = ratio.interval()
        var table = Table(
            header: ["", "reached", "seconds, median", "best accuracy, median"], rightAligned: [1, 2, 3])
        for (name, trials) in [("plain", plain), (winner, advised)] {
            table.add([
                name, "\(trials.count { $0.time.isFinite }) of \(trials.count)",
                fixed(median(trials.map(\.time)), decimals: 2),
                fixed(median(trials.map(\.best)), decimals: 4),
            ])
        }
        let faster = ratio.ratios.count { $0 > 1 }
        return
            "Afresh, with \(plain.count) other seeds, to an accuracy of \(target) on \(samples) test samples:\n\n"
            + table.description
            + "\n\n\(fixed(ratio.median, decimals: 2))× as fast (95 %: \(fixed(low, decimals: 2)) to "
            + "\(fixed(high, decimals: 2))), faster with \(faster) of \(ratio.ratios.count) seeds, sign test p = "
            + "\(fixed(ratio.signTest, decimals: 3))"
    }
}
