import CitiusAutograd
import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// Layers in one pass and one by one.
@Suite struct LayerFusionTests {
    enum Network: String, CaseIterable {
        case documentLong, documentShort, normalized, clamped, strided, unread, paddedReader, paddedPool,
            nested

        func make(seed: UInt64 = 5) -> Sequential {
            switch self {
            case .documentLong:
                Sequential(seed: seed) {
                    Input(28, 28, 1)
                    Conv2D(32, kernelSize: 3)
                    Activation(.relu)
                    MaxPooling2D(2)
                    Conv2D(64, kernelSize: 3)
                    Activation(.relu)
                    MaxPooling2D(2)
                    Flatten()
                    Dense(64)
                    Activation(.relu)
                    Dropout(0.25)
                    Dense(10, activation: .softmax)
                }
            case .documentShort:
                Sequential(seed: seed) {
                    Input(28, 28, 1)
                    Conv2D(32, kernelSize: 3, activation: .relu)
                    MaxPooling2D(2)
                    Conv2D(64, kernelSize: 3, activation: .relu)
                    MaxPooling2D(2)
                    Flatten()
                    Dense(64, activation: .relu)
                    Dropout(0.25)
                    Dense(10, activation: .softmax)
                }
            case .normalized:
                Sequential(seed: seed) {
                    Input(28, 28, 1)
                    Conv2D(8, kernelSize: 3, padding: .same, useBias: false)
                    BatchNormalization()
                    Activation(.relu)
                    MaxPooling2D(3, strides: 2, padding: .same)
                    DepthwiseConv2D(3, padding: .same)
                    BatchNormalization()
                    Activation(.relu)
                    GlobalAveragePooling2D()
                    Dense(10, activation: .softmax)
                }
            case .clamped:
                Sequential(seed: seed) {
                    Input(28, 28, 1)
                    Conv2D(8, kernelSize: 3, biasInitializer: .ones)
                    Activation(.relu6)
                    MaxPooling2D(2)
                    Conv2D(8, kernelSize: 3, activation: .linear)
                    Activation(.relu6)
                    DepthwiseConv2D(3, activation: .relu6)
                    SeparableConv2D(8, kernelSize: 3, activation: .relu6)
                    BatchNormalization()
                    Activation(.relu6)
                    Flatten()
                    Dense(16)
                    Activation(.relu6)
                    Dense(10, activation: .softmax)
                }
            case .strided:
                Sequential(seed: seed) {
                    Input(28, 28, 1)
                    Conv2D(6, kernelSize: Size2D(5, 3), strides: 2, activation: .tanh)
                    MaxPooling2D(2)
                    Conv2D(20, kernelSize: 2)
                    MaxPooling2D(2, strides: 1)
                    Activation(.relu)
                    Flatten()
                    Dense(10, activation: .softmax)
                }
            case .unread:
                // From the end: 3 of 4 rows, so 4 of 5, 9 of 11, 19 of 26 are read.
                Sequential(seed: seed) {
                    Input(28, 28, 1)
                    Conv2D(6, kernelSize: 3, activation: .relu)
                    Conv2D(12, kernelSize: 3, strides: 2)
                    Activation(.relu)
                    MaxPooling2D(3, strides: 2)
                    Conv2D(16, kernelSize: 2, activation: .relu)
                    MaxPooling2D(3)
                    Flatten()
                    Dense(10, activation: .softmax)
                }
            case .paddedReader:
                // 26 pixels, of which the padded windows reach beyond the last: fewer would be padded before the first.
                Sequential(seed: seed) {
                    Input(28, 28, 1)
                    Conv2D(4, kernelSize: 3, activation: .relu)
                    Conv2D(8, kernelSize: 3, strides: 2, padding: .same, activation: .relu)
                    MaxPooling2D(2)
                    Flatten()
                    Dense(10, activation: .softmax)
                }
            case .paddedPool:
                // A pool of 26 pixels, padded behind the last, of whose 13 windows the next layer reads 12.
                Sequential(seed: seed) {
                    Input(28, 28, 1)
                    Conv2D(4, kernelSize: 3, activation: .relu)
                    MaxPooling2D(3, strides: 2, padding: .same)
                    Conv2D(8, kernelSize: 2, strides: 2, activation: .relu)
                    Flatten()
                    Dense(10, activation: .softmax)
                }
            case .nested:
                Sequential(seed: seed) {
                    Input(28, 28, 1)
                    Sequential {
                        Conv2D(16, kernelSize: 3)
                        Activation(.relu)
                        MaxPooling2D(2)
                    }
                    Activation(.relu)
                    Flatten()
                    Dense(10, activation: .softmax)
                }
            }
        }
    }

    private func data(count: Int) throws -> Dataset { try FashionMNIST.load(.embedded).train.prefix(count) }

    /// Predictions, the losses of some steps, and the weights after them.
    private func train(
        _ network: Network, _ acceleration: Acceleration
    ) throws -> (predictions: Tensor, losses: [Double], weights: [Tensor]) {
        let model = network.make()
        model.acceleration = acceleration
        model.compile(
            optimizer: SGD(learningRate: 0.01, momentum: 0.5), loss: .sparseCategoricalCrossentropy)
        let data = try data(count: 48)
        let predictions = try model.predict(data.inputs)
        let history = try model.fit(data, batchSize: 12, epochs: 2, verbose: .silent)
        return (predictions, history["loss"], model.weights)
    }

    @Test(arguments: Network.allCases) func givesWhatTheLayersGiveOneByOne(network: Network) throws {
        let expected = try train(network, .none)
        for acceleration in [
            Acceleration.full, Acceleration(convolution: .direct), Acceleration(fusesLayers: false),
            Acceleration(skipsZeros: false),
            Acceleration(fusesLayers: false, convolution: .loops, skipsZeros: false),
        ] {
            let actual = try train(network, acceleration)
            expectClose(actual.predictions, expected.predictions, absolute: 1e-6, relative: 1e-4)
            #expect(actual.losses.count == 2)
            for (loss, other) in zip(actual.losses, expected.losses) { #expect(abs(loss - other) < 1e-4) }
            for (weight, other) in zip(actual.weights, expected.weights) {
                expectClose(weight, other, absolute: 1e-4, relative: 1e-3)
            }
        }
    }

    @Test(arguments: Network.allCases) func theSameSeedGivesTheSameBits(network: Network) throws {
        let (first, second) = (try train(network, .full), try train(network, .full))
        #expect(first.predictions == second.predictions && first.losses == second.losses)
        #expect(first.weights == second.weights)
    }

    /// What a pool or a stride leaves unread is computed in no layer before.
    @Test func deadPixelsAreNotComputed() {
        func sizes(_ network: Network) -> [Int] {
            var value = Variable(Tensor(zeros: [2, 28, 28, 1]))
            return steps(of: network.make()).prefix(3).compactMap {
                guard case .unary(let forward) = $0.body else { return nil }
                value = forward(value, .inference)
                return value.shape[1]
            }
        }
        #expect(sizes(.documentLong).prefix(2) == [12, 5])
        #expect(sizes(.unread) == [19, 4, 1])
        // Images that are padded are read to the end.
        let padded = Sequential(seed: 1) {
            Input(9, 9, 1)
            Conv2D(4, kernelSize: 3)
            Conv2D(4, kernelSize: 3, padding: .same)
            MaxPooling2D(2)
        }
        guard case .unary(let forward)? = steps(of: padded).first?.body else {
            Issue.record("no step of one value")
            return
        }
        #expect(forward(Variable(Tensor(zeros: [1, 9, 9, 1])), .inference).shape == [1, 7, 7, 4])
    }

    private func steps(of model: Sequential) -> [LayerFusion.Step] {
        model.graph.map { LayerFusion.steps(of: $0.nodes, outputs: $0.outputs) } ?? []
    }

    /// What an activation is called says nothing of what it computes.
    @Test(arguments: ["linear", "relu", "relu6"]) func activationsOfOnesOwnAreNotTakenForOthers(
        name: String
    ) throws {
        let minusOne = ActivationFunction(name) { ($0 * 0) - 1 }
        func prediction(@LayerBuilder _ layers: () -> [Layer]) throws -> Tensor {
            try Sequential(seed: 1, layers: layers).predict(Tensor(ones: [1, 6, 6, 1]))
        }
        let convolved = try prediction {
            Conv2D(4, kernelSize: 3, activation: minusOne)
            Activation(.relu)
            MaxPooling2D(2)
        }
        #expect(convolved == Tensor(zeros: [1, 2, 2, 4]))
        let dense = try prediction {
            Dense(3, activation: minusOne)
            Activation(.relu)
        }
        #expect(dense == Tensor(zeros: [1, 6, 6, 3]))
        let normalized = try prediction {
            BatchNormalization()
            Activation(minusOne)
        }
        #expect(normalized == Tensor(zeros: [1, 6, 6, 1]) - 1)
    }

    @Test func takesTogetherWhatFits() {
        func steps(_ network: Network) -> [[String]] {
            self.steps(of: network.make()).map { $0.layers.map { "\(type(of: $0))" } }
        }
        let block = ["Conv2D", "Activation", "MaxPooling2D"]
        #expect(
            steps(.documentLong) == [
                block, block, ["Flatten"], ["Dense", "Activation"], ["Dropout"], ["Dense"],
            ])
        let short = ["Conv2D", "MaxPooling2D"]
        #expect(steps(.documentShort) == [short, short, ["Flatten"], ["Dense"], ["Dropout"], ["Dense"]])
        #expect(
            steps(.normalized) == [
                ["Conv2D"], ["BatchNormalization", "Activation"], ["MaxPooling2D"], ["DepthwiseConv2D"],
                ["BatchNormalization", "Activation"], ["GlobalAveragePooling2D"], ["Dense"],
            ])
        #expect(
            steps(.clamped).prefix(2) == [block, ["Conv2D", "Activation"]])
        // tanh lies between convolution and pool.
        #expect(steps(.strided).prefix(2) == [["Conv2D"], ["MaxPooling2D"]])
    }
}
