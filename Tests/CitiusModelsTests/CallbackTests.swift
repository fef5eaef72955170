import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import Foundation
import Testing

@testable import CitiusModels

@Suite struct CallbackTests {
    @Test func hooksComeInKerasOrder() throws {
        let recorder = Recorder()
        let model = linearModel()
        let data = linearData(count: 4)
        try model.fit(
            data, batchSize: 2, verbose: .silent, callbacks: [recorder], validationData: data.prefix(1))
        #expect(
            recorder.events == [
                "train begin", "epoch 0 begin", "batch 0 begin", "batch 0 end", "batch 1 begin",
                "batch 1 end", "test begin", "test batch 0 begin", "test batch 0 end", "test end",
                "epoch 0 end [\"loss\", \"val_loss\"]", "train end [\"loss\", \"val_loss\"]",
            ])
        recorder.events = []
        _ = try model.evaluate(data, verbose: .silent, callbacks: [recorder])
        _ = try model.predict(data, verbose: .silent, callbacks: [recorder])
        #expect(
            recorder.events == [
                "test begin", "test batch 0 begin", "test batch 0 end", "test end", "predict begin",
                "predict batch 0 begin", "predict batch 0 end", "predict end",
            ])
    }

    @Test func stoppingEndsAfterTheBatch() throws {
        let model = linearModel()
        let recorder = Recorder()
        var stopped = 0
        let stop = LambdaCallback(onTrainBatchEnd: { batch, _ in
            stopped += 1
            if batch == 1 { model.stopTraining = true }
        })
        let history = try model.fit(
            linearData(count: 10), batchSize: 2, epochs: 4, verbose: .silent, callbacks: [stop, recorder],
            validationData: linearData(count: 2))
        #expect(stopped == 2)
        // The epoch is kept as far as it came, without a validation.
        #expect(history.epochs == [0] && history.names == ["loss"])
        #expect(recorder.events.last == "train end [\"loss\"]")
        // The next fit begins afresh.
        #expect(try model.fit(linearData(count: 2), batchSize: 2, verbose: .silent).epochs == [0])
        #expect(!model.stopTraining)
    }

    @Test func nanTerminates() throws {
        let model = linearModel()
        let data = linearData(count: 8)
        var values = data.inputs.elements(as: Float.self)
        values[3 * 5] = .nan
        let terminate = TerminateOnNaN()
        let history = try model.fit(
            Tensor(values, shape: [8, 3]), data.targets, batchSize: 2, epochs: 3, verbose: .silent,
            callbacks: [terminate], shuffle: false)
        #expect(terminate.stoppedBatch == 2)
        #expect(history.epochs == [0] && history["loss"][0].isNaN)
        // Infinity counts too.
        values[3 * 5] = .infinity
        try linearModel().fit(
            Tensor(values, shape: [8, 3]), data.targets, batchSize: 2, verbose: .silent,
            callbacks: [terminate], shuffle: false)
        #expect(terminate.stoppedBatch == 2)
        try linearModel().fit(data, verbose: .silent, callbacks: [terminate])
        #expect(terminate.stoppedBatch == nil)
    }

    @Test func callbacksAddToTheLogs() throws {
        final class Rate: Callback {
            override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
                logs["learning_rate"] = model.optimizer?.learningRate ?? 0
            }
        }
        let history = try linearModel(learningRate: 0.5).fit(
            linearData(count: 2), verbose: .silent, callbacks: [Rate()])
        #expect(history["learning_rate"] == [0.5])
    }

    @Test func lambdasAreCalled() throws {
        var calls: [String] = []
        let callback = LambdaCallback(
            onTrainBegin: { calls.append("begin") }, onTrainEnd: { calls.append("end \($0.names)") },
            onEpochBegin: { calls.append("epoch \($0)") }, onEpochEnd: { calls.append("\($0) \($1.names)") },
            onTrainBatchBegin: { calls.append("batch \($0)") },
            onTrainBatchEnd: { calls.append("\($0) \($1.names)") })
        try linearModel().fit(linearData(count: 2), verbose: .silent, callbacks: [callback])
        #expect(
            calls == [
                "begin", "epoch 0", "batch 0", "0 [\"loss\"]", "0 [\"loss\"]", "end [\"loss\"]",
            ])
    }

    @Test func anInterruptEndsTrainingInGoodOrder() async {
        let result = await #expect(
            processExitsWith: .success, observing: [\.standardOutputContent, \.standardErrorContent]
        ) {
            let model = linearModel()
            let stop = StopOnInterrupt()
            let sender = LambdaCallback(onTrainBatchEnd: { batch, _ in if batch == 2 { interrupt() } })
            let history = try model.fit(
                linearData(count: 20), batchSize: 2, epochs: 3, verbose: .silent,
                callbacks: [sender, stop])
            print(stop.wasInterrupted, history.epochs, history["loss"].count)
            let again = try model.fit(
                linearData(count: 20), batchSize: 2, epochs: 2, verbose: .silent, callbacks: [stop])
            print(stop.wasInterrupted, again.epochs)
            exit(0)
        }
        let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        #expect(output.contains("true [0] 1\nfalse [0, 1]\n"))
        #expect(
            errorText(of: result)
                .contains("Stopping after this batch; Ctrl-C again ends at once."))
    }

    /// Ctrl-C at the last batch of an epoch: the next call begins with the next epoch, and a whole pass.
    @Test(arguments: [1, 9]) func aTrainingGoesOnAfterAnInterrupt(at batch: Int) async {
        await #expect(processExitsWith: .success) { [batch] in
            let (path, data) = (
                NSTemporaryDirectory() + "interrupt-\(UUID().uuidString)", linearData(count: 20)
            )
            let (straight, interrupted) = (linearModel(), linearModel())
            try straight.fit(data, batchSize: 2, epochs: 3, verbose: .silent)
            var isSent = false
            let sender = LambdaCallback(onTrainBatchEnd: { number, _ in
                if number == batch, !isSent {
                    isSent = true
                    interrupt()
                }
            })
            for _ in 0..<2 {
                try interrupted.fit(
                    data, batchSize: 2, epochs: 3, verbose: .silent,
                    callbacks: [sender, StopOnInterrupt(), BackupAndRestore(path, deleteCheckpoint: false)])
            }
            exit(interrupted.weights == straight.weights ? 0 : 3)
        }
    }

    @Test func aSecondInterruptEndsTheProcess() async {
        await #expect(processExitsWith: .signal(SIGINT)) {
            let twice = LambdaCallback(onTrainBatchEnd: { _, _ in
                interrupt()
                interrupt()
            })
            try linearModel().fit(
                linearData(count: 4), verbose: .silent, callbacks: [twice, StopOnInterrupt()])
        }
    }

    /// Of two trainings that overlap, the one that began first ends first.
    @Test func twoTrainingsAtOnceStopAndGiveTheFormerHandlingBack() async {
        let result = await #expect(
            processExitsWith: .signal(SIGINT), observing: [\.standardOutputContent]
        ) {
            signal(SIGINT, SIG_DFL)
            let (first, second) = (StopOnInterrupt(), StopOnInterrupt())
            let (outer, inner) = (linearModel(), linearModel())
            for stop in [first, second] { stop.attach(to: stop === first ? outer : inner, plan: RunPlan()) }
            first.onTrainBegin()
            second.onTrainBegin()
            interrupt()
            for stop in [first, second] { stop.onTrainBatchEnd(0, logs: [:]) }
            print(first.wasInterrupted, outer.stopTraining, second.wasInterrupted, inner.stopTraining)
            first.onTrainEnd(logs: [:])
            // The second still trains, and is asked once more.
            second.onTrainEnd(logs: [:])
            print("ended")
            fflush(nil)
            interrupt()
        }
        let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        #expect(output.contains("true true true true\nended\n"))
    }

    /// A training that begins after the interrupt of another one is not stopped by it.
    @Test func anInterruptStopsTheTrainingsThatRun() async {
        let result = await #expect(
            processExitsWith: .success, observing: [\.standardOutputContent]
        ) {
            let (early, late) = (StopOnInterrupt(), StopOnInterrupt())
            let models = [linearModel(), linearModel()]
            early.attach(to: models[0], plan: RunPlan())
            late.attach(to: models[1], plan: RunPlan())
            early.onTrainBegin()
            interrupt()
            late.onTrainBegin()
            late.onTrainBatchEnd(0, logs: [:])
            early.onTrainBatchEnd(0, logs: [:])
            print(early.wasInterrupted, late.wasInterrupted)
            // Handled, not fatal: the late one has put the handler in place again.
            interrupt()
            late.onTrainBatchEnd(1, logs: [:])
            print(late.wasInterrupted)
            exit(0)
        }
        let output = String(decoding: result?.standardOutputContent ?? [], as: UTF8.self)
        #expect(output.contains("true false\ntrue\n"))
    }

    @Test func theFormerHandlingIsBackAfterwards() async {
        await #expect(processExitsWith: .signal(SIGINT)) {
            signal(SIGINT, SIG_DFL)
            try linearModel().fit(linearData(count: 4), verbose: .silent, callbacks: [StopOnInterrupt()])
            interrupt()
        }
    }
}

/// Sends this thread an interrupt, which is handled before the function returns. Threads of a pool may have
/// been told to leave signals to others.
private func interrupt() {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGINT)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    raise(SIGINT)
}
