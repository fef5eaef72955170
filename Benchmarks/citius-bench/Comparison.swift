import Citius
import CitiusExampleSupport
import CitiusPlatform

/// `citius-bench compare`: Citius and each rival that is installed, in turn, for several rounds; every run is
/// a process of its own. The machine's moods then touch all alike, and the ratios mean something.
enum Comparison {
    /// A rival: its script in `peers/`, the Python module it needs, and the script's own arguments.
    private struct Peer {
        let name: String
        let script: String
        let module: String
        var arguments: [String] = []
        /// What the script defines.
        var models = ["document-cnn"]
    }

    private static let peers =
        [
            "eager", "channels-last", "fused-adam", "channels-last-fused", "compile", "compile-fused",
            "bfloat16-fused",
        ].map { mode in
            Peer(
                name: mode == "eager" ? "pytorch" : "pytorch-\(mode)", script: "pytorch.py", module: "torch",
                arguments: ["--mode", mode],
                // Images alone have channels that can be last.
                models: mode.hasPrefix("channels-last") ? BenchmarkModels.ofImages : BenchmarkModels.names)
        }
        + [("tensorflow", "default"), ("tensorflow", "no-jit"), ("jax", "default")].map { backend, mode in
            Peer(
                name: "keras-\(backend)" + (mode == "default" ? "" : "-\(mode)"), script: "keras_fit.py",
                module: backend, arguments: ["--backend", backend, "--mode", mode],
                models: ["document-cnn"] + SequenceModels.names)
        } + [
            Peer(name: "jax", script: "jax_cnn.py", module: "jax"),
            Peer(name: "onnx-runtime", script: "onnx_runtime.py", module: "onnxruntime"),
        ]

    /// What one side runs: its name and its command line.
    private struct Side {
        let name: String
        let program: String
        let arguments: [String]
    }

    static func run(_ arguments: [String]) {
        let names = peers.map(\.name)
        let options = Options(
            program: "citius-bench compare",
            summary: "Runs Citius and its rivals in turn and prints the ratios.",
            [
                .init(
                    "--model", (BenchmarkModels.names + ["sequences", "all"]).joined(separator: "|"),
                    "by default the first"),
                .init("--batch-size", "N", "of training; by default 32"),
                .init("--epochs", "N", "epochs a run; by default 3"),
                .init("--samples", "N", "train on the first N images only; by default 20,000"),
                .init("--rounds", "N", "how often each side runs; by default 3"),
                .init("--threads", "N", "for every side; by default as many as cores"),
                .init("--data", "FOLDER", "Fashion-MNIST's four files, gzipped; by default Debian's"),
                .init("--python", "PROGRAM", "the Python that has the rivals; by default python3"),
                .init("--scripts", "FOLDER", "the rivals' scripts; by default Benchmarks/peers"),
                .init("--peers", "A,B,…", "only these of \(names.joined(separator: ", ")); or none"),
                .init("--also", "PROGRAM", "a program that takes the scripts' arguments and ends as they do"),
                .init("--one-thread", nil, "Citius on one thread, too"),
                .init("--json", nil, "print every run's JSON instead of the table"),
            ],
            arguments: arguments)
        let python = options.text("--python") ?? "python3"
        let scripts = options.text("--scripts") ?? "Benchmarks/peers"
        let wanted: [String] =
            switch options.text("--peers") {
            case nil: names
            case "none": []
            case let list?: list.split(separator: ",").map(String.init)
            }
        for name in wanted where !names.contains(name) {
            options.fail("--peers names \(name), expected some of \(names.joined(separator: ", "))")
        }
        guard access(scripts + "/common.py", R_OK) == 0 else {
            options.fail("\(scripts) does not hold the rivals' scripts; name their folder with --scripts")
        }
        let threads = options.number("--threads") ?? Threads.count
        var settings = [
            "--batch-size", "\(options.number("--batch-size") ?? 32)",
            "--epochs", "\(options.number("--epochs") ?? 3)",
            "--samples", "\(options.number("--samples") ?? 20_000)",
        ]
        if let data = options.text("--data") { settings += ["--data", data] }

        let installed = peers.filter { wanted.contains($0.name) }.filter { peer in
            let isInstalled = Subprocess.output(of: python, ["-c", "import \(peer.module)"]) != nil
            if !isInstalled {
                complain("\(peer.name): \(peer.module) is not installed for \(python), left out")
            }
            return isInstalled
        }

        let model = options.choice("--model", of: BenchmarkModels.names + ["sequences", "all"])
        let models = ["all": BenchmarkModels.names, "sequences": SequenceModels.names][model] ?? [model]
        for model in models {
            let shared = ["--model", model] + settings
            let onAllThreads = shared + ["--threads", "\(threads)"]
            let citius = ["throughput", "--json"]
            var sides = [
                Side(name: "citius", program: CommandLine.arguments[0], arguments: citius + onAllThreads)
            ]
            if options.has("--one-thread") {
                sides.append(
                    Side(
                        name: "citius-one-thread", program: CommandLine.arguments[0],
                        arguments: citius + shared + ["--threads", "1"]))
            }
            if let program = options.text("--also") {
                let name = program.split(separator: "/").last.map(String.init) ?? program
                sides.append(Side(name: name, program: program, arguments: onAllThreads))
            }
            sides += installed.filter { $0.models.contains(model) }.map { peer in
                Side(
                    name: peer.name, program: python,
                    arguments: ["\(scripts)/\(peer.script)"] + peer.arguments + onAllThreads)
            }
            compare(
                sides, model: model, rounds: options.number("--rounds") ?? 3, asJSON: options.has("--json"))
        }
    }

    private static func compare(_ sides: [Side], model: String, rounds: Int, asJSON: Bool) {
        var runs: [String: [Measurement?]] = [:]
        for round in 1...rounds {
            for side in sides {
                complain("\(model), round \(round) of \(rounds): \(side.name)")
                let output = Subprocess.output(of: side.program, side.arguments, showingErrors: false)
                let line = output?.split(separator: "\n").last ?? ""
                let measurement = try? JSONDecoder().decode(Measurement.self, from: Data(line.utf8))
                if measurement == nil {
                    let command = ([side.program] + side.arguments).joined(separator: " ")
                    complain("\(side.name): failed; try \(command)")
                } else if asJSON {
                    print(line)
                }
                runs[side.name, default: []].append(measurement)
            }
        }
        let parameters = Set(runs.values.joined().compactMap { $0?.parameters })
        if parameters.count > 1 {
            complain("\(model) is not one model: its sides learn \(parameters.sorted()) numbers")
        }
        if !asJSON { print("\(model)\n\(table(runs, sides.map(\.name)))\n") }
    }

    /// Medians over the rounds, and Citius's ratio to each rival: the median of the rounds' ratios. The last row has, column
    /// by column, the rival whose median is best, of those that compute as exactly.
    private static func table(_ runs: [String: [Measurement?]], _ names: [String]) -> String {
        let columns: [(title: String, value: (Measurement) -> Double?, higherIsBetter: Bool)] = [
            ("training samples/s", { $0.imagesPerSecond }, true),
            ("evaluation samples/s", { $0.evaluationImagesPerSecond }, true),
            ("one sample µs", { $0.latency }, false), ("memory MB", { $0.peakMemory }, false),
            ("start-up ms", { $0.startup }, false),
        ]
        var table = Table(
            header: [""] + columns.flatMap { [$0.title, "Citius is"] },
            rightAligned: Set(1...2 * columns.count))
        var best = ["the best rival, in float32"]
        var rows = names.map { [$0] }
        for column in columns {
            var bestCells: (value: Double, cells: [String])?
            for (index, name) in names.enumerated() {
                let own = runs[name] ?? []
                let values = own.compactMap { $0.flatMap(column.value) }
                let ratios = zip(runs["citius"] ?? [], own).compactMap { citius, other -> Double? in
                    guard let a = citius.flatMap(column.value), let b = other.flatMap(column.value), a > 0,
                        b > 0
                    else { return nil }
                    return column.higherIsBetter ? a / b : b / a
                }
                let isRival = !name.hasPrefix("citius") && !name.contains("bfloat16")
                let ratio = name == "citius" || ratios.isEmpty ? "" : fixed(median(ratios), decimals: 2) + "×"
                let value = median(values)
                rows[index] += [values.isEmpty ? "–" : fixed(value, decimals: 0), ratio]
                if isRival, !values.isEmpty,
                    bestCells.map({ column.higherIsBetter ? value > $0.value : value < $0.value }) ?? true
                {
                    bestCells = (value, [name, ratio])
                }
            }
            best += bestCells?.cells ?? ["–", ""]
        }
        for row in rows { table.add(row) }
        if names.count > 2 { table.add(best) }
        return table.description
    }
}
