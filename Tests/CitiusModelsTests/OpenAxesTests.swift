import CitiusConfiguration
import CitiusData
import CitiusLayers
import CitiusModels
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

/// Models whose inputs leave the size of an axis open.
@Suite struct OpenAxesTests {
    private func layers() -> [Layer] {
        [
            Conv2D(4, kernelSize: 3, activation: .relu), MaxPooling2D(2),
            Conv2D(5, kernelSize: 3, padding: .same),
            GlobalAveragePooling2D(), Dense(3),
        ]
    }

    @Test(arguments: [Shape([10, 12, 2]), [64, 64, 2], [9, 31, 2]])
    func predictAsForFixedSizes(sample: Shape) throws {
        let open = Sequential([Input(nil, nil, 2)] + layers(), seed: 1)
        let fixed = Sequential([Input(shape: sample)] + layers(), seed: 1)
        #expect(open.weights == fixed.weights)
        let inputs = randomTensor(sample.prepending(3), dtype: .float32, seed: 2)
        #expect(try open.predict(inputs) == fixed.predict(inputs))
        #expect(try open.predictOnBatch(inputs) == fixed.predictOnBatch(inputs))
        let entry = Input(nil, nil, 2)
        let outer = Model(inputs: entry, outputs: Dense(2)(open(entry)), seed: 3)
        #expect(try outer.predict(inputs).shape == [3, 2])
    }

    /// Each batch may have a size of its own.
    @Test func train() throws {
        let model = Sequential([Input(nil, 3), Dense(4, activation: .tanh), Dense(2)], seed: 1)
        model.compile(optimizer: SGD(learningRate: 0.1), loss: .meanSquaredError)
        let batches = [5, 2, 9].map { steps in
            Batch(
                inputs: randomTensor([4, steps, 3], dtype: .float32, seed: 1),
                targets: randomTensor([4, steps, 2], dtype: .float32, seed: 2))
        }
        let history = try model.fit(batches: batches, epochs: 2, verbose: .silent)
        #expect(history.epochs.count == 2)
        let wrong = Batch(inputs: batches[0].inputs, targets: batches[1].targets)
        #expect(throws: TrainingError.self) { try model.trainOnBatch(wrong) }
    }

    @Test func describeThemselvesAsKerasDoes() throws {
        let model = Sequential([Input(nil, nil, 2)] + layers(), seed: 1)
        let text = try model.architecture().text()
        #expect(text.contains(#""batch_shape": [null, null, null, 2]"#), "\(text)")
        let copy = try Model.make(from: JSON(parsing: text))
        #expect(try copy.architecture().text() == text)
        copy.weights = model.weights
        let inputs = randomTensor([1, 20, 24, 2], dtype: .float32, seed: 2)
        #expect(try copy.predict(inputs) == model.predict(inputs))
        let summary = model.summary(lineLength: 100)
        #expect(summary.contains("(None, None, None, 4)") && summary.contains("(None, 5)"), "\(summary)")

        let entry = Input(nil, 3)
        let graph = Model(inputs: entry, outputs: Add()(Dense(3)(entry), entry), seed: 1)
        let graphText = try graph.architecture().text()
        #expect(graphText.contains(#""shape": [null, null, 3]"#), "\(graphText)")
        #expect(try Model.make(from: JSON(parsing: graphText)).architecture().text() == graphText)
    }

    @Test func inputsThatCannotBeTakenThrow() throws {
        let model = Sequential([Input(nil, nil, 2)] + layers(), seed: 1)
        let small = try #require(throws: TrainingError.self) {
            try model.predict(Tensor(zeros: [1, 2, 8, 2]))
        }
        #expect("\(small)".contains("conv2d"), "\(small)")
        let channels = try #require(throws: TrainingError.self) {
            try model.predict(Tensor(zeros: [1, 20, 20, 3]))
        }
        #expect("\(channels)".contains("[batch, any, any, 2]"), "\(channels)")
        #expect(throws: TrainingError.self) { try model.predict(Tensor(zeros: [1, 0, 20, 2])) }
    }

    @Test func parametersMayNotDependOnThem() async throws {
        let result = await #expect(
            processExitsWith: .failure, observing: [\.standardErrorContent]
        ) { _ = Sequential([Input(nil, 3), Flatten(), Dense(2)]) }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("leaves the size of an axis open"), "\(text)")
        // In a file it is an error.
        let fixed = Sequential([Input(64, 3), Flatten(), Dense(2)])
        let json = try fixed.architecture().text()
            .replacing(#""batch_shape": [null, 64, 3]"#, with: #""batch_shape": [null, null, 3]"#)
        #expect(throws: SavingError.self) { try Model.make(from: JSON(parsing: json)) }
    }
}
