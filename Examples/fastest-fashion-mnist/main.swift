// The quickest road that was found to a test accuracy on Fashion-MNIST, and the document's plain program beside it.
// `run` times both from cold starts, with many seeds, and tests that the road reaches its target.

import Citius
import CitiusExampleSupport
import CitiusPlatform

let begin = steadySeconds()
let targets = Road.all.map { "\($0.percent)" }
let options = Options(
    program: "fastest-fashion-mnist",
    summary: "Trains on Fashion-MNIST to a test accuracy, as quickly as it can.",
    [
        .init(
            "--target", targets.joined(separator: "|"),
            "the test accuracy to reach, in percent; by default \(targets[0])"),
        .init(
            "--plain", nil,
            "by the document's network and program instead, epoch by epoch until it is reached"),
        .init("--data", "FOLDER", "where Fashion-MNIST's four files are; by default as document-cnn"),
        .init("--samples", "N", "train on the first N images only, for as much shorter; by default on all"),
        .init("--seed", "N", "of all that is random; by default 1"),
        .init("--threads", "N", "by default as many as cores"),
        .init("--json", nil, "end with one line of JSON"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))

if let threads = options.number("--threads") { Threads.count = threads }
let seed = UInt64(options.number("--seed", least: 0) ?? 1)
let target = options.choice("--target", of: targets)

do {
    let (all, test) = try FashionMNIST.load(from: options.text("--data"))
    let train = all.prefix(min(options.number("--samples") ?? all.count, all.count))
    let road = Road.all.first { "\($0.percent)" == target } ?? Road.all[0]
    let result =
        options.has("--plain")
        ? try plainProgram(to: Double(road.percent) / 100, train, test, seed: seed)
        : try road.run(
            train, test, fraction: Double(train.count) / Double(all.count), seed: seed)
    let seconds = steadySeconds() - begin - result.secondsOffTheClock
    print("Test accuracy \(fixed(result.testAccuracy, decimals: 4)) after \(result.length).")
    complain(
        "\(fixed(seconds, decimals: 2)) s, reading the images and predicting the test's included.")
    if options.has("--json") {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.keyEncodingStrategy = .convertToSnakeCase
        print(String(decoding: try encoder.encode(result), as: UTF8.self))
    }
} catch {
    complain("fastest-fashion-mnist: \(error)")
    exit(1)
}
