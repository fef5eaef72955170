import CitiusData
import CitiusTensor
import Testing

@testable import CitiusModels

/// When a training validates, and what is recorded of it.
@Suite struct ValidationTests {
    @Test(arguments: [1, 2, 3, 5]) func comesAfterEverySoManyEpochs(frequency: Int) throws {
        let recorder = Recorder()
        let history = try linearModel().fit(
            linearData(count: 4), epochs: 7, verbose: .silent, callbacks: [recorder],
            validationData: linearData(count: 2), validationFrequency: frequency)
        // Keras validates after the epochs that the frequency divides, counted from 1.
        let validated = (0..<7).filter { ($0 + 1).isMultiple(of: frequency) }
        let recorded = (0..<7).filter { epoch in
            recorder.events.contains { $0.hasPrefix("epoch \(epoch) end") && $0.contains("val_loss") }
        }
        #expect(recorded == validated)
        #expect(history["val_loss"].count == validated.count && history["loss"].count == 7)
    }

    @Test func oneThatIsBrokenOffIsNotRecorded() throws {
        final class Stop: Callback {
            override func onTestBatchEnd(_ batch: Int, logs: Scores) {
                if batch == 1 { model.stopTraining = true }
            }
        }
        let recorder = Recorder()
        let history = try linearModel().fit(
            linearData(count: 4), batchSize: 2, epochs: 3, verbose: .silent, callbacks: [Stop(), recorder],
            validationData: linearData(count: 10))
        #expect(history.epochs == [0])
        #expect(history.names == ["loss"] && history["val_loss"].isEmpty)
        #expect(recorder.events.filter { $0.hasPrefix("test batch") && $0.hasSuffix("end") }.count == 2)
    }

    @Test func batchesOfTheWrongShapeAreRefused() throws {
        let train = linearData(count: 8).batched(4)
        let inputs = Dataset(inputs: Tensor(ones: [4, 5]), targets: Tensor(ones: [4, 2]))
        let error = #expect(throws: TrainingError.self) {
            try linearModel().fit(batches: train, verbose: .silent, validationData: inputs)
        }
        #expect(error?.description.hasPrefix("fit, validation: the inputs are [batch, 5]") == true)
        let targets = Dataset(inputs: Tensor(ones: [4, 3]), targets: Tensor(ones: [4, 7]))
        let other = #expect(throws: TrainingError.self) {
            try linearModel().fit(batches: train, verbose: .silent, validationData: targets)
        }
        #expect(other?.description.hasPrefix("fit, validation: the targets are [batch, 7]") == true)
        let labels = twoClasses(count: 40)
        let wrong = Dataset(
            inputs: labels.inputs, targets: Tensor([Int](repeating: 0, count: 39) + [2]))
        let label = #expect(throws: TrainingError.self) {
            try classifier().fit(batches: labels.batched(8), verbose: .silent, validationData: wrong)
        }
        #expect(label?.description.contains("label 2 at sample 39 is outside the model's 2 classes") == true)
    }
}
