import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusModels

/// Trainings that are broken off and go on; models that are saved as they train.
@Suite struct CheckpointTests {
    /// Breaks a training off as a killed process would: nothing after the step is run, nothing is tidied.
    private struct Killed: Error {}

    /// A network with everything that a backup must keep: shuffling, dropout, moving statistics, momenta.
    private func makeModel() -> Sequential {
        let model = Sequential(seed: 3) {
            Input(4)
            Dense(8, activation: .relu)
            BatchNormalization()
            Dropout(0.3)
            Dense(3, activation: .softmax)
        }
        model.compile(
            optimizer: Adam(learningRate: CosineDecay(initialLearningRate: 0.05, decaySteps: 40)),
            loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        return model
    }

    private let data = Dataset(
        inputs: randomTensor([70, 4], dtype: .float32, seed: 6),
        targets: Tensor((0..<70).map { Int64($0 % 3) }))

    /// Three epochs in as many runs as it takes, each of which ends after some steps.
    private func interrupted(
        after steps: [Int], _ path: String, _ frequency: SaveFrequency, stepsPerEpoch: Int? = nil,
        batches: Batches? = nil
    ) throws -> (weights: [Tensor], logs: [Scores]) {
        var lives = steps.makeIterator()
        var logs: [Int: Scores] = [:]
        while true {
            let model = makeModel()
            let life = lives.next()
            var taken = 0
            let killer = LambdaCallback(onTrainBatchBegin: { _ in
                taken += 1
                if let life, taken > life { model.stopTraining = true }
            })
            let backup = Backup(path, frequency, diesAfter: life)
            let history =
                if let batches {
                    try model.fit(
                        batches, epochs: 3, verbose: .silent, callbacks: [backup, killer],
                        stepsPerEpoch: stepsPerEpoch)
                } else {
                    try model.fit(
                        data, batchSize: 16, epochs: 3, verbose: .silent, callbacks: [backup, killer],
                        validationSplit: 0.1, stepsPerEpoch: stepsPerEpoch)
                }
            for (epoch, scores) in zip(history.epochs, history.logs) where epoch != history.brokenOffEpoch {
                logs[epoch] = scores
            }
            if life == nil { return (model.weights, logs.sorted { $0.key < $1.key }.map { $0.value }) }
        }
    }

    /// A backup that dies with its process: after so many steps it writes no more.
    private final class Backup: Callback {
        private let backup: BackupAndRestore
        private let diesAfter: Int?
        private var steps = 0

        init(_ path: String, _ frequency: SaveFrequency, diesAfter: Int?) {
            backup = BackupAndRestore(path, saveFrequency: frequency, deleteCheckpoint: false)
            self.diesAfter = diesAfter
        }

        private var isDead: Bool { diesAfter.map { steps >= $0 } ?? false }

        override func onTrainBegin() {
            backup.attach(to: model, plan: plan)
            backup.onTrainBegin()
        }
        override func onTrainBatchEnd(_ batch: Int, logs: Scores) {
            if !isDead { backup.onTrainBatchEnd(batch, logs: logs) }
            steps += 1
        }
        override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
            if !isDead { backup.onEpochEnd(epoch, logs: &logs) }
        }
    }

    @Test(arguments: [SaveFrequency.epoch, .steps(1), .steps(2)], [nil, 3] as [Int?])
    func aTrainingThatIsBrokenOffEndsWithTheSameBits(_ frequency: SaveFrequency, _ stepsPerEpoch: Int?) throws
    {
        let straight = makeModel()
        let history = try straight.fit(
            data, batchSize: 16, epochs: 3, verbose: .silent, validationSplit: 0.1,
            stepsPerEpoch: stepsPerEpoch)
        for lives in [[1], [2], [3, 1, 1], [5], [6, 2], [1, 1, 1, 1, 4], [11]] {
            try SavingTests.withFolder { folder in
                let path = folder.appending(path: "backup").path
                let (weights, logs) = try interrupted(
                    after: lives, path, frequency, stepsPerEpoch: stepsPerEpoch)
                #expect(weights == straight.weights, "\(lives)")
                #expect(logs.last == history.logs.last, "\(lives)")
            }
        }
    }

    /// Two epochs that are backed up, saved and written down in a folder.
    private static func trainTwoEpochs(in folder: String) throws -> [Tensor] {
        let tests = CheckpointTests()
        let model = tests.makeModel()
        try model.fit(
            tests.data, batchSize: 35, epochs: 2, verbose: .silent,
            callbacks: [
                BackupAndRestore(folder + "/backup"), ModelCheckpoint(folder + "/model"),
                CSVLogger(folder + "/log.csv"),
            ])
        return model.weights
    }

    /// A process that is killed before any call that changes a file: the next one goes on and ends with the same bits and
    /// lines.
    @Test(.enabled(if: hasKillPoints)) func aKilledProcessIsGoneOnWith() async throws {
        func log(_ folder: String) throws -> String {
            try String(contentsOfFile: folder + "/log.csv", encoding: .utf8)
        }
        try await withTemporaryFolderAsync { reference in
            let weights = try Self.trainTwoEpochs(in: reference)
            let lines = try log(reference)
            #expect(lines.utf8.split(separator: 10).count == 3)
            for call in 1... {
                let isOver = try await withTemporaryFolderAsync { folder in
                    let result = await #expect(
                        processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
                    ) { [folder = folder as String, call = call as Int] in
                        try Survivor.run(before: call) { _ = try Self.trainTwoEpochs(in: folder) }
                    }
                    let isOver = try Survivor.wasSeen(in: result)
                    #expect(try Self.trainTwoEpochs(in: folder) == weights, "killed before call \(call)")
                    #expect(try log(folder) == lines, "killed before call \(call)")
                    #expect(try Model.load(from: folder + "/model").weights == weights)
                    return isOver
                }
                if isOver {
                    // Of two epochs' models, backups and lines.
                    #expect(call > 20)
                    break
                }
            }
        }
    }

    /// As many pieces as batches, of no batch's size.
    private struct Stream: SampleStream {
        let data: Dataset
        func makeReader() -> any SampleReader { Reader(data) }

        private final class Reader: SampleReader {
            private var rest: Dataset
            init(_ data: Dataset) { rest = data }
            func next() -> Dataset? {
                guard !rest.isEmpty else { return nil }
                let piece = rest.prefix(11)
                rest = rest.subset(piece.count..<rest.count)
                return piece
            }
        }
    }

    /// With a seed and without, of numbered samples and of streams, with threads and random transforms.
    @Test(arguments: 0..<6, [nil, 3] as [Int?])
    func recipesGoOnWithinAPassWithTheSameBits(_ recipe: Int, _ stepsPerEpoch: Int?) throws {
        let plain = recipe % 3 == 0 ? data.batched(16) : Stream(data: data).batched(16)
        var batches = plain.shuffled(seed: recipe < 3 ? 8 : nil, buffer: 20)
        if recipe % 3 > 0 {
            batches = batches.mapped(parallel: recipe % 3) { batch, random in
                var batch = batch
                batch.inputs = batch.inputs + Tensor(normal: batch.inputs.shape, using: &random)
                return batch
            }
        }
        let straight = makeModel()
        let history = try straight.fit(batches, epochs: 3, verbose: .silent, stepsPerEpoch: stepsPerEpoch)
        for lives in [[1], [3, 1, 1], [5], [6, 2], [11]] {
            try SavingTests.withFolder { folder in
                let path = folder.appending(path: "backup").path
                let (weights, logs) = try interrupted(
                    after: lives, path, .steps(1), stepsPerEpoch: stepsPerEpoch, batches: batches)
                #expect(weights == straight.weights, "\(lives)")
                #expect(logs.last == history.logs.last, "\(lives)")
            }
        }
    }

    /// Callbacks that keep a state, in an order in which the backup is not the last.
    private func statefulCallbacks(_ folder: String, _ backup: Callback) -> [Callback] {
        [
            backup, CSVLogger(folder + "/log.csv"),
            ScriptedLogs("watched", [4, 3, 5, 5, 5, 2, 6, 7, 8, 9, 9, 9]),
            LearningRateScheduler { _, rate in rate * 0.99 },
            ReduceLROnPlateau(monitor: "watched", factor: 0.5, patience: 1, mode: .lowest, cooldown: 1),
            ModelCheckpoint(folder + "/best", monitor: "watched", saveBestOnly: true, mode: .lowest),
            SwapEMAWeights(swapOnEpoch: true),
            EarlyStopping(monitor: "watched", patience: 4, mode: .lowest, restoreBestWeights: true),
        ]
    }

    private func makeModelForCallbacks() -> Sequential {
        let model = makeModel()
        model.compile(
            optimizer: Adam(learningRate: 0.05, useEMA: true, emaMomentum: 0.8),
            loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        return model
    }

    /// What callbacks have gathered goes on too: patience, best values and weights, rates, the lines of a log.
    @Test(arguments: [SaveFrequency.epoch, .steps(1), .steps(3)])
    func callbacksGoOnWhereTheyWere(_ frequency: SaveFrequency) throws {
        func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
        try withTemporaryFolder { reference in
            let straight = makeModelForCallbacks()
            let history = try straight.fit(
                data, batchSize: 16, epochs: 12, verbose: .silent,
                callbacks: statefulCallbacks(reference, LambdaCallback()), validationSplit: 0.1)
            #expect(history.epochs.count == 10, "the training is to stop early")
            #expect(history["learning_rate"].last ?? 1 < 0.02, "the rate is to be lowered")
            // Four steps an epoch: broken off at all sorts of them, also right after the last one before the stop.
            for lives in [[4], [8], [10], [3, 7, 13], [21, 5], [24, 12], [39], [40], [41], [1, 40]] {
                try withTemporaryFolder { work in
                    let (folder, killed) = (work + "/folder", work + "/killed")
                    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                    for life in lives + [Int.max] {
                        let model = makeModelForCallbacks()
                        var steps = 0
                        // What is written after its last step is taken back, as if the process had ended there.
                        let killer = LambdaCallback(onTrainBatchBegin: { _ in
                            steps += 1
                            guard life < .max, steps == life + 1 else { return }
                            copy(folder, to: killed)
                            model.stopTraining = true
                        })
                        let backup = BackupAndRestore(
                            folder + "/backup", saveFrequency: frequency, deleteCheckpoint: false)
                        try model.fit(
                            data, batchSize: 16, epochs: 12, verbose: .silent,
                            callbacks: [killer] + statefulCallbacks(folder, backup), validationSplit: 0.1)
                        if steps > life { copy(killed, to: folder) }
                        if life == .max { #expect(model.weights == straight.weights, "\(lives)") }
                    }
                    #expect(try text(folder + "/log.csv") == text(reference + "/log.csv"), "\(lives)")
                    #expect(
                        try Model.load(from: folder + "/best").weights
                            == Model.load(from: reference + "/best").weights, "\(lives)")
                }
            }
        }
    }

    private func copy(_ source: String, to destination: String) {
        try? FileManager.default.removeItem(atPath: destination)
        do { try FileManager.default.copyItem(atPath: source, toPath: destination) } catch {
            Issue.record("\(error)")
        }
    }

    @Test func aBackupOfOtherCallbacksIsRefused() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/backup"
            func run(_ callbacks: [Callback], epochs: Int) throws {
                try makeModelForCallbacks().fit(
                    data, epochs: epochs, verbose: .silent,
                    callbacks: [BackupAndRestore(path, deleteCheckpoint: false)] + callbacks)
            }
            try run([EarlyStopping(monitor: "loss", patience: 9, restoreBestWeights: true)], epochs: 1)
            let error = #expect(throws: TrainingError.self) { try run([], epochs: 2) }
            #expect(
                error?.description.contains("with the callbacks [EarlyStopping] that keep a state") == true)
            #expect(throws: TrainingError.self) { try run([ReduceLROnPlateau(monitor: "loss")], epochs: 2) }
            try run([EarlyStopping(monitor: "loss", patience: 9)], epochs: 2)
        }
    }

    @Test func aBackupGoesWhenTheTrainingIsDone() throws {
        try SavingTests.withFolder { folder in
            let path = folder.appending(path: "backup").path
            var wasThere = false
            let watcher = LambdaCallback(onEpochBegin: { epoch in
                if epoch == 1 { wasThere = FileManager.default.fileExists(atPath: path) }
            })
            try makeModel().fit(
                data, epochs: 2, verbose: .silent, callbacks: [BackupAndRestore(path), watcher])
            #expect(wasThere && !FileManager.default.fileExists(atPath: path))
            // One that is stopped keeps it, and goes on within the epoch.
            let stopped = makeModel()
            let stopper = LambdaCallback(onTrainBatchEnd: { batch, _ in
                if batch == 1 { stopped.stopTraining = true }
            })
            let history = try stopped.fit(
                data, batchSize: 16, epochs: 1, verbose: .silent,
                callbacks: [BackupAndRestore(path), stopper])
            #expect(history.brokenOffEpoch == 0 && history.completeEpochs == 0)
            let resumed = makeModel()
            let recorder = Recorder()
            try resumed.fit(
                data, batchSize: 16, epochs: 1, verbose: .silent,
                callbacks: [BackupAndRestore(path), recorder])
            #expect(recorder.events.prefix(3) == ["train begin", "epoch 0 begin", "batch 2 begin"])
            let straight = makeModel()
            try straight.fit(data, batchSize: 16, epochs: 1, verbose: .silent)
            #expect(resumed.weights == straight.weights)
        }
    }

    /// A training that stopped early has come to its end; one that met an error has not.
    @Test func anEarlyStopIsAnEnd() throws {
        try SavingTests.withFolder { folder in
            let path = folder.appending(path: "backup").path
            let patience = EarlyStopping(monitor: "loss", minDelta: 100, patience: 1)
            let history = try makeModel().fit(
                data, epochs: 9, verbose: .silent, callbacks: [BackupAndRestore(path), patience])
            #expect(history.epochs.count < 9 && !FileManager.default.fileExists(atPath: path))
            let model = makeModel()
            var epoch = 0
            let batches = AnySequence { () -> AnyIterator<Batch> in
                epoch += 1
                let targets = Tensor([Int64(epoch == 3 ? 7 : 0), 1])
                return AnyIterator([Batch(inputs: Tensor(ones: [2, 4]), targets: targets)].makeIterator())
            }
            #expect(throws: TrainingError.self) {
                try model.fit(
                    batches: batches, epochs: 5, verbose: .silent, callbacks: [BackupAndRestore(path)])
            }
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func backupsThatDoNotFitEndTheTraining() throws {
        try SavingTests.withFolder { folder in
            let path = folder.appending(path: "backup").path
            try makeModel().saveWeights(to: path)
            let error = #expect(throws: TrainingError.self) {
                try makeModel().fit(data, verbose: .silent, callbacks: [BackupAndRestore(path)])
            }
            #expect(error?.kind == .callback)
            #expect(error?.description.contains("is no backup of a training") == true)
            let unwritable = BackupAndRestore(folder.appending(path: "no/folder/backup").path)
            let model = makeModel()
            let failure = #expect(throws: TrainingError.self) {
                try model.fit(data, epochs: 3, verbose: .silent, callbacks: [unwritable])
            }
            #expect(failure?.description.contains("BackupAndRestore: ") == true)
            // What was learned and recorded is kept.
            #expect(model.history?.epochs == [0] && model.optimizer?.iterations == 3)
        }
    }

    @Test func theBestModelIsSaved() throws {
        try SavingTests.withFolder { folder in
            let path = folder.appending(path: "best.safetensors").path
            let model = linearModel()
            let values = [3.0, 1, 2, 0.5, 0.75]
            final class Script: Callback {
                let values: [Double]
                init(_ values: [Double]) { self.values = values }
                override func onEpochEnd(_ epoch: Int, logs: inout Scores) { logs["watched"] = values[epoch] }
            }
            var weights: [[Tensor]] = []
            let recorder = LambdaCallback(onEpochEnd: { _, _ in weights.append(model.weights) })
            let checkpoint = ModelCheckpoint(path, monitor: "watched", saveBestOnly: true, mode: .lowest)
            try model.fit(
                linearData(count: 32), epochs: 5, verbose: .silent,
                callbacks: [Script(values), checkpoint, recorder])
            #expect(checkpoint.best == 0.5)
            #expect(try Model.load(from: path).weights == weights[3])
            // A threshold that nothing beats.
            let other = folder.appending(path: "other").path
            try model.fit(
                linearData(count: 32), epochs: 5, verbose: .silent,
                callbacks: [
                    Script(values),
                    ModelCheckpoint(
                        other, monitor: "watched", saveBestOnly: true, mode: .highest,
                        initialValueThreshold: 9),
                ])
            #expect(!FileManager.default.fileExists(atPath: other))
        }
    }

    @Test func pathsHoldValues() throws {
        try SavingTests.withFolder { folder in
            let model = linearModel()
            let template = folder.appending(path: "e{epoch:02d}-{batch}-{loss:.1f}-{what}").path
            try model.fit(
                linearData(count: 64), batchSize: 16, epochs: 2, verbose: .silent,
                callbacks: [ModelCheckpoint(template, saveWeightsOnly: true, saveFrequency: .steps(2))])
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(files.count == 4)
            #expect(files.allSatisfy { $0.contains(#/^e0[12]-[24]-\d+\.\d-\{what\}$/#) }, "\(files)")
            #expect(PathTemplate("{epoch}-{x:.2e}").filled { $0 == "x" ? 1234.5 : 7 } == "7-1.23e+03")
        }
    }

    @Test func mistakesTrap() async {
        let format = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = ModelCheckpoint("a-{epoch:x}")
        }
        #expect(errorText(of: format).contains(#"the path has the format "x""#))
        let steps = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = BackupAndRestore("a", saveFrequency: .steps(0))
        }
        #expect(errorText(of: steps).contains("BackupAndRestore: saveFrequency is 0 steps"))
        let metric = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let model = linearModel()
            _ = try? model.fit(
                linearData(count: 8), verbose: .silent,
                callbacks: [ModelCheckpoint("a", monitor: "val_acc", saveBestOnly: true)])
        }
        #expect(errorText(of: metric).contains("to watch; there are loss, val_loss. Of a value"))
    }
}
