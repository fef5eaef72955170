import Citius
import CitiusExampleSupport
import CitiusPlatform

/// The time from the start of a process to the first batch of the embedded data, with the model built.
enum Startup {
    /// Does what is timed, and prints the moment when it is done.
    static func reachFirstBatch() {
        do {
            let (train, _) = try FashionMNIST.load(.embedded)
            let model = BenchmarkModels.make("document-cnn", seed: 1)
            var batches = train.batched(32).shuffled(seed: 1).makeIterator()
            guard let batch = batches.next(), model.isBuilt else { fatalError("there is no first batch") }
            print("\(steadySeconds()) \(batch.inputs.count)")
        } catch {
            complain("citius-bench: \(error)")
            exit(1)
        }
    }

    /// Milliseconds, the median of several processes; nil if this program cannot start itself.
    static func milliseconds(rounds: Int = 7) -> Double? {
        var times: [Double] = []
        for _ in 0..<rounds {
            let start = steadySeconds()
            guard let output = Subprocess.output(of: CommandLine.arguments[0], ["startup"]),
                let end = output.split(separator: " ").first.flatMap({ Double($0) })
            else { return nil }
            times.append((end - start) * 1e3)
        }
        return median(times)
    }
}

/// Other programs, run to their end.
enum Subprocess {
    /// The standard output of a program that ends well; nil if it cannot be started or fails. Its standard
    /// error is shown if asked for.
    static func output(
        of program: String, _ arguments: [String], showingErrors: Bool = false
    ) -> String? {
        // Quoted for the shell, which finds a bare name as a user's would.
        let words = ([program] + arguments).map { word in
            "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
                + "'"
        }
        let command = words.joined(separator: " ") + (showingErrors ? "" : " 2>/dev/null")
        guard let stream = popen(command, "r") else { return nil }
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 {
            output += buffer.prefix(count)
        }
        return pclose(stream) == 0 ? String(decoding: output, as: UTF8.self) : nil
    }
}
