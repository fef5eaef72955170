import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

@Suite struct ReduceLROnPlateauTests {
    @Test(arguments: GoldenFile.load("callbacks/ReduceLROnPlateau").cases)
    func reducesAsKerasDoes(_ golden: GoldenCase) throws {
        let values = golden.tensor("values").elements(as: Double.self)
        let callback = ReduceLROnPlateau(
            monitor: "watched", factor: golden.number("factor") ?? 0,
            patience: Int(golden.number("patience") ?? 0),
            mode: golden.text("mode") == "min" ? .lowest : .highest,
            minDelta: golden.number("min_delta") ?? 1e-4,
            cooldown: Int(golden.number("cooldown") ?? 0), minLearningRate: golden.number("min_lr") ?? 0)
        let model = linearModel(learningRate: 1)
        var rates: [Double] = []
        let history = try model.fit(
            linearData(count: 2), epochs: values.count, verbose: .silent,
            callbacks: [
                ScriptedLogs("watched", values), callback,
                LambdaCallback(onEpochEnd: { _, _ in rates.append(model.optimizer?.learningRate ?? 0) }),
            ])
        let expected = golden.tensor("rates").elements(as: Double.self)
        #expect(zip(rates, expected).allSatisfy { abs($0 - $1) < 1e-7 } && rates.count == expected.count)
        // The logs have the rates that the epochs were trained with.
        #expect(history["learning_rate"] == [1] + rates.dropLast())
    }

    @Test func mistakesTrap() async {
        let schedule = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let model = linearModel()
            model.compile(
                optimizer: SGD(learningRate: CosineDecay(initialLearningRate: 1, decaySteps: 5)),
                loss: .meanSquaredError)
            try model.fit(
                linearData(count: 2), verbose: .silent, callbacks: [ReduceLROnPlateau(monitor: "loss")])
        }
        #expect(
            errorText(of: schedule).contains(
                "ReduceLROnPlateau: a schedule decides the optimizer's learning rate"))
        let factor = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = ReduceLROnPlateau(factor: 1)
        }
        #expect(
            errorText(of: factor).contains(
                "ReduceLROnPlateau: factor is 1.0, expected at least 0 and below 1"))
    }
}

/// Adds values of a metric to the logs, epoch by epoch.
final class ScriptedLogs: Callback {
    private let name: String
    private let values: [Double]

    init(_ name: String, _ values: [Double]) { (self.name, self.values) = (name, values) }

    override func onEpochEnd(_ epoch: Int, logs: inout Scores) { logs[name] = values[epoch] }
}
