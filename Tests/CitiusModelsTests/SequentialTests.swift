import CitiusAutograd
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

@Suite struct SequentialTests {
    @Test func buildersTakeConditionsAndLoops() {
        func make(deep: Bool, drops: Bool) -> Sequential {
            Sequential {
                for width in [4, 5] {
                    Dense(width)
                    Activation(.relu)
                }
                if drops { Dropout(0.5) }
                if deep { Dense(6) } else { Dense(7) }
                [Dense(1), Dense(2)]
            }
        }
        #expect(
            make(deep: true, drops: false).layers.map { $0.name } == [
                "dense", "activation", "dense_1", "activation_1", "dense_2", "dense_3", "dense_4",
            ])
        #expect(
            make(deep: false, drops: true).layers.compactMap { ($0 as? Dense)?.units } == [4, 5, 7, 1, 2])
        #expect(make(deep: false, drops: true).layers.count == 8)
    }

    @Test func givenNamesAreKeptAndAvoided() {
        let model = Sequential {
            Dense(1, name: "dense_1")
            Dense(1)
            Dense(1)
        }
        #expect(model.layers.map { $0.name } == ["dense_1", "dense", "dense_2"])
        #expect(model.layer(named: "dense_2") === model.layers[2])
    }

    @Test func addingIsBuilding() {
        let built = Sequential(seed: 3) {
            Input(4)
            Dense(5)
            Dense(2)
        }
        let added = Sequential(seed: 3)
        added.add(Input(4))
        added.add(Dense(5))
        added.add(Dense(2))
        #expect(built.weights == added.weights)
        #expect(built.weights.map { $0.shape } == [[4, 5], [5], [5, 2], [2]])
        let other = Sequential(seed: 4) {
            Input(4)
            Dense(5)
            Dense(2)
        }
        #expect(built.weights != other.weights)
    }

    @Test func withoutAnInputTheFirstBatchBuilds() throws {
        let model = Sequential(seed: 3) {
            Dense(5)
            Dense(2)
        }
        #expect(!model.isBuilt && model.weights.isEmpty)
        let output = try model.predict(Tensor(ones: [7, 4]))
        #expect(output.shape == [7, 2])
        #expect(model.isBuilt && model.parameterCount == 4 * 5 + 5 + 5 * 2 + 2)
        // Drawn from the same seed, however it is built.
        let early = Sequential(seed: 3) {
            Input(4)
            Dense(5)
            Dense(2)
        }
        #expect(early.weights == model.weights)
    }

    @Test func modelsNest() throws {
        func make() -> Sequential {
            Sequential(seed: 5) {
                Input(6)
                Sequential {
                    Dense(4, activation: .relu)
                    Dropout(0.5)
                }
                Residual()
                Dense(2)
            }
        }
        let model = make()
        #expect(model.layers.map { $0.name } == ["sequential", "residual", "dense"])
        #expect(model.parameters.count == 2 + 4 + 2)
        #expect(model.weights == make().weights)
        model.compile(optimizer: SGD(learningRate: 0.1), loss: .meanSquaredError)
        let before = model.weights
        try model.trainOnBatch(Tensor(ones: [3, 6]), Tensor(ones: [3, 2]))
        // Every parameter of every level is trained.
        #expect(zip(before, model.weights).allSatisfy { $0 != $1 })
        // The context reaches the inner dropout: two passes of training differ, of inference agree.
        let context = Context(tape: nil, isTraining: true, random: RandomStream(seed: 1))
        let x = Variable(Tensor(ones: [3, 6]))
        #expect(model(x, in: context).value != model(x, in: context).value)
        #expect(model(x).value == model(x).value)
    }

    @Test func modelsOfOnesOwnBuildThemselves() throws {
        let model = Residual(seed: 9)
        model.compile(optimizer: SGD(learningRate: 0.05), loss: .meanSquaredError)
        let inputs = randomTensor([16, 3], dtype: .float32, seed: 1)
        let history = try model.fit(inputs, inputs * 2, epochs: 5, verbose: .silent)
        #expect(model.layers.map { $0.name } == ["dense", "dense_1"])
        #expect(history["loss"][4] < history["loss"][0])
        let twin = Residual(seed: 9)
        twin.compile(optimizer: SGD(learningRate: 0.05), loss: .meanSquaredError)
        try twin.fit(inputs, inputs * 2, epochs: 5, verbose: .silent)
        #expect(twin.weights == model.weights)
    }

    @Test func doublesReachEveryLayer() throws {
        let model = Sequential(dtype: .float64) {
            Input(3)
            Sequential { Dense(2) }
            BatchNormalization()
        }
        #expect(model.weights.allSatisfy { $0.dtype == .float64 })
        #expect(try model.predict(Tensor(ones: [2, 3], dtype: .uint8)).dtype == .float64)
    }

    @Test func frozenModelsKeepTheirWeights() throws {
        let model = linearModel()
        model.isTrainable = false
        let before = model.weights
        try model.fit(linearData(count: 8), verbose: .silent)
        #expect(model.weights == before)
        model.isTrainable = true
        try model.fit(linearData(count: 8), verbose: .silent)
        #expect(model.weights != before)
    }

    @Test func weightsAreSetInOrder() throws {
        let model = linearModel()
        let kernel = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2])
        model.weights = [kernel, Tensor([10, 20] as [Float])]
        let output = try model.predict(Tensor([1, 0, 1] as [Float], shape: [1, 3]))
        #expect(output.elements(as: Float.self) == [16, 28])
        // Values: training the model leaves the tensors that were given alone.
        try model.fit(linearData(count: 8), verbose: .silent)
        #expect(kernel.elements(as: Float.self) == [1, 2, 3, 4, 5, 6])
    }

    @Test func programmersMistakesTrap() async {
        let twice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Sequential {
                Dense(1, name: "a")
                Dense(1, name: "a")
            }
        }
        #expect(errorText(of: twice).contains("two layers are called \"a\"; each needs a name of its own"))
        let weights = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            linearModel().weights = [Tensor(zeros: [3, 3]), Tensor(zeros: [2])]
        }
        #expect(
            errorText(of: weights).contains(
                "weights: tensor 0 is float32 [3, 3], expected float32 [3, 2] for kernel"))
        let uncompiled = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try Sequential { Dense(2) }.fit(linearData(count: 4), verbose: .silent)
        }
        #expect(
            errorText(of: uncompiled).contains(
                "fit: the model is not compiled; call compile(optimizer:loss:metrics:) first"))
        let missing = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = linearModel().layer(named: "conv2d")
        }
        #expect(errorText(of: missing).contains("has no layer \"conv2d\", expected one of"))
    }
}

/// x + second(relu(first(x)))
private final class Residual: Model {
    let first = Dense(8, activation: .relu)
    private var second: Dense?
    override var layers: [Layer] { [first] + (second.map { [$0] } ?? []) }

    override func outputShape(for inputShape: Shape) -> Shape {
        if second == nil { second = Dense(inputShape[-1]) }
        return super.outputShape(for: inputShape)
    }

    override func forward(_ input: Variable, in context: Context) -> Variable {
        guard let second else { return input }
        return input + second(first(input, in: context), in: context)
    }
}
