import CitiusOptimizers
import CitiusTensor
import Testing

@testable import CitiusModels

@Suite struct LearningRateSchedulerTests {
    @Test func setsTheRateOfEachEpoch() throws {
        let model = linearModel(learningRate: 0.5)
        var seen: [Double] = []
        let scheduler = LearningRateScheduler { epoch, rate in epoch < 2 ? rate : rate / 2 }
        let watcher = LambdaCallback(onTrainBatchBegin: { _ in seen.append(model.optimizer?.learningRate ?? 0)
        })
        let history = try model.fit(
            linearData(count: 2), epochs: 4, verbose: .silent, callbacks: [scheduler, watcher])
        #expect(seen == [0.5, 0.5, 0.25, 0.125])
        #expect(history["learning_rate"] == seen)
        // Another training begins afresh, from the rate that there is.
        let again = try model.fit(linearData(count: 2), epochs: 3, verbose: .silent, callbacks: [scheduler])
        #expect(again["learning_rate"] == [0.125, 0.125, 0.0625])
    }

    @Test func mistakesTrap() async {
        let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try linearModel().fit(
                linearData(count: 2), verbose: .silent, callbacks: [LearningRateScheduler { _, _ in -1 }])
        }
        #expect(errorText(of: negative).contains("learningRate is -1.0, expected a finite number"))
        let uncompiled = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let model = linearModel()
            model.compile(
                optimizer: SGD(learningRate: CosineDecay(initialLearningRate: 1, decaySteps: 5)),
                loss: .meanSquaredError)
            try model.fit(
                linearData(count: 2), verbose: .silent, callbacks: [LearningRateScheduler { _, rate in rate }]
            )
        }
        #expect(errorText(of: uncompiled).contains("LearningRateScheduler: a schedule decides"))
    }
}
