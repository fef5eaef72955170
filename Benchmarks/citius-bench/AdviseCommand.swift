import Citius
import CitiusExampleSupport
import CitiusPlatform
import CitiusTechniques

/// `citius-bench advise`: what `model.advise` says of one of the benchmark's models.
enum AdviseCommand {
    static func run(_ arguments: [String]) {
        let options = Options(
            program: "citius-bench advise",
            summary: "Tries techniques on a model and prints the line of Swift that turns the best one on.",
            [
                .init("--model", BenchmarkModels.names.joined(separator: "|"), "by default the first"),
                .init("--target-accuracy", "A", "on a fifth of the samples; by default 0.85"),
                .init("--budget", "SECONDS", "by default 180"),
                .init("--samples", "N", "to train and validate with; by default 20,000"),
                .init("--batch-size", "N", "by default 32"),
                .init("--epochs", "N", "of the plain training, at most; by default 20"),
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
        do {
            let name = options.choice("--model", of: BenchmarkModels.names)
            let data = try BenchmarkModels.data(for: name, from: options.text("--data")).train
            let model = BenchmarkModels.make(name, seed: seed)
            BenchmarkModels.compile(model, name)
            let advice = try model.advise(
                on: data.prefix(options.number("--samples") ?? 20_000), target: .validationAccuracy(target),
                budget: .seconds(Double(options.number("--budget") ?? 180)),
                batchSize: options.number("--batch-size") ?? 32, epochs: options.number("--epochs") ?? 20,
                seed: seed)
            print(advice)
        } catch {
            complain("citius-bench: \(error)")
            exit(1)
        }
    }
}
