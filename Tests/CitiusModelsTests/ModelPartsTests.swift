import CitiusAutograd
import CitiusConfiguration
import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// Looking into models, making others of them, and the steps that a subclass may override.
@Suite struct ModelPartsTests {
    private func chain() -> Sequential {
        Sequential(name: "chain", seed: 1) {
            Input(6)
            Dense(5, activation: .tanh, name: "first")
            BatchNormalization(name: "norm")
            Dense(3, activation: .softmax, name: "last")
        }
    }

    let inputs = Tensor((0..<24).map { Float($0) / 12 - 1 }, shape: [4, 6])

    @Test func layersByNameAndPlace() {
        let model = chain()
        #expect(model.layer(named: "norm") === model.layers[1])
        #expect(model.layer(at: 0) === model.layers[0] && model.layer(at: -1) === model.layers[2])
        #expect(model.trainableParameters.count == 6 && model.nonTrainableParameters.count == 2)
        model.layer(named: "first").isTrainable = false
        #expect(model.trainableParameters.count == 4 && model.nonTrainableParameters.count == 4)
        model.isTrainable = false
        #expect(model.trainableParameters.isEmpty)
        model.isTrainable = true
        #expect(model.trainableParameters.count == 4)
    }

    /// A model of some layers of another shares their weights.
    @Test func modelsOfPartsOfOthers() throws {
        let model = chain()
        let features = Model(inputs: model.inputs, outputs: [model.output(ofLayer: "norm")])
        let first = model.layers[0](Variable(inputs)).value
        #expect(try features.predict(inputs) == model.layers[1](Variable(first)).value)
        // Further layers on what a model of branches gives.
        let whole = Model(inputs: model.inputs, outputs: [Dense(2, name: "head")(model.outputs[0])])
        #expect(try whole.predict(inputs).shape == [4, 2])
        #expect(whole.layer(named: "first") === model.layer(named: "first"))
        let shared = Dense(6, name: "shared")
        let input = Input(6)
        let twice = Model(inputs: input, outputs: shared(shared(input)))
        let once = Model(inputs: twice.inputs, outputs: [twice.output(ofLayer: "shared", call: 0)])
        #expect(try twice.predict(inputs) == once.predict(once.predict(inputs)))
        #expect(twice.output(ofLayer: "shared", call: 1).call === twice.outputs[0].call)
    }

    @Test func architecturesAsText() throws {
        let model = chain()
        let copy = try Model.fromJSON(model.toJSON(), seed: 1)
        #expect(try copy.toJSON() == model.toJSON())
        copy.weights = model.weights
        #expect(try copy.predict(inputs) == model.predict(inputs))
        #expect(throws: SavingError.self) { try Model.fromJSON("{") }
        #expect(throws: SavingError.self) { try Model.fromJSON("[]") }
    }

    final class Doubled: Layer, ConfigurableLayer {
        struct Configuration: LayerConfiguration { var factor = 2.0 }
        let configuration: Configuration

        init(configuration: Configuration, name: String? = nil) {
            self.configuration = configuration
            super.init(name: name)
        }

        override func forward(_ input: Variable, in context: Context) -> Variable {
            input * configuration.factor
        }
    }

    /// A clone has weights of its own; layers of a user's own are known without being named.
    @Test func clones() throws {
        let model = Sequential(seed: 1) {
            Input(6)
            Dense(5)
            Sequential(name: "inner") {
                Doubled(configuration: .init(factor: 3))
                Dense(2)
            }
        }
        let fresh = try model.clone(seed: 2)
        #expect(fresh.weights.count == model.weights.count && fresh.weights[0] != model.weights[0])
        #expect(fresh.layers[0] !== model.layers[0])
        let copy = try model.clone(copyingWeights: true)
        #expect(try copy.predict(inputs) == model.predict(inputs))
        copy.weights = copy.weights.map { $0 * 2 }
        #expect(try copy.predict(inputs) != model.predict(inputs))
        #expect(throws: SavingError.self) {
            try Sequential {
                Input(6)
                Activation(ActivationFunction("mine") { $0 })
            }.clone()
        }
    }

    /// The same program after the same seed has the same weights; a given seed counts in its place.
    @Test func seedsOfEverything() async {
        // In a process of its own: other tests draw from it too.
        await #expect(processExitsWith: .success) {
            func weights(after seed: UInt64, given: UInt64? = nil) -> [Tensor] {
                setRandomSeed(seed)
                return Sequential([Input(2), Dense(3), Dense(2)], seed: given).weights
            }
            precondition(weights(after: 7) == weights(after: 7))
            precondition(weights(after: 7) != weights(after: 8))
            precondition(weights(after: 7, given: 3) == weights(after: 8, given: 3))
            setRandomSeed(7)
            precondition(RandomStream().generator != RandomStream().generator)
        }
    }

    @Test func someStepsAlone() throws {
        let model = chain()
        model.compile(optimizer: SGD(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        #expect(try model.predict(inputs, batchSize: 1, steps: 3) == model.predict(inputs[0..<3]))
        #expect(
            try model.predict(Dataset(inputs: inputs, targets: inputs), batchSize: 3, steps: 9).shape == [
                4, 3,
            ])
        #expect(Set(model.metricsNames) == ["loss", "accuracy"])
        _ = try model.testOnBatch(inputs, Tensor([0, 1, 2, 0] as [Int64]))
        #expect(model.scores.loss > 0)
        model.resetMetrics()
        #expect(model.scores.loss == 0)
    }

    /// Every step of a model's own is what `fit`, `evaluate` and `predict` do.
    final class Own: Model {
        let dense = Dense(1)
        var losses = 0
        var batches = 0
        override var layers: [Layer] { [dense] }

        override func forward(_ input: Variable, in context: Context) -> Variable {
            dense(input, in: context)
        }
        override func computeLoss(_ predictions: [Variable], _ batch: Batch, in context: Context) -> Variable
        {
            losses += 1
            return super.computeLoss(predictions, batch, in: context) + 100
        }
        override func updateMetrics(_ loss: Variable, _ predictions: [Variable], _ batch: Batch) {
            batches += batch.count
            super.updateMetrics(loss, predictions, batch)
        }
        override func predictStep(_ inputs: [Tensor]) -> [Tensor] {
            super.predictStep(inputs).map { $0 + 1000 }
        }
    }

    @Test func overriddenSteps() throws {
        let model = Own()
        model.compile(optimizer: SGD(), loss: .meanSquaredError)
        let targets = Tensor(zeros: [4, 1])
        let history = try model.fit(inputs, targets, batchSize: 2, verbose: .silent)
        #expect(history["loss"][0] > 100 && model.losses == 2 && model.batches == 4)
        #expect(try model.evaluate(inputs, targets, verbose: .silent).loss > 100)
        #expect(model.batches == 8)
        for prediction in [try model.predict(inputs), try model.predictOnBatch(inputs)] {
            #expect(prediction.min().scalar > 900)
        }
    }

    @Test func nestedModelsInSummaries() {
        let inner = Sequential(name: "inner") {
            Input(4)
            Dense(3, name: "p")
            Dense(2, name: "q")
        }
        let deep = Sequential(name: "deep") {
            Input(4)
            inner
            Dense(2, name: "r")
        }
        let outer = Sequential(name: "outer") {
            Input(4)
            Dense(4, name: "a")
            deep
            Activation(.relu, name: "act")
        }
        deep.layer(named: "r").isTrainable = false
        // As Keras prints it, which cuts off the last column's title.
        let table = """
            Model: "outer"
            ┏━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┳━━━━━━━━━━━┓
            ┃ Layer (type)           ┃ Output Shape ┃ Param # ┃ Trainable ┃
            ┡━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━╇━━━━━━━━━━━┩
            │ a (Dense)              │ (None, 4)    │      20 │ Y         │
            ├────────────────────────┼──────────────┼─────────┼───────────┤
            │ deep (Sequential)      │ (None, 2)    │      29 │ Y         │
            ├────────────────────────┼──────────────┼─────────┼───────────┤
            │    └ inner             │ (None, 2)    │      23 │ Y         │
            │    (Sequential)        │              │         │           │
            ├────────────────────────┼──────────────┼─────────┼───────────┤
            │       └ p (Dense)      │ (None, 3)    │      15 │ Y         │
            ├────────────────────────┼──────────────┼─────────┼───────────┤
            │       └ q (Dense)      │ (None, 2)    │       8 │ Y         │
            ├────────────────────────┼──────────────┼─────────┼───────────┤
            │    └ r (Dense)         │ (None, 2)    │       6 │ N         │
            ├────────────────────────┼──────────────┼─────────┼───────────┤
            │ act (Activation)       │ (None, 2)    │       0 │ -         │
            └────────────────────────┴──────────────┴─────────┴───────────┘
            """
        let text = outer.summary(lineLength: 63, expandNested: true, showTrainable: true)
        #expect(text.hasPrefix(table), "\(text)")
    }
}
