import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// A graph's layers in one pass and one by one.
@Suite struct GraphFusionTests {
    /// Convolution blocks, a pool, residual sums, and values that are read twice.
    private func makeModel(seed: UInt64 = 5) -> Model {
        let image = Input(28, 28, 1)
        var x = Conv2D(8, kernelSize: 3)(image)
        x = MaxPooling2D(2)(Activation(.relu)(x))
        // Read by the relu and by the sum: the two may not become one pass.
        let seen = Conv2D(8, kernelSize: 3, padding: .same)(x)
        var y = Activation(.relu)(seen)
        y = Conv2D(8, kernelSize: 3, padding: .same, useBias: false)(y)
        y = BatchNormalization()(y)
        x = Activation(.relu)(Add()(seen, y))
        x = MaxPooling2D(2)(x)
        // A sum that more than the relu reads.
        let sum = Add()(x, Conv2D(8, kernelSize: 1)(x))
        let joined = Concatenate()(Activation(.relu)(sum), sum)
        x = Flatten()(GlobalAveragePooling2D(keepDimensions: true)(joined))
        x = Activation(.relu)(Dense(16)(x))
        return Model(inputs: image, outputs: Dense(10, activation: .softmax)(x), seed: seed)
    }

    private func data(count: Int) throws -> Dataset { try FashionMNIST.load(.embedded).train.prefix(count) }

    /// Predictions, the losses of some steps, and the weights after them.
    private func train(
        _ acceleration: Acceleration
    ) throws -> (predictions: Tensor, losses: [Double], weights: [Tensor]) {
        let model = makeModel()
        model.acceleration = acceleration
        model.compile(
            optimizer: SGD(learningRate: 0.01, momentum: 0.5), loss: .sparseCategoricalCrossentropy)
        let data = try data(count: 48)
        let predictions = try model.predict(data.inputs)
        let history = try model.fit(data, batchSize: 12, epochs: 2, verbose: .silent)
        return (predictions, history["loss"], model.weights)
    }

    @Test func givesWhatTheLayersGiveOneByOne() throws {
        let expected = try train(.none)
        for acceleration in [
            Acceleration.full, Acceleration(convolution: .direct), Acceleration(fusesLayers: false),
            Acceleration(skipsZeros: false),
            Acceleration(fusesLayers: false, convolution: .loops, skipsZeros: false),
        ] {
            let actual = try train(acceleration)
            expectClose(actual.predictions, expected.predictions, absolute: 1e-6, relative: 1e-4)
            #expect(actual.losses.count == 2)
            for (loss, other) in zip(actual.losses, expected.losses) { #expect(abs(loss - other) < 1e-4) }
            for (weight, other) in zip(actual.weights, expected.weights) {
                expectClose(weight, other, absolute: 1e-4, relative: 1e-3)
            }
        }
    }

    @Test func theSameSeedGivesTheSameBits() throws {
        let (first, second) = (try train(.full), try train(.full))
        #expect(first.predictions == second.predictions && first.losses == second.losses)
        #expect(first.weights == second.weights)
    }

    @Test func takesTogetherWhatNobodyElseReads() throws {
        let graph = try #require(makeModel().graph)
        let steps = LayerFusion.steps(of: graph.nodes, outputs: graph.outputs)
        #expect(
            steps.map { $0.layers.map { "\(type(of: $0))" } } == [
                ["Conv2D", "Activation", "MaxPooling2D"], ["Conv2D"], ["Activation"], ["Conv2D"],
                ["BatchNormalization"], ["Add", "Activation"], ["MaxPooling2D"], ["Conv2D"], ["Add"],
                ["Activation"], ["Concatenate"], ["GlobalAveragePooling2D"], ["Flatten"],
                ["Dense", "Activation"], ["Dense"],
            ])
        let unfused = LayerFusion.unfusedSteps(of: graph.nodes, outputs: graph.outputs)
        #expect(unfused.count == graph.nodes.count - 1 && unfused.allSatisfy { $0.layers.count == 1 })
        // Every value that is read is let go, once.
        for steps in [steps, unfused] {
            let read = Set(steps.flatMap { $0.inputs })
            #expect(steps.flatMap { $0.lastReads }.sorted() == read.sorted())
        }
    }

    @Test func sumsOfTwoAloneAreClampedInTheirPass() throws {
        func steps(_ sum: (Input) -> SymbolicTensor, _ function: ActivationFunction = .relu) throws -> [Int] {
            let input = Input(4)
            let model = Model(inputs: input, outputs: Activation(function)(sum(input)))
            let graph = try #require(model.graph)
            return LayerFusion.steps(of: graph.nodes, outputs: graph.outputs).map { $0.layers.count }
        }
        #expect(try steps { Add()($0, Dense(4)($0)) } == [1, 2])
        #expect(try steps { Add()($0, $0) } == [2])
        #expect(try steps { Add()($0, $0, $0) } == [1, 1])
        #expect(try steps { Add()($0) } == [1, 1])
        #expect(try steps({ Add()($0, $0) }, .tanh) == [1, 1])
        #expect(try steps { Concatenate()($0, $0) } == [1, 1])
    }
}
