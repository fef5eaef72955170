import CitiusExampleSupport
import Foundation

/// `citius-bench compare`: Citius and each rival that is installed, in turn, for several rounds; every run is
/// a process of its own. The machine's moods then touch all alike, and the ratios mean something.
enum Comparison {
    /// A rival: its script in `peers/`, the Python module it needs, and the script's own arguments.
    private struct Peer {
        let name: String
        let script: String
        let module: String
        let arguments: [String]
    }

    private static let peers = [
        Peer(name: "pytorch", script: "pytorch.py", module: "torch", arguments: ["--mode", "eager"]),
        Peer(
            name: "pytorch-channels-last", script: "pytorch.py", module: "torch",
            arguments: ["--mode", "channels-last"]),
        Peer(
            name: "pytorch-fused-adam", script: "pytorch.py", module: "torch",
            arguments: ["--mode", "fused-adam"]),
        Peer(
            name: "pytorch-compile", script: "pytorch.py", module: "torch", arguments: ["--mode", "compile"]),
        Peer(name: "keras-tensorflow", script: "keras_tensorflow.py", module: "tensorflow", arguments: []),
        Peer(name: "jax", script: "jax_cnn.py", module: "jax", arguments: []),
        Peer(name: "onnx-runtime", script: "onnx_runtime.py", module: "onnxruntime", arguments: []),
    ]

    static func run(_ arguments: [String]) {
        let names = peers.map(\.name)
        let options = Options(
            program: "citius-bench compare",
            summary: "Runs Citius and its rivals in turn and prints the ratios.",
            [
                .init("--model", BenchmarkModels.names.joined(separator: "|"), "by default the first"),
                .init("--batch-size", "N", "of training; by default 32"),
                .init("--epochs", "N", "epochs a run; by default 3"),
                .init("--samples", "N", "train on the first N images only; by default 20,000"),
                .init("--rounds", "N", "how often each side runs; by default 3"),
                .init("--threads", "N", "for every side; by default as many as cores"),
                .init("--data", "FOLDER", "Fashion-MNIST's four files, gzipped; by default Debian's"),
                .init("--python", "PROGRAM", "the Python that has the rivals; by default python3"),
                .init("--scripts", "FOLDER", "the rivals' scripts; by default Benchmarks/peers"),
                .init("--peers", "A,B,…", "only these of \(names.joined(separator: ", "))"),
                .init("--json", nil, "print every run's JSON instead of the table"),
            ],
            arguments: arguments)
        let python = options.text("--python") ?? "python3"
        let scripts = options.text("--scripts") ?? "Benchmarks/peers"
        let wanted = options.text("--peers").map { $0.split(separator: ",").map(String.init) } ?? names
        for name in wanted where !names.contains(name) {
            options.fail("--peers names \(name), expected some of \(names.joined(separator: ", "))")
        }
        guard FileManager.default.fileExists(atPath: scripts + "/common.py") else {
            options.fail("\(scripts) does not hold the rivals' scripts; name their folder with --scripts")
        }
        let threads = options.number("--threads") ?? ProcessInfo.processInfo.activeProcessorCount
        var shared = [
            "--model", options.choice("--model", of: BenchmarkModels.names),
            "--batch-size", "\(options.number("--batch-size") ?? 32)",
            "--epochs", "\(options.number("--epochs") ?? 3)",
            "--samples", "\(options.number("--samples") ?? 20_000)", "--threads", "\(threads)",
        ]
        if let data = options.text("--data") { shared += ["--data", data] }

        let installed = peers.filter { wanted.contains($0.name) }.filter { peer in
            let isInstalled = Subprocess.output(of: python, ["-c", "import \(peer.module)"]) != nil
            if !isInstalled {
                complain("\(peer.name): \(peer.module) is not installed for \(python), left out")
            }
            return isInstalled
        }

        var runs: [String: [Measurement]] = [:]
        let rounds = options.number("--rounds") ?? 3
        for round in 1...rounds {
            func record(_ name: String, _ program: String, _ arguments: [String]) {
                complain("round \(round) of \(rounds): \(name)")
                guard let output = Subprocess.output(of: program, arguments, showingErrors: false),
                    let line = output.split(separator: "\n").last,
                    let measurement = try? JSONDecoder().decode(Measurement.self, from: Data(line.utf8))
                else {
                    complain("\(name): failed; try \(program) \(arguments.joined(separator: " "))")
                    return
                }
                if options.has("--json") { print(line) }
                runs[name, default: []].append(measurement)
            }
            record("citius", CommandLine.arguments[0], ["throughput", "--json"] + shared)
            for peer in installed {
                record(peer.name, python, ["\(scripts)/\(peer.script)"] + peer.arguments + shared)
            }
        }
        if !options.has("--json") { print(table(runs, ["citius"] + installed.map(\.name))) }
    }

    /// Medians over the rounds, and Citius's ratio to each rival: the median of the rounds' ratios.
    private static func table(_ runs: [String: [Measurement]], _ names: [String]) -> String {
        let columns: [(title: String, value: (Measurement) -> Double?, higherIsBetter: Bool)] = [
            ("training images/s", { $0.imagesPerSecond }, true),
            ("evaluation images/s", { $0.evaluationImagesPerSecond }, true),
            ("one image µs", { $0.latency }, false), ("memory MB", { $0.peakMemory }, false),
            ("start-up ms", { $0.startup }, false),
        ]
        var table = Table(
            header: [""] + columns.flatMap { [$0.title, "Citius is"] },
            rightAligned: Set(1...2 * columns.count))
        for name in names {
            guard let own = runs[name] else { continue }
            var row = [name]
            for column in columns {
                let values = own.compactMap(column.value)
                row.append(values.isEmpty ? "–" : fixed(median(values), decimals: 0))
                let ratios = zip(runs["citius"] ?? [], own).compactMap { citius, other -> Double? in
                    guard let a = column.value(citius), let b = column.value(other), a > 0, b > 0 else {
                        return nil
                    }
                    return column.higherIsBetter ? a / b : b / a
                }
                row.append(name == "citius" || ratios.isEmpty ? "" : fixed(median(ratios), decimals: 2) + "×")
            }
            table.add(row)
        }
        return table.description
    }
}
