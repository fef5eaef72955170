import CitiusAutograd
import CitiusData
import CitiusKernels
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// A training gives the same bits on any number of threads: work is cut by the sizes of the data alone.
@Suite(.serialized) struct ThreadCountTests {
    /// The bits of the weights after a training, of what the model then predicts, and of what it scores.
    private struct Result: Equatable {
        var weights: [[UInt64]]
        var predictions: [UInt64]
        var scores: [UInt64]

        init(_ model: Model, _ data: Dataset, batchSize: Int) throws {
            weights = model.weights.map(\.bits)
            predictions = try model.predict(data.inputs, batchSize: batchSize).bits
            scores = try model.evaluate(data, batchSize: batchSize, verbose: .silent).entries.map {
                $0.value.bitPattern
            }
        }
    }

    private func expectSameBits(
        batchSize: Int, _ data: Dataset, sourceLocation: SourceLocation = #_sourceLocation,
        _ make: () -> Model
    ) throws {
        let count = Threads.count
        defer { Threads.count = count }
        var first: Result?
        for threads in [1, 2, 3, 5, 16] {
            Threads.count = threads
            let model = make()
            _ = try model.fit(data, batchSize: batchSize, epochs: 1, verbose: .silent)
            let result = try Result(model, data, batchSize: batchSize)
            #expect(result.predictions.contains { $0 != 0 }, sourceLocation: sourceLocation)
            if let first {
                #expect(first.weights == result.weights, "\(threads) threads", sourceLocation: sourceLocation)
                #expect(
                    first.predictions == result.predictions, "\(threads) threads",
                    sourceLocation: sourceLocation)
                #expect(first.scores == result.scores, "\(threads) threads", sourceLocation: sourceLocation)
            } else {
                first = result
            }
        }
    }

    /// With an odd last batch of 7, and dropout.
    @Test func theDocumentsNetwork() throws {
        let data = try FashionMNIST.load(.embedded).train.prefix(71)
        try expectSameBits(batchSize: 32, data) {
            let model = Sequential(seed: 3) {
                Input(28, 28, 1)
                Conv2D(32, kernelSize: 3)
                Activation(.relu)
                MaxPooling2D(2)
                Conv2D(64, kernelSize: 3)
                Activation(.relu)
                MaxPooling2D(2)
                Flatten()
                Dense(64, activation: .relu)
                Dropout(0.25)
                Dense(10, activation: .softmax)
            }
            model.compile(
                optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
            return model
        }
    }

    /// Every other kind of convolution and pool, batch normalization, and clipped gradients.
    private func mixed(_ acceleration: Acceleration = Acceleration()) -> Model {
        let image = Input(20, 18, 3)
        var x = Conv2D(24, kernelSize: 3, padding: .same)(image)
        x = Activation(.relu)(BatchNormalization()(x))
        x = DepthwiseConv2D(3, padding: .same, activation: .relu)(x)
        x = Conv2D(16, kernelSize: 3, strides: 2, padding: .same, activation: .relu)(x)
        x = AveragePooling2D(2)(x)
        let y = BatchNormalization()(Conv2D(16, kernelSize: 1, useBias: false)(x))
        x = Add()(x, y)
        x = SeparableConv2D(20, kernelSize: Size2D(2, 3), padding: .same)(x)
        x = Conv2D(20, kernelSize: 3, padding: .same)(x)
        x = Flatten()(GlobalAveragePooling2D()(x))
        let model = Model(inputs: image, outputs: Dense(5, activation: .softmax)(x), seed: 5)
        model.acceleration = acceleration
        model.compile(
            optimizer: SGD(learningRate: 0.05, momentum: 0.9, globalClipNorm: 1),
            loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        return model
    }

    private func mixedData(_ dtype: DType = .float32) -> Dataset {
        var generator = RandomGenerator(seed: 11)
        return Dataset(
            inputs: Tensor(normal: [27, 20, 18, 3], dtype: dtype, using: &generator),
            targets: Tensor((0..<27).map { Int64($0 % 5) }))
    }

    @Test func normalizationsAndOtherConvolutions() throws {
        try expectSameBits(batchSize: 16, mixedData()) { mixed() }
    }

    @Test func theGeneralConvolutions() throws {
        var acceleration = Acceleration()
        acceleration.convolution = .general
        try expectSameBits(batchSize: 16, mixedData()) { mixed(acceleration) }
    }

    /// Layers wide enough for the BLAS and for products over what is not zero.
    @Test(arguments: [20, 300]) func denseLayers(batchSize: Int) throws {
        var generator = RandomGenerator(seed: 12)
        let count = 2 * batchSize + 5
        let data = Dataset(
            inputs: Tensor(normal: [count, 97], using: &generator),
            targets: Tensor(normal: [count, 3], using: &generator))
        try expectSameBits(batchSize: batchSize, data) {
            let model = Sequential(seed: 9) {
                Input(97)
                Dense(300, activation: .relu)
                Dropout(0.5)
                Dense(130, activation: .tanh)
                Dense(3)
            }
            model.compile(optimizer: Adam(), loss: .meanSquaredError)
            return model
        }
    }

    @Test func float64() throws {
        var generator = RandomGenerator(seed: 13)
        let data = Dataset(
            inputs: Tensor(normal: [37, 14, 14, 2], dtype: .float64, using: &generator),
            targets: Tensor((0..<37).map { Int64($0 % 4) }))
        try expectSameBits(batchSize: 16, data) {
            let model = Sequential(seed: 2, dtype: .float64) {
                Input(14, 14, 2)
                Conv2D(24, kernelSize: 3, activation: .relu)
                BatchNormalization()
                MaxPooling2D(2)
                DepthwiseConv2D(3, padding: .same)
                Flatten()
                Dense(80, activation: .gelu)
                Dropout(0.25)
                Dense(4, activation: .softmax)
            }
            model.compile(
                optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
            return model
        }
    }
}

extension Tensor {
    /// The elements' bits: equal for what is the same number of the same sign, or the same NaN.
    fileprivate var bits: [UInt64] {
        switch dtype {
        case .float32: elements(as: Float.self).map { UInt64($0.bitPattern) }
        case .float64: elements(as: Double.self).map(\.bitPattern)
        default: cast(to: .float64).elements(as: Double.self).map(\.bitPattern)
        }
    }
}
