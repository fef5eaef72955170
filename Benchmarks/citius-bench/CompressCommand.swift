import Citius
import CitiusExampleSupport
import CitiusPlatform
import CitiusTechniques

/// `citius-bench compress`: a trained network beside its smaller ones, evaluated in turn.
enum CompressCommand {
    static func run(_ arguments: [String]) {
        let options = Options(
            program: "citius-bench compress",
            summary:
                "Compares a trained network with those that are made smaller: evaluation rate and accuracy.",
            [
                .init("--model", BenchmarkModels.ofImages.joined(separator: "|"), "by default the first"),
                .init("--epochs", "N", "epochs to train before; by default 3"),
                .init("--fine-tuning", "N", "epochs to train what needs it again; by default 1"),
                .init("--samples", "N", "train on the first N images only; by default all 60,000"),
                .init("--rounds", "N", "evaluations of each, in turn; by default 15"),
                .init("--data", "FOLDER", "Fashion-MNIST's four files"),
                .init("--seed", "N", "of weights and shuffles; by default 1"),
                .init("--threads", "N", "by default as many as cores"),
            ],
            arguments: arguments)
        if let threads = options.number("--threads") { Threads.count = threads }
        do {
            let name = options.choice("--model", of: BenchmarkModels.ofImages)
            var (train, test) = try BenchmarkModels.data(for: name, from: options.text("--data"))
            if let samples = options.number("--samples") { train = train.prefix(min(samples, train.count)) }
            let model = BenchmarkModels.make(name, seed: UInt64(options.number("--seed", least: 0) ?? 1))
            BenchmarkModels.compile(model, name)
            try model.fit(train, epochs: options.number("--epochs", least: 0) ?? 3, verbose: .silent)
            let variants = try variants(
                of: model, named: name, train, fineTuning: options.number("--fine-tuning", least: 0) ?? 1)
            try print(compare(variants, on: test, rounds: options.number("--rounds") ?? 15))
        } catch {
            complain("citius-bench: \(error)")
            exit(1)
        }
    }

    private struct Variant {
        let name: String
        let model: Model
    }

    private static func variants(
        of model: Model, named name: String, _ train: Dataset, fineTuning: Int
    ) throws -> [Variant] {
        let samples = train.prefix(min(1_024, train.count)).inputs
        var variants = [Variant(name: "float32", model: model)]
        func add(_ what: String, isTrained: Bool = false, _ make: () throws -> Model) throws {
            do {
                let smaller = try make()
                smaller.compile(
                    optimizer: Adam(learningRate: 3e-4), loss: .sparseCategoricalCrossentropy,
                    metrics: [.accuracy])
                if isTrained { try smaller.fit(train, epochs: fineTuning, verbose: .silent) }
                variants.append(Variant(name: what, model: smaller))
            } catch let error as CompressionError {
                complain("\(what): left out, \(error)")
            }
        }
        if model.layers.contains(where: { $0 is BatchNormalization }) {
            try add("folded") { try model.folded() }
        }
        try add("int8") { try model.quantized(calibratedOn: samples) }
        try add("int8, 99.99 % of the range") {
            try model.quantized(calibratedOn: samples, calibration: .percentile(99.99))
        }
        try add("factorized, 80 % energy", isTrained: true) { try model.factorized(energy: 0.8) }
        try add("separable", isTrained: true) { try model.separated() }
        try add("global pooling", isTrained: true) { try model.globallyPooled() }
        var shrunk: Model?
        try add("shrunk to 1/2", isTrained: true) {
            let smaller = try model.shrunk(keeping: 0.5)
            shrunk = smaller
            return smaller
        }
        if let shrunk { try add("shrunk to 1/2, int8") { try shrunk.quantized(calibratedOn: samples) } }
        return variants
    }

    private static func compare(_ variants: [Variant], on test: Dataset, rounds: Int) throws -> String {
        var seconds = variants.map { _ in [Double]() }
        var accuracies = variants.map { _ in Double.nan }
        for _ in 0..<rounds {
            for (index, variant) in variants.enumerated() {
                let start = steadySeconds()
                let scores = try variant.model.evaluate(test, batchSize: 256, verbose: .silent)
                seconds[index].append(steadySeconds() - start)
                accuracies[index] = scores["accuracy"]
            }
        }
        var table = Table(
            header: ["", "images/s", "times float32", "test accuracy", "weights, kB"],
            rightAligned: [1, 2, 3, 4])
        for (index, variant) in variants.enumerated() {
            let ratios = zip(seconds[0], seconds[index]).map { $0 / $1 }
            let bytes = variant.model.parameters.reduce(0) { $0 + $1.shape.count * $1.dtype.byteCount }
            table.add([
                variant.name, fixed(Double(test.count) / median(seconds[index]), decimals: 0),
                fixed(median(ratios), decimals: 2), fixed(accuracies[index], decimals: 4),
                fixed(Double(bytes) / 1e3, decimals: 0),
            ])
        }
        return table.description
    }
}
