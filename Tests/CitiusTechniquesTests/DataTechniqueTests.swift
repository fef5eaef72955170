import Citius
import CitiusTechniques
import CitiusTestSupport
import Testing

/// What the techniques choose among the data.
@Suite struct DataTechniqueTests {
    let data = twoClasses(count: 100)

    // MARK: RandomSubsets

    @Test func randomSubsetsTakeEachSampleOnceBeforeAnyComesTwice() throws {
        let recorder = Recorder()
        try train(classifier(), data, epochs: 10, [.randomSubsets(0.3), recorder])
        let passes = recorder.passes.map(\.indices)
        #expect(passes.allSatisfy { $0.count == 30 && Set($0).count == 30 })
        // 100 samples fill three passes and a third of the fourth.
        #expect(Set(passes.joined().prefix(100)) == Set(0..<100))
        #expect(Set(passes.joined().prefix(300).suffix(100)) == Set(0..<100))
        #expect(passes[0] != passes[1])
    }

    @Test func withReplacementPassesAreDrawnFromAll() throws {
        let recorder = Recorder()
        try train(classifier(), data, epochs: 4, [.randomSubsets(0.5, replaces: true), recorder])
        let passes = recorder.passes.map { Set($0.indices) }
        #expect(passes.allSatisfy { $0.count == 50 })
        // Two halves of one order would not meet.
        #expect(!passes[0].isDisjoint(with: passes[1]) && passes[0] != passes[1])
    }

    // MARK: BalancedClasses

    @Test func balancedClassesTakeAsManyOfEach() throws {
        // Ninety samples of one class, ten of the other.
        let labels = (0..<100).map { Int64($0 < 90 ? 0 : 1) }
        let data = Dataset(inputs: data.inputs, targets: Tensor(labels))
        let recorder = Recorder()
        try train(classifier(), data, epochs: 2, [.balancedClasses(0.6), recorder])
        for pass in recorder.passes {
            #expect(pass.count == 60)
            let small = pass.indices.filter { $0 >= 90 }
            #expect(small.count == 30)
            // Each of the ten comes three times; none of the large class twice.
            #expect((90..<100).allSatisfy { sample in small.filter { $0 == sample }.count == 3 })
            #expect(Set(pass.indices.filter { $0 < 90 }).count == 30)
        }
        #expect(recorder.passes[0].indices != recorder.passes[1].indices)
    }

    @Test func balancedClassesNeedClasses() throws {
        let model = Sequential(seed: 1) {
            Input(2)
            Dense(1)
        }
        model.compile(optimizer: .adam, loss: .meanSquaredError)
        let error = #expect(throws: TrainingError.self) {
            try train(
                model, Dataset(inputs: data.inputs, targets: data.inputs.sum(axes: [1])), [.balancedClasses()]
            )
        }
        #expect(error?.description.contains("needs classes as targets") == true)
    }

    // MARK: InfoBatch

    @Test func infoBatchLeavesOutLearnedSamplesAndCountsTheOthersOfThemForMore() throws {
        let recorder = Recorder()
        try train(classifier(), data, epochs: 8, [.infoBatch(pruning: 0.5), recorder])
        let passes = recorder.passes
        // The first pass knows no losses; the last of eight is past 0.875.
        #expect(passes[0].count == 100 && passes[0].weights == nil)
        #expect(passes[7].count == 100 && passes[7].weights == nil)
        for pass in passes[1..<7] {
            let weights = try #require(pass.weights)
            #expect(pass.count < 95 && Set(pass.indices).count == pass.count)
            #expect(Set(weights) == [1, 2])
            // Unbiased: the weights of the samples sum to their number, but for the luck of the draw.
            let sum = weights.reduce(0, +)
            #expect(abs(sum - 100) < 40, "the weights sum to \(sum)")
        }
        // What the optimizer saw are these weights.
        let seen = recorder.batches.compactMap { $0.sampleWeights?.elements(as: Float.self) }
        #expect(Set(seen.joined()) == [1, 2])
    }

    @Test func infoBatchsExpectedGradientIsThatOfAllSamples() throws {
        // Many draws of one selection: the mean weight of each sample is 1.
        let recorder = Recorder()
        let model = classifier(optimizer: SGD(learningRate: 0))
        try train(
            model, data, epochs: 400, batchSize: 100, [.infoBatch(pruning: 0.5, during: 0..<1), recorder])
        var sums = [Double](repeating: 0, count: 100)
        for pass in recorder.passes.dropFirst() {
            for (index, weight) in zip(pass.indices, pass.weights ?? []) { sums[index] += Double(weight) }
        }
        for sum in sums { #expect(abs(sum / 399 - 1) < 0.25, "mean weight \(sum / 399)") }
    }

    // MARK: GrowingData

    @Test func growingDataTakesMoreWithEachPass() throws {
        let recorder = Recorder()
        try train(classifier(), data, epochs: 5, [.growingData(from: 0.2, during: 0..<0.8), recorder])
        #expect(recorder.passes.map(\.count) == [20, 40, 60, 80, 100])
        for (pass, next) in zip(recorder.passes, recorder.passes.dropFirst()) {
            #expect(Set(pass.indices).isSubset(of: Set(next.indices)))
        }
    }

    // MARK: SelectiveBackprop

    @Test func selectiveBackpropRefusesSamplesThatAreNotTheDatas() throws {
        let data = twoClasses(count: 32)
        let state: [String: Tensor] = [
            "losses": Tensor([1, 2] as [Float]), "position": Tensor(Int64(0)),
            "inputs/0": Tensor(zeros: [3, 2]), "targets/0": Tensor(zeros: [3], dtype: .int64),
            "indices": Tensor([0, 1, 2] as [Int64]),
        ]
        final class Checking: Technique {
            let state: [String: Tensor]
            var error: (any Error)?
            init(_ state: [String: Tensor]) { self.state = state }
            func begin(_ training: Training) {
                do { try SelectiveBackprop().restore(state, in: training) } catch { self.error = error }
            }
        }
        func error(_ change: (inout [String: Tensor]) -> Void) throws -> (any Error)? {
            var changed = state
            change(&changed)
            let checking = Checking(changed)
            try train(classifier(), data, [checking])
            return checking.error
        }
        #expect(try error { _ in } == nil)
        let faults: [(inout [String: Tensor]) -> Void] = [
            { $0["inputs/0"] = Tensor(Float(1)) },
            { $0["inputs/0"] = Tensor(zeros: [3, 2], dtype: .int64) },
            { $0["inputs/0"] = Tensor(zeros: [3, 4]) },
            { $0["targets/0"] = Tensor(zeros: [2], dtype: .int64) },
            { $0["targets/0"] = nil },
            { $0["weights"] = Tensor(Float(1)) },
            { $0["indices"] = Tensor([0, 1, 32] as [Int64]) },
            { $0["position"] = Tensor(Int64(-1)) },
        ]
        for (number, fault) in faults.enumerated() {
            #expect(try error(fault) is TechniqueError, "fault \(number)")
        }
    }

    @Test func selectiveBackpropPrefersWhatTheModelGetsWrong() throws {
        let model = classifier()
        try train(model, data, epochs: 20, [])
        let losses = try losses(of: model)
        let recorder = Recorder()
        // No step changes the model, so that its losses stay what they are.
        model.compile(optimizer: SGD(learningRate: 0), loss: .sparseCategoricalCrossentropy)
        try train(
            model, data, epochs: 20, batchSize: 20, [.selectiveBackprop(power: 2, during: 0..<1), recorder])
        var taken = [Int](repeating: 0, count: 100)
        for batch in recorder.batches {
            #expect(batch.count == 20)
            for index in try #require(batch.indices) { taken[index] += 1 }
        }
        let order = losses.indices.sorted { losses[$0] < losses[$1] }
        let (easy, hard) = (
            order.prefix(30).reduce(0) { $0 + taken[$1] }, order.suffix(30).reduce(0) { $0 + taken[$1] }
        )
        #expect(hard > 5 * easy, "\(hard) hard and \(easy) easy samples")
        // A third of 2,000 with β = 2, in whole batches.
        #expect(abs(taken.reduce(0, +) - 667) < 120)
    }

    private func losses(of model: Model) throws -> [Double] {
        let probabilities = try model.predict(data.inputs).elements(as: Float.self)
        let labels = data.targets.elements(as: Int64.self)
        return labels.indices.map { -Double(probabilities[2 * $0 + Int(labels[$0])]) }
    }
}
