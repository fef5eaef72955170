import Citius
import CitiusTestSupport
import Testing

@testable import CitiusTechniques

/// Trunks with new heads, and networks made of networks.
@Suite struct TransferTests {
    private func base() throws -> Sequential {
        let model = Sequential(seed: 5) {
            Input(2)
            Dense(16, activation: .relu, name: "first")
            Dense(8, activation: .relu, name: "second")
            Dropout(0.2)
            Dense(2, activation: .softmax)
        }
        model.compile(optimizer: Adam(learningRate: 0.02), loss: .sparseCategoricalCrossentropy)
        try train(model, twoClasses(count: 400), epochs: 5, [])
        return model
    }

    /// The same line, told from the other side.
    private let task: Dataset = {
        let data = twoClasses(count: 120, seed: 8)
        return Dataset(inputs: data.inputs, targets: 1 - data.targets)
    }()

    @Test func onlyTheHeadLearnsFromFeaturesThatAreComputedOnce() throws {
        let base = try base()
        let weights = base.weights
        let transfer = try Transfer(from: base, upTo: "second", seed: 2) { Dense(2, activation: .softmax) }
        let trunk = transfer.trunk.weights
        #expect(Array(weights.prefix(4)) == trunk)
        let features = try transfer.features(of: task)
        expectClose(features.inputs, try transfer.trunk.predict(task.inputs))
        try transfer.trainHead(
            on: task, optimizer: Adam(learningRate: 0.05), loss: .sparseCategoricalCrossentropy,
            metrics: [.accuracy], epochs: 20, verbose: .silent)
        #expect(transfer.trunk.weights == trunk && base.weights == weights)
        // The head is the model's own.
        #expect(Array(transfer.model.weights.suffix(2)) == transfer.head.weights)
        let accuracy = try transfer.model.evaluate(task, verbose: .silent)["accuracy"]
        #expect(accuracy > 0.9, "\(accuracy)")
        expectClose(try transfer.model.predict(task.inputs), try transfer.head.predict(features.inputs))
    }

    @Test func theSameSeedGivesTheSameBits() throws {
        let base = try base()
        func weights(seed: UInt64) throws -> [Tensor] {
            let transfer = try Transfer(from: base, upTo: "second", seed: seed) {
                Dropout(0.2)
                Dense(2, activation: .softmax)
            }
            try transfer.trainHead(
                on: task, optimizer: .adam, loss: .sparseCategoricalCrossentropy, epochs: 2, verbose: .silent)
            transfer.unfreeze(optimizer: SGD(learningRate: 0.01))
            try train(transfer.model, task, [])
            return transfer.model.weights
        }
        let first = try weights(seed: 2)
        #expect(try weights(seed: 2) == first && weights(seed: 3) != first)
    }

    @Test func theTrunkThawsSlowestAtItsBegin() throws {
        let transfer = try Transfer(from: base(), upTo: "second", seed: 2) { Dense(2, activation: .softmax) }
        try transfer.trainHead(
            on: task, optimizer: .adam, loss: .sparseCategoricalCrossentropy, epochs: 1, verbose: .silent)
        let optimizer = SGD(learningRate: 0.1)
        transfer.unfreeze(optimizer: optimizer, rateDecay: 0.5)
        let rates = transfer.model.parameters.map { optimizer.learningRateMultiplier(for: $0) }
        #expect(rates == [0.25, 0.25, 0.5, 0.5, 1, 1])
        let before = transfer.trunk.weights
        try train(transfer.model, task, [])
        #expect(zip(before, transfer.trunk.weights).allSatisfy { $0 != $1 })
    }

    @Test func withoutANameTheLastLayerIsReplaced() throws {
        let transfer = try Transfer(from: base()) { Dense(3, activation: .softmax) }
        #expect(transfer.trunk.outputs[0].shape == [8] && transfer.model.outputs[0].shape == [3])
    }

    // MARK: Sub-networks

    private func member(_ seed: UInt64) -> Model {
        classifier(seed: seed, optimizer: Adam(learningRate: 0.02))
    }

    @Test func membersOfABaggingDifferAndAgreeOnTheData() throws {
        let data = twoClasses(count: 300)
        for sampling in [Ensemble.Sampling.bootstrap, .shards] {
            let ensemble = try Ensemble.bagging(3, on: data, sampling: sampling, epochs: 15, seed: 4) {
                member($0)
            }
            #expect(Set(ensemble.members.map { $0.weights[0].elements(as: Float.self) }).count == 3)
            let accuracy = try ensemble.accuracy(on: twoClasses(count: 300, seed: 12))
            #expect(accuracy > 0.9, "\(accuracy)")
        }
    }

    @Test func subnetworksHaveTheSameBitsOnAnyNumberOfThreads() throws {
        let data = twoClasses(count: 90)
        try expectSameBitsOnAnyThreads {
            let ensemble = try Ensemble.bagging(3, on: data, epochs: 2, seed: 4) { member($0) }
            let model = member(1)
            try model.fitLocally(data, workers: 3, stepsBetweenAverages: 2, batchSize: 8, epochs: 2)
            return ensemble.members.flatMap { $0.weights } + model.weights
        }
    }

    @Test func anErrorOfAMemberIsThrown() {
        #expect(throws: TrainingError.self) {
            _ = try Ensemble.bagging(
                2, on: Dataset(inputs: Tensor(zeros: [4, 3]), targets: Tensor(zeros: [4]))
            ) {
                member($0)
            }
        }
    }

    @Test func localStepsOfOneWorkerAreThoseOfALoop() throws {
        let data = twoClasses(count: 64)
        func model() -> Sequential {
            let model = Sequential(seed: 6) {
                Input(2)
                Dense(2, activation: .softmax)
            }
            model.compile(optimizer: SGD(learningRate: 0.1), loss: .sparseCategoricalCrossentropy)
            return model
        }
        // Averaged after each step, copies of plain descent are one model with batches as large as all of theirs.
        let (local, large) = (model(), model())
        try local.fitLocally(data, workers: 4, stepsBetweenAverages: 1, batchSize: 16, epochs: 3)
        for _ in 0..<3 { try large.trainOnBatch(data.inputs, data.targets) }
        for (a, b) in zip(local.weights, large.weights) { expectClose(a, b, absolute: 1e-5) }
    }

    @Test func theGateLearnsWhomToTrust() throws {
        // Each side of the plane has a rule of its own, which a line can follow and the whole cannot.
        var generator = RandomGenerator(seed: 6)
        let inputs = Tensor(uniform: [800, 2], in: -1..<1, using: &generator)
        let values = inputs.elements(as: Float.self)
        let labels = (0..<800).map { index -> Int64 in
            let (x, y) = (values[2 * index], values[2 * index + 1])
            return (x > 0) == (y > 0) ? 1 : 0
        }
        let data = Dataset(inputs: inputs, targets: Tensor(labels))
        let mixture = MixtureOfExperts(
            (0..<2).map { _ in Dense(2, activation: .softmax) }, gate: Dense(2), seed: 3)
        mixture.compile(
            optimizer: Adam(learningRate: 0.05), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        try train(mixture, data, epochs: 30, [])
        let accuracy = try mixture.evaluate(data, verbose: .silent)["accuracy"]
        #expect(accuracy > 0.9, "\(accuracy)")
    }
}
