import Citius
import CitiusExampleSupport
import Foundation

/// The time from the start of a process to the first batch of the embedded data, with the model built.
enum Startup {
    /// Does what is timed, and prints the moment when it is done.
    static func reachFirstBatch() {
        do {
            let (train, _) = try FashionMNIST.load(.embedded)
            let model = BenchmarkModels.make("document-cnn", seed: 1)
            var batches = train.batches(of: 32, shuffledBy: RandomGenerator(seed: 1)).makeIterator()
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
        let process = Process()
        // A bare name is looked up as the shell would.
        if program.contains("/") {
            process.executableURL = URL(filePath: program)
            process.arguments = arguments
        } else {
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = [program] + arguments
        }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = showingErrors ? FileHandle.standardError : FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
    }
}
