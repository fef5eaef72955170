import Citius
import CitiusTechniques
import CitiusTestSupport
import Testing

/// How the techniques step, and what they make of the weights.
@Suite struct OptimizationTechniqueTests {
    let data = twoClasses(count: 64)

    // MARK: The learning rate

    @Test func oneCycleRisesToThePeakAndFallsToNothing() throws {
        let (model, recorder) = (classifier(optimizer: SGD(learningRate: 0.2)), Recorder())
        try train(model, data, epochs: 10, batchSize: 8, [.oneCycle(peak: 0.5, warmup: 0.25), recorder])
        let rates = recorder.rates
        #expect(rates.count == 80)
        #expect(abs(rates[0] - 0.02) < 1e-12 && abs(rates[20] - 0.5) < 1e-12)
        #expect(zip(rates[0..<20], rates[1...20]).allSatisfy { $0 < $1 })
        #expect(zip(rates[20..<79], rates[21..<80]).allSatisfy { $0 > $1 })
        #expect(rates[79] < 0.001)
        // Halfway down a cosine is half.
        #expect(abs(rates[50] - 0.25) < 1e-9)
        #expect(model.optimizer?.learningRate == 0.2, "put back")
    }

    /// Epochs of another length than a pass over the data: three steps of eight.
    @Test func progressGoesByTheStepsOfAnEpoch() throws {
        let (model, recorder) = (classifier(), Recorder())
        try model.fit(
            data, batchSize: 8, epochs: 4, verbose: .silent, stepsPerEpoch: 3,
            techniques: [.cosineDecay(), recorder])
        #expect(recorder.progress.count == 12)
        for (step, progress) in recorder.progress.enumerated() {
            #expect(abs(progress - Double(step) / 12) < 1e-12)
        }
    }

    @Test func cosineDecayBeginsAtTheOptimizersRate() throws {
        let (model, recorder) = (classifier(optimizer: SGD(learningRate: 0.2)), Recorder())
        try train(model, data, epochs: 2, batchSize: 8, [.cosineDecay(), recorder])
        #expect(recorder.rates[0] == 0.2 && abs(recorder.rates[8] - 0.1) < 1e-12)
    }

    @Test func largerBatchesMakeFewerStepsOfAnotherRate() throws {
        let (model, recorder) = (classifier(optimizer: SGD(learningRate: 0.1)), Recorder())
        try train(
            model, data, epochs: 4, batchSize: 8,
            [.batchSize(32, scaling: .squareRoot, during: 0.5..<1), recorder])
        #expect(recorder.batches.map(\.count) == [Int](repeating: 8, count: 16) + [32, 32, 32, 32])
        #expect(recorder.rates.prefix(16).allSatisfy { $0 == 0.1 })
        #expect(recorder.rates.suffix(4).allSatisfy { abs($0 - 0.2) < 1e-12 })
        #expect(model.optimizer?.iterations == 20)
    }

    // MARK: First weights

    @Test func layersGiveUnitVarianceFromOrthogonalWeights() throws {
        let model = Sequential(seed: 4) {
            Input(2)
            Dense(6, activation: .relu, name: "first")
            Dense(5, activation: .tanh, name: "second")
            Dense(2, activation: .softmax, name: "last")
        }
        model.compile(optimizer: SGD(learningRate: 0), loss: .sparseCategoricalCrossentropy)
        let last = model.layer(named: "last").parameters[0].value
        try train(model, data, batchSize: 64, [.lsuv(samples: 64, tolerance: 0.02)])
        // A tanh never gives more than 1, so that its variance stays below.
        let first = Model(inputs: model.inputs, outputs: [model.output(ofLayer: "first")])
        #expect(abs(try first.predict(data.inputs).variance().scalar - 1) < 0.021)
        let kernel = model.layer(named: "first").parameters[0].value
        let products = kernel.matmul(kernel.transposed())
        let scale = products[0][0..<1].scalar
        expectClose(products / scale, Tensor(identity: 2), absolute: 1e-4)
        #expect(model.layer(named: "last").parameters[0].value == last)
    }

    // MARK: Averages

    /// Keeps the weights after each step.
    private final class Trail: Technique {
        let stage = TechniqueStage.weights
        var weights: [[Tensor]] = []
        func endStep(in training: Training) { weights.append(training.model.weights) }
    }

    private func mean(_ weights: [[Tensor]]) -> [Tensor] {
        weights[0].indices.map { index in
            weights.dropFirst().reduce(weights[0][index]) { $0 + $1[index] } / Double(weights.count)
        }
    }

    private func expectEqual(_ a: [Tensor], _ b: [Tensor]) {
        for (a, b) in zip(a, b) { expectClose(a, b, absolute: 1e-5) }
    }

    @Test func theMovingAverageIsWhatItsFormulaSays() throws {
        let (model, trail) = (classifier(), Trail())
        try train(model, data, epochs: 3, batchSize: 8, [.ema(0.8), trail])
        var average = trail.weights[0]
        for (step, weights) in trail.weights.enumerated().dropFirst() {
            let kept = min(0.8, Double(1 + step) / Double(10 + step))
            for index in average.indices {
                average[index] = average[index] * kept + weights[index] * (1 - kept)
            }
        }
        expectEqual(model.weights, average)
    }

    @Test func validationSeesTheAverageAndTrainingGoesOnWithItsOwnWeights() throws {
        let (averaged, plain) = (classifier(), classifier())
        let (trail, plainTrail) = (Trail(), Trail())
        var seen: [[Tensor]] = []
        let callback = LambdaCallback(onEpochEnd: { _, _ in seen.append(averaged.weights) })
        let history = try train(
            averaged, data, epochs: 3, callbacks: [callback], validation: data, [.ema(0.9), trail])
        try train(plain, data, epochs: 3, validation: data, [plainTrail])
        #expect(trail.weights == plainTrail.weights)
        // What later callbacks save is what was validated.
        #expect(seen.last == averaged.weights && averaged.weights != trail.weights.last)
        let scores = try averaged.evaluate(data, batchSize: 16, verbose: .silent)
        #expect(abs((history.logs.last?["val_loss"] ?? 0) - scores.loss) < 1e-6)
    }

    @Test func withinAnEpochTheAverageIsThereForTheAsking() throws {
        let model = classifier()
        var (inside, outside): ([Tensor], [Tensor]) = ([], [])
        let callback = LambdaCallback(onTrainBatchEnd: { batch, _ in
            guard batch == 3 else { return }
            model.withWeightsToEvaluate { inside = model.weights }
            outside = model.weights
        })
        try train(model, data, callbacks: [callback], [.ema(0.9)])
        #expect(inside == model.weights && outside != inside)
    }

    @Test func stochasticWeightAveragingEndsWithTheMeanOfTheLastEpochs() throws {
        let (model, trail) = (classifier(), Trail())
        try train(model, data, epochs: 8, batchSize: 32, [.swa(from: 0.5), trail])
        // Two steps an epoch: the last four epochs' ends.
        expectEqual(model.weights, mean([9, 11, 13, 15].map { trail.weights[$0] }))
    }

    @Test func lawaEndsWithTheMeanOfTheLastCheckpoints() throws {
        let (model, trail) = (classifier(), Trail())
        try train(model, data, epochs: 4, batchSize: 16, [.lawa(of: 3, every: 2), trail])
        expectEqual(model.weights, mean([11, 13, 15].map { trail.weights[$0] }))
    }

    @Test func averagedWeightsGetStatisticsOfTheirOwn() throws {
        let model = classifier(normalizes: true)
        try train(model, data, epochs: 8, batchSize: 32, [.swa(from: 0.25)])
        let place = try #require(model.layers.firstIndex { $0 is BatchNormalization })
        let statistics = model.layers[place].parameters.filter { !$0.isLearned }.map(\.value)
        let hidden = Model(
            inputs: model.inputs, outputs: [model.output(ofLayer: model.layers[place - 1].name)])
        let outputs = try hidden.predict(data.inputs)
        expectClose(statistics[0], outputs.mean(axes: [0]), absolute: 1e-4)
        expectClose(statistics[1], outputs.variance(axes: [0]), absolute: 1e-4)
    }

    // MARK: Ensembles

    @Test func snapshotsAreTheCyclesEnds() throws {
        let (model, snapshots, trail, recorder) = (classifier(), SnapshotEnsemble(3), Trail(), Recorder())
        try train(model, data, epochs: 6, batchSize: 32, [snapshots, trail, recorder])
        #expect(snapshots.snapshots == [3, 7, 11].map { trail.weights[$0] })
        #expect(recorder.rates[0] == 0.05 && recorder.rates[4] == 0.05 && recorder.rates[3] < 0.01)
        let ensemble = try snapshots.ensemble(of: model)
        #expect(ensemble.members.count == 3 && ensemble.members[2].weights == model.weights)
        let mean =
            try ensemble.members.map { try $0.predict(data.inputs) }.reduce(Tensor(zeros: [64, 2]), +) / 3
        expectClose(try ensemble.predict(data.inputs), mean)
    }

    @Test func membersVote() throws {
        let members = (0..<3).map { classifier(seed: UInt64($0)) }
        let votes = try Ensemble(members, combining: .voting).predict(data.inputs)
        let largest = try members.map {
            try $0.predict(data.inputs).argMax(axis: -1).elements(as: Int64.self)
        }
        let shares = votes.elements(as: Float.self)
        for sample in 0..<64 {
            let ones = largest.filter { $0[sample] == 1 }.count
            #expect(abs(shares[2 * sample + 1] - Float(ones) / 3) < 1e-6)
        }
    }

    @Test func aStackKnowsWhichMemberToTrust() throws {
        // One member was trained, the others know nothing.
        let members = (0..<3).map { classifier(seed: UInt64($0 + 10)) }
        try train(members[1], twoClasses(count: 400, seed: 3), epochs: 10, [])
        let (held, test) = (twoClasses(count: 300, seed: 4), twoClasses(count: 300, seed: 5))
        let ensemble = Ensemble(members)
        let averaged = try ensemble.accuracy(on: test)
        try ensemble.stack(on: held, epochs: 40, seed: 1)
        let stacked = try ensemble.accuracy(on: test)
        #expect(stacked > 0.93 && stacked >= averaged, "averaged \(averaged), stacked \(stacked)")
    }
}
