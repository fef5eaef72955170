import CitiusAutograd
import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// A training gives the same bits on any number of threads: work is cut by the sizes of the data alone.
@Suite struct ThreadCountTests {
    /// Weights after a training, what the model then predicts, and what it scores.
    private func expectSameBits(
        batchSize: Int, _ data: Dataset, sourceLocation: SourceLocation = #_sourceLocation,
        _ make: () -> Model
    ) throws {
        try expectSameBitsOnAnyThreads(threads: [1, 2, 3, 5, 16], sourceLocation: sourceLocation) {
            let model = make()
            let history = try model.fit(data, batchSize: batchSize, epochs: 1, verbose: .silent)
            let scores = try model.evaluate(data, batchSize: batchSize, verbose: .silent)
            let predictions = try model.predict(data.inputs, batchSize: batchSize)
            #expect(predictions.isFinite().all().element(as: Bool.self), sourceLocation: sourceLocation)
            return model.weights + [
                predictions, Tensor(scores.entries.map(\.value)), Tensor(history["loss"]),
            ]
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
