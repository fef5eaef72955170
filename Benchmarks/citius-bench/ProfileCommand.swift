import Citius
import CitiusExampleSupport
import CitiusPlatform

/// `citius-bench profile`: where a model's time goes, kernel by kernel.
enum ProfileCommand {
    static func run(_ arguments: [String]) {
        let options = Options(
            program: "citius-bench profile",
            summary: "Shows where a model's time goes: per kernel, against the machine's measured peak.",
            [
                .init("--model", BenchmarkModels.names.joined(separator: "|"), "by default the first"),
                .init("--task", "train|evaluate|predict", "predict: image by image; by default train"),
                .init("--batch-size", "N", "of training; by default 32"),
                .init("--steps", "N", "batches to watch; by default 200"),
                .init("--data", "FOLDER", "Fashion-MNIST's four files"),
                .init("--threads", "N", "by default as many as cores"),
                .init("--rows", "N", "kernels to show; by default 30"),
            ],
            arguments: arguments)
        if let threads = options.number("--threads") { Threads.count = threads }
        let task = options.choice("--task", of: ["train", "evaluate", "predict"])
        let batchSize =
            switch task {
            case "evaluate": 256
            case "predict": 1
            default: options.number("--batch-size") ?? 32
            }
        do {
            let (name, steps) = (
                options.choice("--model", of: BenchmarkModels.names), options.number("--steps") ?? 200
            )
            let all = try BenchmarkModels.data(for: name, from: options.text("--data")).train
            let data = all.prefix(min(all.count, batchSize * steps))
            let model = BenchmarkModels.make(name, seed: 1)
            BenchmarkModels.compile(model, name)
            let work = {
                switch task {
                case "evaluate": _ = try model.evaluate(data, batchSize: batchSize, verbose: .silent)
                case "predict":
                    let image = data.prefix(1).inputs
                    for _ in 0..<steps { _ = try model.predictOnBatch(image) }
                default: try model.fit(data, batchSize: batchSize, verbose: .silent)
                }
            }
            // Memory and caches warm up.
            try work()
            // With and without a profile in turn: to take one disturbs what it looks at.
            var profiles: [Profile] = []
            var durations: [Double] = []
            for _ in 0..<15 {
                let start = steadySeconds()
                try work()
                durations.append(steadySeconds() - start)
                profiles.append(try Profile.taken(of: work))
            }
            guard let best = profiles.min(by: { $0.secondsInKernels < $1.secondsInKernels }),
                let seconds = durations.min()
            else { return }
            let batches = task == "predict" ? steps : (data.count + batchSize - 1) / batchSize
            print(
                "\(name), \(task), batch \(batchSize), \(Threads.count) threads: the best of "
                    + "\(durations.count) runs of \(batches) batches")
            print(table(best, seconds: seconds, batches: batches, rows: options.number("--rows") ?? 30))
        } catch {
            complain("citius-bench: \(error)")
            exit(1)
        }
    }

    /// - Parameter seconds: what all batches take when no profile is taken.
    private static func table(_ profile: Profile, seconds whole: Double, batches: Int, rows: Int) -> String {
        let peak = Profile.peakOperationsPerSecond()
        var table = Table(
            header: ["", "calls", "µs", "% of time", "GFLOP/s", "% of peak", "GB/s"],
            rightAligned: Set(1...6))
        func add(_ name: String, calls: Int?, _ seconds: Double, _ operations: Double, _ bytes: Double) {
            let isArithmetic = operations > 0
            table.add([
                name,
                calls.map { fixed(Double($0) / Double(batches), decimals: $0 % batches == 0 ? 0 : 2) } ?? "",
                fixed(seconds * 1e6 / Double(batches), decimals: 1),
                fixed(100 * seconds / whole, decimals: 1),
                isArithmetic ? fixed(operations / seconds * 1e-9, decimals: 1) : "",
                isArithmetic ? fixed(100 * operations / seconds / peak, decimals: 0) : "",
                bytes > 0 ? fixed(bytes / seconds * 1e-9, decimals: 1) : "",
            ])
        }
        func add(_ name: String, _ entries: ArraySlice<Profile.Entry>) {
            func sum(_ value: (Profile.Entry) -> Double) -> Double { entries.reduce(0) { $0 + value($1) } }
            add(name, calls: nil, sum(\.seconds), sum(\.operations), sum(\.bytes))
        }
        for entry in profile.entries.prefix(rows) {
            add(entry.name, calls: entry.calls, entry.seconds, entry.operations, entry.bytes)
        }
        let others = profile.entries.dropFirst(rows)
        if !others.isEmpty { add("\(others.count) others", others) }
        add("all kernels", profile.entries[...])
        add("outside of kernels", calls: nil, whole - profile.secondsInKernels, 0, 0)
        add("a batch", calls: nil, whole, profile.entries.reduce(0) { $0 + $1.operations }, 0)
        return table.description
            + """

            Per batch, whose time is measured without a profile. Peak: \(fixed(peak * 1e-9, decimals: 0)) GFLOP/s, measured by
            multiply-adds in registers. GFLOP/s counts what a dense algorithm computes: one that leaves out
            zeros, or multiplies less, may be above the peak.
            """
    }
}
