import Citius
import CitiusTechniques
import CitiusTestSupport
import Foundation
import Testing

/// What the protocol promises, whichever technique it is.
@Suite struct TechniqueTests {
    let data = twoClasses(count: 70)

    /// Notes the order of its hooks.
    private final class Witness: Technique {
        let name: String
        let stage: TechniqueStage
        let span: Range<Double>
        let log: Log

        final class Log { var events: [String] = [] }

        init(_ name: String, _ stage: TechniqueStage, _ log: Log, during span: Range<Double> = .wholeTraining)
        {
            (self.name, self.stage, self.log, self.span) = (name, stage, log, span)
        }

        func begin(_ training: Training) { log.events.append("\(name) begin") }
        func prepare(_ training: Training) { log.events.append("\(name) prepare") }
        func select(_ selection: inout SampleSelection, in training: Training) {
            log.events.append("\(name) select")
        }
        func beginStep(in training: Training) { log.events.append("\(name) beginStep") }
        func transform(_ batch: inout Batch, in training: Training) { log.events.append("\(name) transform") }
        func loss(
            _ predictions: [Variable], _ batch: Batch, in training: Training, inner: (Batch) -> Variable
        ) -> Variable {
            log.events.append("\(name) loss")
            return inner(batch)
        }
        func changeGradients(_ gradients: inout TrainingGradients, in training: Training) {
            log.events.append("\(name) changeGradients")
        }
        func endStep(in training: Training) { log.events.append("\(name) endStep") }
        func end(_ training: Training) { log.events.append("\(name) end") }
    }

    @Test func hooksAreCalledStageByStageAndLaterLossesWrapEarlierOnes() throws {
        let log = Witness.Log()
        try train(
            classifier(), data, batchSize: 70, [Witness("b", .mixing, log), Witness("a", .data, log)])
        #expect(
            log.events == [
                "a begin", "b begin", "a prepare", "b prepare", "a select", "b select", "a beginStep",
                "b beginStep", "a transform", "b transform", "b loss", "a loss", "a changeGradients",
                "b changeGradients", "a endStep", "b endStep", "a end", "b end",
            ])
    }

    @Test func aSpanHoldsTheHooksOfItsPartOfTheTrainingAlone() throws {
        let log = Witness.Log()
        try train(
            classifier(), data, epochs: 4, batchSize: 35, [Witness("a", .inputs, log, during: 0.25..<0.75)])
        // Epochs 1 and 2 of four, two steps each.
        #expect(log.events.filter { $0 == "a transform" }.count == 4)
        #expect(log.events.filter { $0 == "a select" }.count == 2)
        #expect(log.events.first == "a begin" && log.events.last == "a end")
    }

    @Test func aTechniqueThatDoesNothingChangesNothing() throws {
        let (plain, observed) = (classifier(), classifier())
        let history = try plain.fit(data, batchSize: 16, epochs: 3, verbose: .silent)
        let other = try train(observed, data, epochs: 3, [Recorder()])
        #expect(plain.weights == observed.weights)
        #expect(history.logs == other.logs)
    }

    @Test func batchesSayWhereTheirSamplesStand() throws {
        let recorder = Recorder()
        try train(classifier(), data, [recorder])
        let inputs = data.inputs
        var seen: [Int] = []
        for batch in recorder.batches {
            let indices = try #require(batch.indices)
            #expect(batch.inputs == inputs.taking(Tensor(indices.map(Int64.init))))
            seen += indices
        }
        #expect(seen.sorted() == Array(0..<70) && seen != seen.sorted())
    }

    @Test func twoThatClaimTheSameAreRefusedUnlessTheirSpansAreApart() throws {
        let model = classifier()
        let weights = model.weights
        let error = #expect(throws: TrainingError.self) {
            try train(model, data, [.mixUp(0.2), .labelSmoothing(), .mixUp(0.4, during: 0.5..<1)])
        }
        #expect(error?.kind == .technique)
        #expect(error?.description.contains("BatchMixUp and BatchMixUp both interpolate the loss") == true)
        #expect(model.weights == weights)
        #expect(Model.conflict(among: [.mixUp(during: 0..<0.5), .mixUp(during: 0.5..<1)]) == nil)
        let twice = LabelSmoothing()
        #expect(Model.conflict(among: [twice, twice])?.contains("is given twice") == true)
    }

    private final class Failing: Technique {
        struct Problem: Error, CustomStringConvertible { let description = "no luck" }
        func prepare(_ training: Training) throws { throw Problem() }
    }

    @Test func anErrorOfATechniqueEndsTheTrainingBeforeItsFirstStep() {
        let model = classifier()
        let weights = model.weights
        let rate = model.optimizer?.learningRate
        let error = #expect(throws: TrainingError.self) { try train(model, data, [Failing(), .oneCycle()]) }
        #expect(error?.description == "fit: the technique Failing: no luck")
        #expect(model.weights == weights && model.optimizer?.learningRate == rate)
        #expect(throws: Never.self) { try train(model, data, []) }
    }

    private final class Halving: Technique {
        func changeGradients(_ gradients: inout TrainingGradients, in training: Training) {
            for index in gradients.parameters.indices { gradients[index] = gradients[index] * 0.5 }
        }
    }

    @Test func gradientsAreChangedBeforeTheOptimizerTakesThem() throws {
        let (halved, slow) = (
            classifier(optimizer: SGD(learningRate: 0.5)), classifier(optimizer: SGD(learningRate: 0.25))
        )
        try train(halved, data, [Halving()])
        try train(slow, data, [])
        for (a, b) in zip(halved.weights, slow.weights) { expectClose(a, b) }
    }

    private final class Nothing: Technique {
        func beginStep(in training: Training) { training.learningRateFactor *= 0.5 }
        func transform(_ batch: inout Batch, in training: Training) { batch = batch.subset([]) }
    }

    @Test func aBatchOfWhichNothingIsLeftIsNoStep() throws {
        let model = classifier(optimizer: SGD(learningRate: 0.5))
        let weights = model.weights
        try train(model, data, [Nothing()])
        #expect(model.weights == weights && model.optimizer?.iterations == 0)
        #expect(model.optimizer?.learningRate == 0.5)
    }

    private final class TwoSelections: Technique {
        var weights: [Float]?
        func select(_ selection: inout SampleSelection, in training: Training) {
            selection.keep([2, 0, 1], factors: [2, 3, 4])
            selection.keep([2, 0], factors: [5, 7])
            weights = selection.weights
        }
    }

    @Test func factorsOfSelectionsMultiply() throws {
        let selections = TwoSelections()
        try train(classifier(), data, epochs: 1, [selections])
        #expect(selections.weights == [20, 14])
    }

    @Test func factorsMultiplyAScheduleAndItIsPutBack() throws {
        let schedule = ExponentialDecay(initialLearningRate: 0.1, decaySteps: 10, decayRate: 0.5)
        let model = classifier(optimizer: SGD(learningRate: schedule))
        let recorder = Recorder()
        try train(model, data, batchSize: 70, [.batchSize(35, scaling: .linear), recorder])
        #expect(zip(recorder.rates, [0.05, 0.05 * pow(0.5, 0.1)]).allSatisfy { abs($0 - $1) < 1e-12 })
        #expect(recorder.rates.count == 2)
        #expect(model.optimizer?.learningRateSchedule is ExponentialDecay)
    }

    /// Callbacks see and change the rate that techniques multiply.
    @Test func callbacksSetTheRateThatTechniquesMultiply() throws {
        let model = classifier(optimizer: SGD(learningRate: 0.8))
        let recorder = Recorder()
        var seen: [Double] = []
        let scheduler = LearningRateScheduler { epoch, rate in
            seen.append(rate)
            return epoch == 0 ? rate : rate / 2
        }
        try train(
            model, data, epochs: 3, batchSize: 70, callbacks: [scheduler],
            [.batchSize(35, scaling: .linear), recorder])
        #expect(seen == [0.8, 0.8, 0.4])
        #expect(recorder.rates == [0.4, 0.4, 0.2, 0.2, 0.1, 0.1])
        #expect(model.optimizer?.learningRate == 0.2)
    }

    // MARK: Trainings that are resumed

    private func everything() -> [any Technique] {
        [
            .randomSubsets(0.6), .selectiveBackprop(history: 64, during: 0.2..<1), .mixUp(),
            .labelSmoothing(),
            .oneCycle(peak: 0.03), .ema(0.9), .batchSize(8),
        ]
    }

    private func alternatives() -> [any Technique] {
        [.infoBatch(), .swa(from: 0.3), .cosineDecay(), .batchSize(12, scaling: .none)]
    }

    private func others() -> [any Technique] {
        [.growingData(from: 0.2), .lawa(of: 3, every: 2), .snapshots(2)]
    }

    @Test(arguments: 0..<3, [3, 9, 16])
    func aTrainingThatIsBrokenOffGoesOnWithTheSameBits(which: Int, steps: Int) throws {
        func techniques() -> [any Technique] { [everything(), alternatives(), others()][which] }
        let folder = FileManager.default.temporaryDirectory.appending(path: "citius-\(UUID())").path()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = folder + "/backup"
        let validation = twoClasses(count: 30, seed: 5)

        let whole = classifier(normalizes: true)
        let history = try train(whole, data, epochs: 5, validation: validation, techniques())

        // The second program knows nothing of the first but the file.
        let broken = classifier(normalizes: true)
        var taken = 0
        let stop = LambdaCallback(onTrainBatchEnd: { _, _ in
            taken += 1
            if taken == steps { broken.stopTraining = true }
        })
        try train(
            broken, data, epochs: 5, callbacks: [BackupAndRestore(path, saveFrequency: .steps(1)), stop],
            validation: validation, techniques())
        let resumed = classifier(seed: 99, normalizes: true)
        let rest = try train(
            resumed, data, epochs: 5, callbacks: [BackupAndRestore(path)], validation: validation,
            techniques())
        #expect(resumed.weights == whole.weights, "broken off after step \(steps)")
        #expect(rest.logs.last == history.logs.last)
    }

    @Test func aBackupOfOtherTechniquesIsRefused() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "citius-\(UUID())").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let backup = { BackupAndRestore(path, deleteCheckpoint: false) }
        try train(classifier(), data, epochs: 1, callbacks: [backup()], [.ema()])
        let error = #expect(throws: TrainingError.self) {
            try train(classifier(), data, epochs: 2, callbacks: [backup()], [.lawa()])
        }
        #expect(error?.kind == .technique)
    }

    @Test func aTrainingHasTheSameBitsOnAnyNumberOfThreads() throws {
        try expectSameBitsOnAnyThreads {
            let model = classifier()
            try train(model, data, epochs: 3, everything())
            return model.weights
        }
    }
}
