import Citius
import CitiusExampleSupport
import CitiusPlatform

/// `citius-bench ladder`: one network computed by one means more on each rung, in turn.
enum LadderCommand {
    /// A way to compute the same mathematics.
    private struct Rung {
        let name: String
        let acceleration: Acceleration
        var threads = 1
        /// What the samples are divided by, so that the slow ones end.
        var divisor = 1
    }

    private static func rungs(threads: Int) -> [Rung] {
        [
            Rung(
                name: "nested loops",
                acceleration: Acceleration(fusesLayers: false, convolution: .loops, skipsZeros: false),
                divisor: 20),
            Rung(name: "im2col and the BLAS", acceleration: .none, divisor: 2),
            Rung(
                name: "products in place",
                acceleration: Acceleration(fusesLayers: false, convolution: .direct, skipsZeros: false)),
            Rung(
                name: "fused layers", acceleration: Acceleration(convolution: .direct, skipsZeros: false)),
            Rung(name: "Winograd where it pays", acceleration: Acceleration(skipsZeros: false)),
            Rung(name: "zeros left out", acceleration: .full),
            Rung(name: "\(threads) threads", acceleration: .full, threads: threads),
        ]
    }

    static func run(_ arguments: [String]) {
        let options = Options(
            program: "citius-bench ladder",
            summary:
                "Trains one network by nested loops, by im2col and the BLAS, and by one means more on each rung.",
            [
                .init("--model", BenchmarkModels.ofImages.joined(separator: "|"), "by default the first"),
                .init("--batch-size", "N", "of training; by default 32"),
                .init("--samples", "N", "of an epoch, a part of them for the slow rungs; by default 6,400"),
                .init("--rounds", "N", "epochs and evaluations of each, in turn; by default 5"),
                .init("--data", "FOLDER", "Fashion-MNIST's four files"),
                .init("--threads", "N", "of the last rung; by default as many as cores"),
            ],
            arguments: arguments)
        do {
            let name = options.choice("--model", of: BenchmarkModels.ofImages)
            let (train, test) = try BenchmarkModels.data(for: name, from: options.text("--data"))
            let samples = min(options.number("--samples") ?? 6_400, train.count)
            print(
                try climb(
                    rungs(threads: options.number("--threads") ?? Threads.count), model: name,
                    batchSize: options.number("--batch-size") ?? 32, rounds: options.number("--rounds") ?? 5,
                    train: train.prefix(samples), test: test.prefix(min(samples, test.count))))
        } catch {
            complain("citius-bench: \(error)")
            exit(1)
        }
    }

    private static func climb(
        _ rungs: [Rung], model name: String, batchSize: Int, rounds: Int, train: Dataset, test: Dataset
    ) throws -> String {
        /// Samples a second by rung and round.
        var training = rungs.map { _ in [Double]() }
        var evaluation = training
        for _ in 0..<rounds {
            for (index, rung) in rungs.enumerated() {
                Threads.count = rung.threads
                func share(of data: Dataset) -> Dataset { data.prefix(max(1, data.count / rung.divisor)) }
                let model = BenchmarkModels.make(name, seed: 1)
                BenchmarkModels.compile(model, name)
                model.acceleration = rung.acceleration
                let clock = EpochClock()
                let (train, test) = (share(of: train), share(of: test))
                try model.fit(
                    train, batchSize: batchSize, epochs: 1, verbose: .silent, callbacks: [clock])
                training[index] += clock.seconds.map { Double(train.count) / $0 }
                let start = steadySeconds()
                _ = try model.evaluate(test, batchSize: 256, verbose: .silent)
                evaluation[index].append(Double(test.count) / (steadySeconds() - start))
            }
        }
        var table = Table(
            header: [
                "", "training images/s", "the rung below", "the lowest", "evaluation images/s", "the lowest",
            ], rightAligned: [1, 2, 3, 4, 5])
        func times(_ rates: [[Double]], _ index: Int, _ other: Int) -> String {
            let ratio = median(zip(rates[index], rates[other]).map { $0 / $1 })
            return fixed(ratio, decimals: ratio < 100 ? 2 : 0) + "×"
        }
        for (index, rung) in rungs.enumerated() {
            table.add([
                rung.name, fixed(median(training[index]), decimals: 0),
                index == 0 ? "" : times(training, index, index - 1),
                index == 0 ? "" : times(training, index, 0),
                fixed(median(evaluation[index]), decimals: 0), index == 0 ? "" : times(evaluation, index, 0),
            ])
        }
        return table.description
    }
}
