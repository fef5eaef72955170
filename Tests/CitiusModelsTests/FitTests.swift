import CitiusAutograd
import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

@Suite struct FitTests {
    @Test func learnsALinearMap() throws {
        let data = linearData(count: 64)
        let model = linearModel()
        let history = try model.fit(data, batchSize: 16, epochs: 60, verbose: .silent)
        #expect(history.epochs == Array(0..<60))
        #expect(try #require(history["loss"].last) < 1e-6)
        let expected = Tensor([1, -2, 0.5, 3, 0, -1] as [Float], shape: [3, 2])
        expectClose(model.weights[0], expected, absolute: 1e-3)
        expectClose(model.weights[1], Tensor([0.25, 0.25] as [Float]), absolute: 1e-3)
    }

    @Test func learnsExclusiveOr() throws {
        let inputs = Tensor([0, 0, 0, 1, 1, 0, 1, 1] as [Float], shape: [4, 2])
        let targets = Tensor([0, 1, 1, 0] as [Int64])
        let model = Sequential(seed: 1) {
            Dense(8, activation: .tanh)
            Dense(1, activation: .sigmoid)
        }
        model.compile(
            optimizer: Adam(learningRate: 0.1), loss: .binaryCrossentropy, metrics: [.accuracy])
        try model.fit(inputs, targets, epochs: 200, verbose: .silent)
        let scores = try model.evaluate(inputs, targets, verbose: .silent)
        #expect(scores["accuracy"] == 1)
        #expect(scores.loss < 0.1)
        let answers = try model.predict(inputs).elements(as: Float.self).map { $0.rounded() }
        #expect(answers == [0, 1, 1, 0])
    }

    @Test func learnsClasses() throws {
        let model = classifier()
        let history = try model.fit(
            twoClasses(count: 128), epochs: 20, verbose: .silent,
            validationData: twoClasses(count: 64, seed: 2))
        #expect(history.names == ["accuracy", "loss", "val_accuracy", "val_loss"])
        #expect(history.names.allSatisfy { history[$0].count == 20 })
        #expect(try #require(history["val_accuracy"].last) > 0.9)
        #expect(history["nothing"].isEmpty)
    }

    @Test func theSameSeedGivesTheSameBits() throws {
        func train(seed: UInt64) throws -> (weights: [Tensor], history: History) {
            let model = classifier(seed: seed)
            let history = try model.fit(
                twoClasses(count: 50), batchSize: 8, epochs: 3, verbose: .silent, validationSplit: 0.2)
            return (model.weights, history)
        }
        let (first, again, other) = (try train(seed: 5), try train(seed: 5), try train(seed: 6))
        #expect(first.weights == again.weights)
        #expect(first.history.logs == again.history.logs)
        #expect(first.weights != other.weights)
        // Without a seed, models differ.
        let (a, b) = (
            Sequential {
                Input(3)
                Dense(4)
            },
            Sequential {
                Input(3)
                Dense(4)
            }
        )
        #expect(a.weights != b.weights)
    }

    @Test func theSplitTakesTheLastSamples() throws {
        // The loss of a model that gives 0 is the mean of the squared targets, so it tells which were used.
        let inputs = Tensor(zeros: [10, 3])
        let targets = Tensor((0..<20).map { Float($0 / 2) }, shape: [10, 2])
        let model = linearModel(learningRate: 0)
        let history = try model.fit(
            inputs, targets, batchSize: 4, epochs: 2, verbose: .silent, validationSplit: 0.25)
        func mean(_ range: Range<Int>) -> Double {
            range.reduce(0) { $0 + Double($1 * $1) } / Double(range.count)
        }
        // 10 · 0.75 = 7.5: seven stay. Means are weighted by samples: the last batch is short.
        for epoch in 0..<2 {
            #expect(abs(history["loss"][epoch] - mean(0..<7)) < 1e-5)
            #expect(abs(history["val_loss"][epoch] - mean(7..<10)) < 1e-5)
        }
    }

    @Test func shufflesEachEpochUnlessToldNotTo() throws {
        final class Orders: Layer {
            var orders: [[Float]] = []
            override func forward(_ input: Variable, in context: Context) -> Variable {
                if context.isTraining { orders.append(input.value.elements(as: Float.self)) }
                return input
            }
        }
        let inputs = Tensor((0..<30).map { Float($0) }, shape: [30, 1])
        func orders(shuffle: Bool) throws -> [[Float]] {
            let layer = Orders()
            let model = Sequential(seed: 1) {
                layer
                Dense(1)
            }
            model.compile(optimizer: SGD(learningRate: 0), loss: .meanSquaredError)
            try model.fit(inputs, inputs, batchSize: 30, epochs: 2, verbose: .silent, shuffle: shuffle)
            return layer.orders
        }
        let natural = (0..<30).map { Float($0) }
        #expect(try orders(shuffle: false) == [natural, natural])
        let shuffled = try orders(shuffle: true)
        #expect(shuffled[0] != natural && shuffled[1] != natural && shuffled[0] != shuffled[1])
        #expect(shuffled.map { $0.sorted() } == [natural, natural])
    }

    @Test func oneStepOfDescentByHand() throws {
        // Loss (w·x − t)², one sample: dw = 2·(w·x − t)·x.
        let model = Sequential {
            Input(1)
            Dense(1)
        }
        model.weights = [Tensor([2] as [Float], shape: [1, 1]), Tensor([0] as [Float])]
        model.compile(optimizer: SGD(learningRate: 0.125), loss: .meanSquaredError)
        let scores = try model.trainOnBatch(
            Tensor([3] as [Float], shape: [1, 1]), Tensor([5] as [Float], shape: [1, 1]))
        #expect(scores.loss == 1)
        #expect(model.weights[0].scalar == 1.25)
        #expect(model.weights[1].scalar == -0.25)
    }

    @Test func classWeightsAreSampleWeights() throws {
        let data = twoClasses(count: 24)
        let labels = data.targets.elements(as: Int64.self)
        func weights(_ train: (Sequential) throws -> Void) throws -> [Tensor] {
            let model = classifier()
            try train(model)
            return model.weights
        }
        let byClass = try weights {
            try $0.fit(data, verbose: .silent, shuffle: false, classWeight: [1: 3])
        }
        let bySample = try weights {
            try $0.fit(
                data.inputs, data.targets, sampleWeight: Tensor(labels.map { $0 == 1 ? 3 : 1 } as [Float]),
                verbose: .silent, shuffle: false)
        }
        let oneHot = Sequential(seed: 7) {
            Input(2)
            Dense(8, activation: .relu)
            Dropout(0.25)
            Dense(2, activation: .softmax)
        }
        oneHot.compile(optimizer: Adam(learningRate: 0.05), loss: .categoricalCrossentropy)
        try oneHot.fit(
            data.inputs, data.targets.oneHot(2), verbose: .silent, shuffle: false, classWeight: [1: 3])
        let plain = try weights { try $0.fit(data, verbose: .silent, shuffle: false) }
        #expect(byClass == bySample)
        #expect(byClass != plain)
        for (a, b) in zip(byClass, oneHot.weights) { expectClose(a, b, absolute: 1e-5) }
    }

    @Test func batchesOfOnesOwn() throws {
        let data = linearData(count: 20)
        let (first, second) = (linearModel(), linearModel())
        try first.fit(data, batchSize: 8, epochs: 2, verbose: .silent, shuffle: false)
        try second.fit(batches: data.batched(8).prefetched(), epochs: 2, verbose: .silent)
        #expect(first.weights == second.weights)
        let third = linearModel()
        let batches = Array(data.batched(8).map { Batch(inputs: $0.inputs * 2, targets: $0.targets) })
        try third.fit(batches: batches, epochs: 2, verbose: .silent)
        #expect(first.weights != third.weights)
    }

    /// The same order for each seed, another one in each pass, whatever trains.
    @Test func recipesShuffleEachPass() throws {
        let data = linearData(count: 40)
        let batches = data.batched(8).shuffled(seed: 4)
        let model = linearModel()
        try model.fit(batches, epochs: 3, verbose: .silent, validationData: data.batched(64))
        let byHand = linearModel()
        for pass in 0..<3 {
            try byHand.fit(batches: Array(batches.pass(pass)), verbose: .silent)
        }
        #expect(model.weights == byHand.weights)
        let late = linearModel()
        try late.fit(batches, epochs: 1, verbose: .silent)
        try late.fit(batches, epochs: 3, verbose: .silent, initialEpoch: 1)
        #expect(late.weights == model.weights)
        #expect(
            try model.evaluate(batches, verbose: .silent)
                == model.evaluate(
                    data.batched(8).shuffled(seed: 4).prefetched(), verbose: .silent))
        #expect(
            try model.predict(data.batched(7).prefetched()) == model.predict(data, batchSize: 7))
    }

    @Test func dataThatFailEndATraining() throws {
        let batches = linearData(count: 40).batched(8).mapped { batch throws(DataError) in
            if batch.count == 8, batch.inputs.shape[0] == 8 { throw DataError(.malformed, "line 3 is torn.") }
            return batch
        }
        for recipe in [batches, batches.prefetched()] {
            let error = try #require(throws: TrainingError.self) {
                try linearModel().fit(recipe, epochs: 3, verbose: .silent)
            }
            #expect(error.kind == .unreadableData)
            #expect(error.description == "fit, batch 0: line 3 is torn.")
            #expect(throws: TrainingError.self) {
                try linearModel().evaluate(recipe, verbose: .silent)
            }
            #expect(throws: TrainingError.self) { try linearModel().predict(recipe) }
        }
    }

    @Test func batchesLargerThanTheDataAreShort() throws {
        let recorder = Recorder()
        try linearModel().fit(linearData(count: 5), batchSize: 64, verbose: .silent, callbacks: [recorder])
        #expect(recorder.events.filter { $0.hasPrefix("batch") } == ["batch 0 begin", "batch 0 end"])
    }

    @Test func bytesAreScaledAsTheyAreBatched() throws {
        let bytes = Tensor((0..<12).map { UInt8($0 * 20) }, shape: [4, 3])
        let data = Dataset(inputs: bytes, targets: Tensor(ones: [4, 2])).scaled(by: 1 / 255)
        let (held, prepared) = (linearModel(), linearModel())
        try held.fit(data, verbose: .silent, shuffle: false)
        try prepared.fit(data.inputs, data.targets, verbose: .silent, shuffle: false)
        #expect(held.weights == prepared.weights)
        #expect(try held.predict(data) == prepared.predict(data.inputs))
    }

    @Test func predictionsDoNotDependOnTheBatchSize() throws {
        let model = classifier()
        let inputs = twoClasses(count: 10).inputs
        let whole = try model.predict(inputs, batchSize: 10)
        #expect(whole.shape == [10, 2])
        expectClose(try model.predict(inputs, batchSize: 3), whole)
        expectClose(try model.predictOnBatch(inputs), whole)
    }

    @Test func scoresOfABatchAreItsOwn() throws {
        let model = classifier()
        let (a, b) = (twoClasses(count: 8, seed: 1), twoClasses(count: 8, seed: 2))
        _ = try model.testOnBatch(a.inputs, a.targets)
        let scores = try model.testOnBatch(b.inputs, b.targets)
        #expect(scores == (try model.evaluate(b, verbose: .silent)))
        #expect(scores.names == ["accuracy", "loss"])
    }

    @Test func trainingContinues() throws {
        let data = linearData(count: 16)
        let model = linearModel()
        let history = try model.fit(data, epochs: 5, verbose: .silent, initialEpoch: 3)
        #expect(history.epochs == [3, 4])
        #expect(try model.fit(data, epochs: 3, verbose: .silent, initialEpoch: 3).epochs.isEmpty)
    }
}
