import CitiusLayers
import CitiusTensor
import Foundation
import Testing

@testable import CitiusModels

/// Each row is what Keras's `EarlyStopping` does with the same values.
@Suite struct EarlyStoppingTests {
    /// Feeds values in as logs, epoch by epoch, and marks each epoch's weights by its number.
    private func run(
        _ values: [Double], name: String = "watched", _ callback: EarlyStopping
    ) throws -> (epochs: Int, model: Sequential) {
        final class Script: Callback {
            let name: String
            let values: [Double]
            init(_ name: String, _ values: [Double]) { (self.name, self.values) = (name, values) }
            override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
                logs[name] = values[epoch]
                model.weights = model.weights.map { $0 * 0 + Double(epoch) }
            }
        }
        let model = linearModel(learningRate: 0)
        let history = try model.fit(
            linearData(count: 2), epochs: values.count, verbose: .silent,
            callbacks: [Script(name, values), callback])
        return (history.epochs.count, model)
    }

    struct Row: CustomStringConvertible {
        let description: String
        let values: [Double]
        let callback: () -> EarlyStopping
        let epochs: Int
        let stopped: Int?
        let best: Int
    }

    static var rows: [Row] {
        [
            Row(
                description: "stops at the first epoch without improvement", values: [3, 2, 2, 1],
                callback: { EarlyStopping(monitor: "watched", mode: .lowest) }, epochs: 3, stopped: 2, best: 1
            ),
            Row(
                description: "goes on while it improves", values: [3, 2, 1, 0],
                callback: { EarlyStopping(monitor: "watched", mode: .lowest) }, epochs: 4, stopped: nil,
                best: 3),
            Row(
                description: "higher may be better", values: [1, 2, 3, 2, 5],
                callback: { EarlyStopping(monitor: "watched", mode: .highest) }, epochs: 4, stopped: 3,
                best: 2),
            Row(
                description: "is patient", values: [3, 4, 4, 2, 4, 4, 4, 0],
                callback: { EarlyStopping(monitor: "watched", patience: 3, mode: .lowest) }, epochs: 7,
                stopped: 6, best: 3),
            Row(
                description: "small changes are none", values: [3, 2.9, 2.8, 2.7],
                callback: { EarlyStopping(monitor: "watched", minDelta: 0.25, patience: 2, mode: .lowest) },
                epochs: 3, stopped: 2, best: 0),
            Row(
                description: "small changes add up", values: [3, 2.9, 2.7, 2.6, 2.6],
                callback: { EarlyStopping(monitor: "watched", minDelta: 0.25, patience: 2, mode: .lowest) },
                epochs: 5, stopped: 4, best: 2),
            Row(
                description: "a baseline must be beaten", values: [3, 2.5, 2.4, 2.3, 1],
                callback: { EarlyStopping(monitor: "watched", patience: 3, mode: .lowest, baseline: 2) },
                epochs: 5, stopped: nil, best: 4),
            Row(
                description: "below the baseline patience runs out", values: [3, 2.5, 2.6, 2.7, 1],
                callback: { EarlyStopping(monitor: "watched", patience: 3, mode: .lowest, baseline: 2) },
                epochs: 3, stopped: 2, best: 1),
            Row(
                description: "early epochs are not looked at", values: [0, 1, 3, 2, 2],
                callback: { EarlyStopping(monitor: "watched", mode: .lowest, startFromEpoch: 2) }, epochs: 5,
                stopped: 4, best: 3),
        ]
    }

    @Test(arguments: rows.indices)
    func stopsAsKerasDoes(_ index: Int) throws {
        let row = Self.rows[index]
        let callback = row.callback()
        let (epochs, model) = try run(row.values, callback)
        #expect(epochs == row.epochs, "\(row)")
        #expect(callback.stoppedEpoch == row.stopped, "\(row)")
        #expect(callback.bestEpoch == row.best, "\(row)")
        // Without restoring, the weights are those of the last epoch.
        #expect(model.weights[1].elements(as: Float.self) == [Float](repeating: Float(epochs - 1), count: 2))
    }

    @Test(arguments: [[3, 1, 2, 2, 2], [3, 1, 2], [1, 2, 3]] as [[Double]])
    func restoresTheBestWeights(_ values: [Double]) throws {
        let callback = EarlyStopping(
            monitor: "watched", patience: 2, mode: .lowest, restoreBestWeights: true)
        let (_, model) = try run(values, callback)
        let best = values.firstIndex(of: 1) ?? -1
        #expect(callback.bestEpoch == best)
        #expect(model.weights[0].elements(as: Float.self) == [Float](repeating: Float(best), count: 6))
    }

    @Test func goesByTheMetricsGoal() throws {
        let model = classifier()
        let script = LambdaCallback()
        let callback = EarlyStopping(monitor: "val_accuracy", patience: 50, restoreBestWeights: true)
        let history = try model.fit(
            twoClasses(count: 32), epochs: 6, verbose: .silent, callbacks: [script, callback],
            validationData: twoClasses(count: 32, seed: 3))
        let values = history["val_accuracy"]
        #expect(callback.bestEpoch == values.firstIndex(of: try #require(values.max())))
    }

    @Test func saysWhatItCannotKnow() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try linearModel().fit(
                linearData(count: 2), verbose: .silent, callbacks: [EarlyStopping(monitor: "val_score")])
        }
        #expect(
            errorText(of: result)
                .contains(
                    "EarlyStopping: there is no \"val_score\" to watch; there are loss, val_loss. Of a value")
        )
        let missing = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            try linearModel().fit(
                linearData(count: 2), epochs: 3, verbose: .silent, callbacks: [EarlyStopping()])
            exit(0)
        }
        let text = errorText(of: missing)
        #expect(
            text.components(separatedBy: "EarlyStopping: there is no \"val_loss\" to watch; there are loss")
                .count == 2)
    }
}
