import Citius
import CitiusExampleSupport
import CitiusPlatform

/// `citius-bench throughput`: one model, by `fit`, `evaluate` and `predict` as users call them.
enum Throughput {
    static func run(_ arguments: [String]) {
        let options = Options(
            program: "citius-bench throughput",
            summary: "Measures training, evaluation, latency, memory and start-up of one model.",
            [
                .init("--model", BenchmarkModels.names.joined(separator: "|"), "by default the first"),
                .init("--batch-size", "N", "of training; by default 32"),
                .init(
                    "--epochs", "N",
                    "epochs to train, of which the best and the median are shown; by default 3"),
                .init("--samples", "N", "train on the first N images only; by default all 60,000"),
                .init("--data", "FOLDER", "Fashion-MNIST's four files"),
                .init("--seed", "N", "of weights and shuffles; by default 1"),
                .init("--threads", "N", "by default as many as cores"),
                .init("--json", nil, "print one JSON object"),
            ],
            arguments: arguments)
        if let threads = options.number("--threads") { Threads.count = threads }
        do {
            let measurement = try measure(
                model: options.choice("--model", of: BenchmarkModels.names),
                batchSize: options.number("--batch-size") ?? 32, epochs: options.number("--epochs") ?? 3,
                samples: options.number("--samples"), data: options.text("--data"),
                seed: UInt64(options.number("--seed", least: 0) ?? 1))
            print(options.has("--json") ? measurement.json : text(measurement))
        } catch {
            complain("citius-bench: \(error)")
            exit(1)
        }
    }

    private static func measure(
        model name: String, batchSize: Int, epochs: Int, samples: Int?, data: String?, seed: UInt64
    ) throws -> Measurement {
        var (train, test) = try BenchmarkModels.data(for: name, from: data)
        if let samples { train = train.prefix(min(samples, train.count)) }
        let model = BenchmarkModels.make(name, seed: seed)
        BenchmarkModels.compile(model, name)

        let clock = EpochClock()
        try model.fit(train, batchSize: batchSize, epochs: epochs, verbose: .silent, callbacks: [clock])
        let rates = clock.seconds.map { Double(train.count) / $0 }

        // The evaluation's batches are as large as the peers'.
        let evaluations = try (0..<3).map { _ in
            let start = steadySeconds()
            _ = try model.evaluate(test, batchSize: 256, verbose: .silent)
            return Double(test.count) / (steadySeconds() - start)
        }

        let image = test.prefix(1).inputs
        var latencies: [Double] = []
        for call in 0..<550 {
            let start = steadySeconds()
            _ = try model.predictOnBatch(image)
            // The first calls warm up.
            if call >= 50 { latencies.append((steadySeconds() - start) * 1e6) }
        }
        return Measurement(
            peer: "citius", model: name, batchSize: batchSize, threads: Threads.count,
            parameters: model.parameters.filter(\.isLearned).reduce(0) { $0 + $1.shape.count },
            imagesPerSecond: rates.max(), medianImagesPerSecond: median(rates),
            evaluationImagesPerSecond: evaluations.max(), latency: median(latencies),
            peakMemory: peakMemoryMegabytes(), startup: Startup.milliseconds())
    }

    private static func text(_ measurement: Measurement) -> String {
        func number(_ value: Double?, _ decimals: Int = 0) -> String {
            value.map { fixed($0, decimals: decimals) } ?? "–"
        }
        var table = Table(rightAligned: [1])
        table.add(["training, best epoch", number(measurement.imagesPerSecond), "images/s"])
        table.add(["training, median epoch", number(measurement.medianImagesPerSecond), "images/s"])
        table.add(["evaluation", number(measurement.evaluationImagesPerSecond), "images/s"])
        table.add(["one image, median", number(measurement.latency), "µs"])
        table.add(["peak memory", number(measurement.peakMemory), "MB"])
        table.add(["start to first batch, median", number(measurement.startup), "ms"])
        return "\(measurement.model), batch \(measurement.batchSize), \(measurement.threads) threads\n"
            + table.description
    }
}

/// How long each epoch took.
final class EpochClock: Callback {
    private(set) var seconds: [Double] = []
    private var start = 0.0

    override func onEpochBegin(_ epoch: Int) { start = steadySeconds() }

    override func onEpochEnd(_ epoch: Int, logs: inout Scores) { seconds.append(steadySeconds() - start) }
}
