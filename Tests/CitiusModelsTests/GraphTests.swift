import CitiusAutograd
import CitiusKernels
import CitiusLayers
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusModels

/// Models made of inputs and outputs.
@Suite struct GraphTests {
    private let inputs = randomTensor([12, 4], dtype: .float32, seed: 1)
    private let targets = randomTensor([12, 2], dtype: .float32, seed: 2)

    @Test func aChainIsASequential() throws {
        let input = Input(4)
        let x = BatchNormalization()(Dropout(0.5)(Dense(8, activation: .relu)(input)))
        let graph = Model(inputs: input, outputs: Dense(2)(x), seed: 3)
        let chain = Sequential(seed: 3) {
            Input(4)
            Dense(8, activation: .relu)
            Dropout(0.5)
            BatchNormalization()
            Dense(2)
        }
        #expect(graph.layers.dropFirst().map { $0.name } == chain.layers.map { $0.name })
        #expect(graph.layers[0] === input && graph.isBuilt && graph.inputShape == [4])
        #expect(graph.outputShape(for: [4]) == [2])
        #expect(graph.weights == chain.weights)
        let losses = try [graph, chain].map { model in
            model.compile(optimizer: Adam(learningRate: 0.01), loss: .meanSquaredError)
            return try model.fit(inputs, targets, batchSize: 5, epochs: 3, verbose: .silent)["loss"]
        }
        #expect(losses[0] == losses[1])
        #expect(graph.weights == chain.weights)
        #expect(try graph.predict(inputs) == chain.predict(inputs))
        let scores = try [graph, chain].map { try $0.evaluate(inputs, targets, verbose: .silent) }
        #expect(scores[0] == scores[1])
    }

    @Test func branchesMeetAsWrittenByHand() throws {
        let input = Input(4)
        let (first, second, last) = (Dense(4, activation: .tanh), Dense(4), Dense(2))
        let x = first(input)
        let sum = Add()(x, second(x), input)
        let model = Model(inputs: input, outputs: last(Concatenate()(sum, x)), seed: 5)
        let context = Context.inference
        let h = first(Variable(inputs), in: context)
        let s = h + second(h, in: context) + Variable(inputs)
        let expected = last(Variable.concatenate([s, h], axis: 1), in: context).value
        #expect(try model.predict(inputs) == expected)
        model.acceleration = .none
        expectClose(try model.predict(inputs), expected)
        #expect(model.parameterCount == 4 * 4 + 4 + 4 * 4 + 4 + 8 * 2 + 2)
    }

    @Test func aSharedLayersGradientIsTheSum() {
        // tanh(tanh(x·W + b)·W + b) + (x·W + b)
        let input = Input(3)
        let shared = Dense(3)
        let x = shared(input)
        let output = Add()(Activation(.tanh)(shared(Activation(.tanh)(x))), x)
        let model = Model(inputs: input, outputs: output, seed: 4, dtype: .float64)
        #expect(model.layers.filter { $0 === shared }.count == 1 && model.parameters.count == 2)
        let parameters = model.parameters
        let arguments = [randomTensor([2, 3], seed: 1)] + parameters.map { $0.value + 0.1 }
        for fuses in [true, false] {
            checkGradients(at: arguments) { variables in
                for (parameter, variable) in zip(parameters, variables.dropFirst()) {
                    parameter.value = variable.value
                }
                let tape = Tape()
                let context = Context.training(
                    tape, random: RandomStream(seed: 1), acceleration: Acceleration(fusesLayers: fuses))
                let watched = tape.watch(variables[0].value)
                let result = model(watched, in: context)
                return Variable.computed([result.value], from: variables) { cotangents in
                    let gradients = tape.gradients(of: result, cotangent: cotangents[0])
                    return [gradients[watched]] + parameters.map { gradients[$0] }
                }[0]
            }
        }
    }

    @Test func layersComeInKerassOrder() {
        func dense(_ name: String) -> Dense { Dense(4, name: name) }
        let input = Input(4, name: "in")
        let x = dense("head")(input)
        let p = dense("p")(x)
        let q = dense("q3")(dense("q2")(dense("q1")(x)))
        let r = dense("r2")(dense("r1")(x))
        let model = Model(inputs: input, outputs: dense("out")(Add(name: "sum")(p, r, q)))
        #expect(
            model.layers.map { $0.name } == ["in", "head", "q1", "r1", "q2", "p", "r2", "q3", "sum", "out"])
        // A shared layer stands where the farthest of its places is.
        let shared = dense("s")
        let (sb, sc) = (shared(dense("b")(dense("a")(input))), shared(dense("c")(input)))
        let joined = Concatenate(name: "cat2")(Concatenate(name: "cat")(sc, sb), dense("d")(input))
        let other = Model(inputs: input, outputs: dense("end")(joined))
        #expect(other.layers.map { $0.name } == ["in", "a", "c", "b", "s", "cat", "d", "cat2", "end"])
    }

    @Test func namesAreGivenInOrder() {
        let input = Input(4)
        let x = Dense(4)(input)
        let y = Dense(4, name: "dense_1")(x)
        let model = Model(inputs: input, outputs: Add()(x, Dense(4)(y)), name: "small")
        #expect(model.layers.map { $0.name } == ["input", "dense", "dense_1", "dense_2", "add"])
        #expect(model.layer(named: "dense_1").label == "Dense \"dense_1\"")
    }

    @Test func modelsOfOneGraphShareLayers() throws {
        let input = Input(4)
        let x = Dense(3, activation: .relu)(input)
        let whole = Model(inputs: input, outputs: Dense(2)(x), seed: 1)
        let features = Model(inputs: input, outputs: x)
        #expect(
            features.parameters.map { ObjectIdentifier($0) }
                == whole.parameters.prefix(2).map { ObjectIdentifier($0) })
        let before = try features.predict(inputs)
        whole.compile(optimizer: SGD(learningRate: 0.1), loss: .meanSquaredError)
        try whole.fit(inputs, targets, verbose: .silent)
        #expect(try features.predict(inputs) != before)
        #expect(try Model(inputs: input, outputs: input).predict(inputs) == inputs)
    }

    @Test func modelsNestInGraphs() throws {
        func make() -> Model {
            let inner = Input(4)
            let block = Model(inputs: inner, outputs: Add()(inner, Dense(4)(inner)), seed: 8)
            let input = Input(4)
            let x = block(Sequential { Dense(4, activation: .relu) }(input))
            return Model(inputs: input, outputs: Dense(2)(block(x)), seed: 7)
        }
        let model = make()
        #expect(model.layers.map { $0.name } == ["input", "sequential", "model", "dense"])
        #expect(model.weights == make().weights && model.parameters.count == 6)
        model.compile(optimizer: SGD(learningRate: 0.1), loss: .meanSquaredError)
        let before = model.weights
        try model.trainOnBatch(inputs, targets)
        #expect(zip(before, model.weights).allSatisfy { $0 != $1 })
        // And a graph in a chain.
        let chain = Sequential {
            Input(4)
            model
            Activation(.softmax)
        }
        #expect(try chain.predict(inputs) == model.predict(inputs).softmax())
    }

    @Test func modelsOfOnesOwnStandInGraphs() throws {
        final class Doubled: Model {
            private let dense = Dense(3)
            private let joined = Concatenate()
            override var layers: [Layer] { [dense, joined] }
            override func forward(_ input: Variable, in context: Context) -> Variable {
                joined(dense(input, in: context), input, in: context)
            }
        }
        func make() -> Model {
            let input = Input(4)
            return Model(inputs: input, outputs: Dense(2)(Doubled(seed: 1)(input)), seed: 2)
        }
        let model = make()
        #expect(model.layers[1].outputShape(for: [4]) == [7] && model.parameters.count == 4)
        #expect(model.weights == make().weights)
        #expect(try model.predict(inputs) == make().predict(inputs))
        // A merging layer knows the shape of what it gives for all that it was built for.
        #expect((model.layers[1] as? Model)?.summary().contains("(None, 7)") == true)
    }

    @Test func learns() throws {
        let input = Input(2)
        var x = Dense(16, activation: .relu)(input)
        x = Activation(.relu)(Add()(x, Dense(16)(x)))
        let output = Dense(2, activation: .softmax)(Concatenate()(x, input))
        let model = Model(inputs: input, outputs: output, seed: 11)
        model.compile(
            optimizer: Adam(learningRate: 0.01), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        let history = try model.fit(twoClasses(count: 200), epochs: 8, verbose: .silent)
        #expect(history["loss"][7] < history["loss"][0] / 2)
        let scores = try model.evaluate(twoClasses(count: 100, seed: 2), verbose: .silent)
        #expect(scores["accuracy"] > 0.9)
    }

    @Test func typeAndFreezingReachEveryLayer() throws {
        let input = Input(4)
        let x = Dense(4)(input)
        let inner = Sequential { Dense(4) }
        let model = Model(inputs: input, outputs: Add()(x, inner(x)), dtype: .float64)
        #expect(model.weights.count == 4 && model.weights.allSatisfy { $0.dtype == .float64 })
        #expect(try model.predict(inputs).dtype == .float64)
        model.isTrainable = false
        #expect(model.parameters.allSatisfy { !$0.isTrainable } && !inner.layers[0].isTrainable)
    }

    @Test func deepGraphsNeedNoDeepStack() async {
        await #expect(processExitsWith: .success) {
            let activation = Activation(.relu)
            let input = Input(2)
            var x = activation(input)
            for _ in 0..<20_000 { x = Add()(activation(x), x) }
            let model = Model(inputs: input, outputs: x)
            require(model.layers.count == 20_002, "\(model.layers.count) layers")
            _ = try model.predict(Tensor(zeros: [1, 2]))
        }
    }

    /// In a process of its own: other tests use the allocator too.
    @Test func valuesAreLetGoOnceRead() async {
        await #expect(processExitsWith: .success) {
            final class Meter: Layer {
                var bytesInUse: [Int] = []
                override func forward(_ input: Variable, in context: Context) -> Variable {
                    bytesInUse.append(Allocator.statistics.bytesInUse)
                    return input.relu()
                }
            }
            let meter = Meter()
            let input = Input(10_000)
            var x = meter(input)
            for _ in 0..<20 { x = Add()(Activation(.tanh)(meter(x)), x) }
            let model = Model(inputs: input, outputs: x)
            for acceleration in [Acceleration.full, .none] {
                model.acceleration = acceleration
                meter.bytesInUse = []
                _ = try model.predict(Tensor(zeros: [10, 10_000]))
                require(
                    meter.bytesInUse.count == 21 && Set(meter.bytesInUse.dropFirst(3)).count == 1,
                    "bytes in use change with the depth: \(meter.bytesInUse)")
            }
        }
    }

    @Test func mistakesTrap() async {
        let apart = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Model(inputs: Input(3), outputs: Dense(2)(Input(4, name: "other")), name: "m")
        }
        #expect(
            errorText(of: apart).contains(
                "Model \"m\": the outputs do not depend on the input Input [3], but on Input \"other\" [4]")
        )
        let several = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let input = Input(3)
            _ = Model(inputs: input, outputs: Concatenate()(input, Input(4, name: "other")))
        }
        #expect(
            errorText(of: several).contains(
                "Model: the outputs depend on Input \"other\" [4] too, expected on the inputs, Input [3], alone"
            ))
        let names = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let input = Input(3)
            _ = Model(inputs: input, outputs: Dense(1, name: "a")(Dense(1, name: "a")(input)))
        }
        #expect(errorText(of: names).contains("two layers are called \"a\""))
        let shape = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let input = Input(3)
            let model = Model(inputs: input, outputs: Dense(1)(input))
            _ = model(Input(4))
        }
        #expect(errorText(of: shape).contains("Model: samples of shape [4], expected [3]"))
    }
}
