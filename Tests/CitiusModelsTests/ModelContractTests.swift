import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTestSupport
import Dispatch
import Foundation
import Synchronization
import Testing

@testable import CitiusModels

/// What models promise to loops, callbacks and threads around them.
@Suite struct ModelContractTests {
    // MARK: Several inputs and outputs

    /// The loss is Σ weight · loss of the outputs, and what regularizers and layers add; gradients are those of all.
    @Test func theLossIsTheSumOfItsParts() throws {
        /// Adds a loss of its own: the mean square of what passes.
        final class Activity: Layer {
            override func forward(_ input: Variable, in context: Context) -> Variable {
                context.add(loss: input.squared().mean() * 0.25)
                return input
            }
        }
        let (a, b) = (Input(3), Input(2))
        let kernel = Dense(2, useBias: false, kernelRegularizer: .l2(0.5), name: "first")
        let model = Model(
            inputs: [a, b], outputs: [kernel(a), Activity()(Dense(1, name: "second")(b))], seed: 3,
            dtype: .float64)
        model.compile(
            optimizer: SGD(learningRate: 1), losses: [.meanSquaredError, .meanSquaredError],
            lossWeights: [2, 0.5])
        let (x, y) = (randomTensor([4, 3], seed: 1), randomTensor([4, 2], seed: 2))
        let (s, t) = (randomTensor([4, 2], seed: 3), randomTensor([4, 1], seed: 4))
        // In Keras's order, the branch that is deeper comes first.
        let w = [model.weights[2], model.weights[0], model.weights[1]]
        let first = x.matmul(w[0]) - s
        let second = y.matmul(w[1]) + w[2]
        let expected =
            2 * (first * first).mean().scalar + 0.5 * ((second - t) * (second - t)).mean().scalar
            + 0.5 * (w[0] * w[0]).sum().scalar + 0.25 * (second * second).mean().scalar
        let scores = try model.trainOnBatch(Batch(inputs: [x, y], targets: [s, t]))
        #expect(abs(scores.loss - expected) < 1e-12)
        #expect(scores.names == ["activity_loss", "first_loss", "loss"])
        #expect(abs(scores["first_loss"] - (first * first).mean().scalar) < 1e-12)
        let gradient = x.transposed().matmul(first) * (2 * 2.0 / 8) + w[0]
        expectClose(model.weights[2], w[0] - gradient, absolute: 1e-12)
    }

    @Test func wrongNumbersOfInputsAndTargetsAreErrors() throws {
        let (a, b) = (Input(3), Input(2))
        let model = Model(inputs: [a, b], outputs: [Concatenate()(a, b)])
        model.compile(optimizer: .sgd, loss: .meanSquaredError)
        let inputs = #expect(throws: TrainingError.self) { try model.predict(Tensor(zeros: [1, 3])) }
        #expect(inputs?.description == "predict: there are 1 inputs, but model takes 2.")
        let targets = #expect(throws: TrainingError.self) {
            try model.trainOnBatch(
                Batch(
                    inputs: [Tensor(zeros: [1, 3]), Tensor(zeros: [1, 2])],
                    targets: [Tensor(zeros: [1, 5]), Tensor(zeros: [1, 5])]))
        }
        #expect(targets?.kind == .targetShape)
    }

    /// Indices stay what they are; the model does not make real numbers of them.
    @Test func inputsDeclareTheirType() throws {
        final class Table: Layer {
            private var rows: Parameter?
            override func inputDType(at index: Int) -> DType { .int64 }
            override func build(inputShape: Shape, generator: inout RandomGenerator) {
                rows = addParameter(
                    "rows", shape: [5, 2], initializer: .randomNormal(), generator: &generator)
            }
            override func outputShape(for inputShape: Shape) -> Shape { Shape(inputShape.sizes + [2]) }
            override func forward(_ input: Variable, in context: Context) -> Variable {
                #expect(input.dtype == .int64 || input.dtype == .int32)
                let indices = input.value.cast(to: .int64).elements(as: Int64.self)
                let oneHot = Tensor(indices.flatMap { i in (0..<5).map { Float($0 == Int(i) ? 1 : 0) } })
                    .reshaped(to: [indices.count, 5])
                return Variable(oneHot).matmul(context[rows ?? Parameter(name: "", value: oneHot)])
                    .reshaped(to: Shape(input.shape.sizes + [2]))
            }
        }
        let inferred = Sequential([Table(), Flatten(), Dense(1)])
        let declared = Sequential([Input(3, dtype: .int32), Table(), Flatten(), Dense(1)])
        for model in [inferred, declared] {
            model.compile(optimizer: .sgd, loss: .meanSquaredError)
            let indices = Tensor([0, 1, 4, 2, 2, 0] as [Int64], shape: [2, 3])
            try model.fit(indices, Tensor(ones: [2, 1]), epochs: 2, verbose: .silent)
            #expect(try model.predict(indices).shape == [2, 1])
        }
    }

    // MARK: Steps of one's own

    @Test func stepsOfOnesOwnRunUnderFit() throws {
        /// Learns from the batch and from its mirror image, and counts.
        final class Mirrored: Model {
            let dense = Dense(2)
            let mirrorLoss = Mean(name: "mirror")
            override var layers: [Layer] { [dense] }
            override var metrics: [Metric] { super.metrics + [mirrorLoss] }
            override func forward(_ input: Variable, in context: Context) -> Variable {
                dense(input, in: context)
            }
            override func trainStep(_ batch: Batch) {
                let tape = Tape()
                let context = trainingContext(tape)
                let predictions = outputs(of: modelInputs(batch), in: context)
                let mirrored = self(Variable(-batch.inputs), in: context)
                let mirror = (mirrored + predictions[0]).squared().mean()
                let loss = computeLoss(predictions, batch, in: context) + mirror
                apply(tape.gradients(of: loss))
                updateMetrics(loss, predictions, batch)
                mirrorLoss.add(mirror.value.scalar)
            }
        }
        let model = Mirrored(seed: 1)
        model.compile(optimizer: SGD(learningRate: 0.1), loss: .meanSquaredError)
        let history = try model.fit(linearData(count: 64), epochs: 20, verbose: .silent)
        #expect(history.names == ["loss", "mirror"])
        #expect(history["mirror"].allSatisfy { $0 > 0 } && history["loss"][19] < history["loss"][0])
    }

    /// A loop draws from the model's own random numbers: no two steps drop the same units.
    @Test func loopsShareTheModelsRandomNumbers() {
        let model = Sequential([Input(50), Dropout(0.5)], seed: 1)
        let ones = Variable(Tensor(ones: [1, 50]))
        let masks = (0..<3).map { _ in model(ones, in: model.trainingContext(Tape())).value }
        #expect(masks[0] != masks[1] && masks[1] != masks[2])
    }

    @Test func layersWithoutAContextDiffer() {
        let input = Variable(Tensor(ones: [1, 8]))
        #expect(Dense(8)(input).value != Dense(8)(input).value)
    }

    /// The natural way to reshuffle: the sequence draws from the model that is being trained.
    @Test func sequencesMayDrawFromTheModel() throws {
        struct Reshuffled: Sequence {
            let data: Dataset
            let model: Model
            func makeIterator() -> Batches.Iterator {
                data.shuffled(using: &model.generator).batched(8).makeIterator()
            }
        }
        let model = linearModel()
        let history = try model.fit(
            batches: Reshuffled(data: linearData(count: 32), model: model), epochs: 3, verbose: .silent)
        #expect(history.epochs == [0, 1, 2])
    }

    // MARK: Within a training

    @Test func evaluatingWithinATrainingLeavesItAsItWas() throws {
        let (model, data) = (classifier(), twoClasses(count: 64))
        let stopper = LambdaCallback(onEpochEnd: { _, _ in model.stopTraining = true })
        var seen: [Double] = []
        let evaluator = LambdaCallback(
            onEpochEnd: { _, _ in seen.append((try? model.evaluate(data, verbose: .silent).loss) ?? .nan) },
            onTrainBatchEnd: { _, _ in _ = try? model.evaluate(data.prefix(8), verbose: .silent) })
        let history = try model.fit(data, epochs: 5, verbose: .silent, callbacks: [stopper, evaluator])
        #expect(history.epochs == [0] && seen.count == 1 && seen[0].isFinite)
        let (other, silent) = (classifier(), LambdaCallback())
        let plain = try other.fit(data, epochs: 1, verbose: .silent, callbacks: [silent])
        #expect(plain.logs == history.logs)
    }

    @Test func anErrorInTheMiddleKeepsWhatWasLearned() throws {
        let model = classifier()
        let good = twoClasses(count: 8)
        var bad = Batch(inputs: good.inputs, targets: good.targets)
        bad.targets = Tensor([0, 1, 5, 0, 1, 0, 1, 0] as [Int64])
        var epoch = 0
        let batches = AnySequence { () -> AnyIterator<Batch> in
            epoch += 1
            let batch = Batch(inputs: good.inputs, targets: good.targets)
            return AnyIterator((epoch == 3 ? [batch, bad] : [batch, batch]).makeIterator())
        }
        let error = #expect(throws: TrainingError.self) {
            try model.fit(batches: batches, epochs: 5, verbose: .silent)
        }
        #expect(error?.description.hasPrefix("fit, batch 1: label 5 at sample 2") == true)
        #expect(model.history?.epochs == [0, 1] && model.optimizer?.iterations == 5)
    }

    @Test func sequencesThatEndSaySo() throws {
        let data = linearData(count: 16)
        let once = AnyIterator(data.batched(8).makeIterator())
        let model = linearModel()
        let error = #expect(throws: TrainingError.self) {
            try model.fit(batches: AnySequence { once }, epochs: 2, verbose: .silent)
        }
        #expect(error?.kind == .exhaustedData && model.history?.epochs == [0])
        // Of a length of their own, epochs go on where the last one ended.
        let endless = AnySequence { () -> AnyIterator<Batch> in
            AnyIterator { Batch(inputs: data.inputs, targets: data.targets) }
        }
        let history = try linearModel().fit(batches: endless, epochs: 2, verbose: .silent, stepsPerEpoch: 3)
        #expect(history.epochs == [0, 1])
        let longer = linearModel()
        try longer.fit(data, batchSize: 8, epochs: 2, verbose: .silent, stepsPerEpoch: 3)
        #expect(longer.optimizer?.iterations == 6)
    }

    @Test func numbersOutOfRange() async throws {
        let (model, data) = (linearModel(), linearData(count: 8))
        try model.fit(data, batchSize: .max, verbose: .silent)
        _ = try model.evaluate(data, batchSize: .max, verbose: .silent)
        _ = try model.predict(data.inputs, batchSize: .max)
        _ = try model.predict(data, batchSize: .max)
        let epochs = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try linearModel().fit(linearData(count: 8), epochs: -1)
        }
        #expect(errorText(of: epochs).contains("fit: epochs is -1, expected 0 or more"))
        let size = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try linearModel().fit(batches: [Batch](), validationBatchSize: 0)
        }
        #expect(errorText(of: size).contains("fit: validationBatchSize is 0, expected at least 1"))
        let rebuilt = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            linearModel().build(inputShape: [4])
        }
        #expect(errorText(of: rebuilt).contains("is built for samples of shape [3], asked for [4]"))
        let twice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let layer = Dense(3)
            _ = Sequential([Input(3), layer, layer])
        }
        #expect(errorText(of: twice).contains("is added twice; a Sequential passes each of its layers once"))
    }

    @Test func aModelOfOnesOwnIsNotRunToSeeItsShape() throws {
        final class Counting: Model {
            let dense = Dense(2)
            var batches: [Int] = []
            override var layers: [Layer] { [dense] }
            override func forward(_ input: Variable, in context: Context) -> Variable {
                batches.append(input.shape[0])
                return dense(input, in: context)
            }
        }
        let model = Counting(seed: 1)
        model.compile(optimizer: .sgd, loss: .meanSquaredError)
        try model.fit(batches: linearData(count: 32).batched(8), epochs: 2, verbose: .silent)
        // One sample as it is built, then the batches.
        #expect(model.batches == [1] + [Int](repeating: 8, count: 8))
    }

    // MARK: Threads

    /// Any number of threads may predict with one model.
    @Test(arguments: SmallModel.allCases, [false, true])
    func manyThreadsMayPredict(_ kind: SmallModel, isTrained: Bool) throws {
        let (model, data) = try kind.make()
        let twin = try kind.make().model
        if isTrained {
            // Rows of an embedding may lack steps that wait until they are read.
            for model in [model, twin] {
                model.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy)
                try model.fit(data.prefix(10), batchSize: 4, epochs: 1, verbose: .silent)
            }
        }
        let expected = try twin.predict(data, batchSize: 16)
        // A model that is not built yet is built by the first to come, for all.
        let results = Mutex<[Tensor]>([])
        struct Shared: @unchecked Sendable { let model: Model }
        let shared = Shared(model: model)
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<5 {
                guard let result = try? shared.model.predict(data, batchSize: 16) else { continue }
                results.withLock { $0.append(result) }
            }
        }
        #expect(results.withLock { $0.count } == 40)
        #expect(results.withLock { $0.allSatisfy { $0 == expected } })
    }

    @Test func trainingFromTwoThreadsSaysSo() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            struct Shared: @unchecked Sendable { let model: Model }
            let shared = Shared(model: linearModel())
            let intruder = LambdaCallback(onTrainBatchBegin: { _ in
                DispatchQueue.global().sync {
                    // `sync` may run on the calling thread: a thread of its own is another one for sure.
                    let group = DispatchGroup()
                    group.enter()
                    let thread = SystemThreadForTests {
                        _ = try? shared.model.trainOnBatch(Tensor(zeros: [1, 3]), Tensor(zeros: [1, 2]))
                        group.leave()
                    }
                    group.wait()
                    withExtendedLifetime(thread) {}
                }
            })
            try shared.model.fit(linearData(count: 8), verbose: .silent, callbacks: [intruder])
        }
        #expect(
            errorText(of: result).contains(
                "trainOnBatch: another thread is training or evaluating this model; do one at a time"))
    }
}

/// A thread of the system's.
private final class SystemThreadForTests {
    init(_ body: @escaping @Sendable () -> Void) { Thread.detachNewThread(body) }
}
