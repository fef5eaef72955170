import CitiusAutograd
import CitiusLayers
import CitiusModels
import CitiusOptimizers
import CitiusTestSupport
import Foundation
import Testing

@Suite struct MultiHeadAttentionTests {
    @Test func keras() { checkGolden("MultiHeadAttention") }

    @Test func pathsAndShapesAreKeras() {
        let layer = MultiHeadAttention(numHeads: 2, keyDim: 3, valueDim: 5, name: "attention")
        var generator = RandomGenerator(seed: 1)
        layer.buildIfNeeded(inputShapes: [[4, 8], [6, 7]], generator: &generator)
        #expect(
            layer.namedParameters.map { "\($0.path) \($0.parameter.shape)" } == [
                "query/kernel [8, 2, 3]", "query/bias [2, 3]", "key/kernel [7, 2, 3]", "key/bias [2, 3]",
                "value/kernel [7, 2, 5]", "value/bias [2, 5]", "attention_output/kernel [2, 5, 8]",
                "attention_output/bias [8]",
            ])
        #expect(layer.outputShapes(for: [[4, 8], [6, 7]]) == [[4, 8]])
    }

    private func layer(
        _ make: () -> MultiHeadAttention = { MultiHeadAttention(numHeads: 2, keyDim: 3) }
    ) -> MultiHeadAttention {
        let layer = make()
        layer.dtype = .float64
        var generator = RandomGenerator(seed: 3)
        layer.buildIfNeeded(inputShapes: [[4, 6], [5, 6]], generator: &generator)
        return layer
    }

    private let query = Variable(randomTensor([2, 4, 6], seed: 1))
    private let value = Variable(randomTensor([2, 5, 6], seed: 2))

    /// Tile by tile, and by stored scores, is the same.
    @Test func scoresOnRequest() {
        for isCausal in [false, true] {
            let layer = layer()
            layer.useCausalMask = isCausal
            let fast = layer(query, value).value
            layer.returnAttentionScores = true
            let outputs = layer.outputs(of: [query, value])
            #expect(outputs.count == 2 && outputs[1].shape == [2, 2, 4, 5])
            expectClose(outputs[0].value, fast, absolute: 1e-12)
            expectClose(outputs[1].value.sum(axes: [3]), Tensor(ones: [2, 2, 4], dtype: .float64))
        }
    }

    @Test func aMaskOfOnesOwn() {
        let layer = layer()
        let sees = randomTensor([2, 4, 5], seed: 5) .> -0.5
        let masked = layer(query: query, value: value, attentionMask: sees).value
        // As if what is not seen were not there.
        for sample in 0..<2 {
            for step in 0..<4 {
                let kept = (0..<5).filter { sees[sample][step][$0].element(as: Bool.self) }
                guard !kept.isEmpty else { continue }
                let indices = Tensor(kept.map { Int64($0) })
                let part = layer(
                    Variable(query.value[sample..<sample + 1]),
                    Variable(value.value[sample..<sample + 1].taking(indices, axis: 1))
                ).value
                expectClose(part[0][step], masked[sample][step], absolute: 1e-12)
            }
        }
        let numbers = layer(query: query, value: value, attentionMask: sees.cast(to: .float32)).value
        #expect(numbers == masked)
    }

    @Test func masksOfInputsGoOn() {
        let layer = layer()
        var (query, value) = (query, value)
        query.mask = Tensor([true, true, true, false, true, false, true, true], shape: [2, 4])
        #expect(layer(query, value).mask == query.mask)
        value.mask = Tensor([true, true, false, false, true, true, true, true, true, false], shape: [2, 5])
        let masked = layer(query, value).value
        #expect(masked != layer(query, Variable(value.value)).value)
        layer.returnAttentionScores = true
        let outputs = layer.outputs(of: [query, value])
        #expect(outputs[0].mask == query.mask && outputs[1].mask == nil)
        expectClose(outputs[0].value, masked, absolute: 1e-12)
    }

    @Test func dropoutInTrainingAlone() {
        let layer = layer { MultiHeadAttention(numHeads: 2, keyDim: 3, dropout: 0.5) }
        let plain = layer(query, value).value
        func training(_ seed: UInt64) -> Tensor {
            layer(query, value, in: Context(tape: nil, isTraining: true, random: RandomStream(seed: seed)))
                .value
        }
        #expect(training(1) != plain && training(1) == training(1) && training(1) != training(2))
        // The mean over many draws is the output without.
        let mean =
            (0..<4000).reduce(Tensor(zeros: plain.shape, dtype: .float64)) { $0 + training(UInt64($1)) }
            / 4000
        expectClose(mean, plain, absolute: 0.08)
    }

    @Test func gradientsOfInputs() {
        for make in [
            { MultiHeadAttention(numHeads: 2, keyDim: 3) },
            { MultiHeadAttention(numHeads: 2, keyDim: 3, useGate: true, useCausalMask: true) },
            { MultiHeadAttention(numHeads: 2, keyDim: 3, slidingWindow: 2) },
        ] {
            let layer = layer(make)
            checkGradients(at: [query.value, value.value]) { layer($0[0], $0[1]) }
            checkGradients(at: [query.value]) { layer($0[0], $0[0]) }
        }
    }

    @Test func savesAndComesBack() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let (a, b) = (Input(4, 6), Input(5, 3))
        let attention = MultiHeadAttention(
            numHeads: 2, keyDim: 3, outputShape: [7], useCausalMask: true, name: "attention")
        let model = Model(inputs: [a, b], outputs: [attention(a, b)])
        try model.save(to: path)
        let loaded = try Model.load(from: path)
        #expect(try loaded.architecture() == model.architecture())
        let inputs = [randomTensor([2, 4, 6], seed: 1), randomTensor([2, 5, 3], seed: 2)].map {
            $0.cast(to: .float32)
        }
        #expect(try loaded.predictOnBatch(inputs) == model.predictOnBatch(inputs))
        #expect(loaded.namedParameters.map { $0.path } == model.namedParameters.map { $0.path })
        #expect(loaded.namedParameters[0].path == "attention/query/kernel")
    }

    /// As a fourth input of a graph, which is saved and loaded.
    @Test func aMaskOfAGraph() throws {
        let tokens = Input(4, 6, name: "tokens")
        let others = Input(5, 6, name: "others")
        let mask = Input(4, 5, dtype: .bool, name: "mask")
        let attention = MultiHeadAttention(numHeads: 2, keyDim: 3)
        let model = Model(
            inputs: [tokens, others, mask],
            outputs: [attention(query: tokens, value: others, attentionMask: mask)], seed: 5)
        let sees = randomTensor([2, 4, 5], seed: 5) .> -0.5
        let (query, value) = (query.value.cast(to: .float32), value.value.cast(to: .float32))
        let output = try model.predict([query, value, sees])[0]
        let eager = MultiHeadAttention(numHeads: 2, keyDim: 3)
        _ = eager(Variable(query), Variable(value))
        for (parameter, other) in zip(eager.parameters, attention.parameters) {
            parameter.value = other.value
        }
        expectClose(
            output, eager(query: Variable(query), value: Variable(value), attentionMask: sees).value,
            absolute: 1e-6)
        #expect(output != eager(Variable(query), Variable(value)).value)

        let architecture = try model.architecture()
        let copy = try Model.make(from: architecture)
        copy.weights = model.weights
        #expect(try copy.architecture() == architecture)
        #expect(try copy.predict([query, value, sees])[0] == output)
        let shapes = attention.shapeNames
        #expect(shapes == ["query_shape", "value_shape"])
    }

    /// Arguments of calls in a file, wherever their names put them.
    @Test func callsInFiles() throws {
        func model(_ kwargs: String, args: String = "", second: String? = nil) throws -> Model {
            func tensor(_ name: String) -> String {
                #"{"class_name": "__keras_tensor__", "config": {"shape": [null, 4, 4], "keras_history": ["\#(name)", 0, 0]}}"#
            }
            func call(_ args: String, _ kwargs: String) -> String {
                func filled(_ text: String) -> String {
                    ["x", "y", "m"].reduce(text) { $0.replacingOccurrences(of: "$\($1)", with: tensor($1)) }
                }
                return #"{"args": [\#(filled(args))], "kwargs": {\#(filled(kwargs))}}"#
            }
            let inputs = ["x", "y", "m"].map {
                #"{"class_name": "InputLayer", "name": "\#($0)", "config": {"name": "\#($0)", "batch_shape": [null, 4, 4]}, "inbound_nodes": []}"#
            }
            let calls = [call(args, kwargs)] + (second.map { [call("$x, $y", $0)] } ?? [])
            var config =
                try JSON(encoding: MultiHeadAttention(numHeads: 1, keyDim: 2).configuration).object ?? [:]
            config["name"] = "a"
            let outputs = calls.indices.map { #"["a", \#($0), 0]"# }.joined(separator: ", ")
            return try Model.make(
                from: JSON(
                    parsing: """
                        {"class_name": "Functional", "config": {"name": "f", "layers": [\(inputs.joined(separator: ",")),
                        {"class_name": "MultiHeadAttention", "name": "a", "config": \(JSON.object(config).text()),
                        "inbound_nodes": [\(calls.joined(separator: ","))]}],
                        "input_layers": [["x", 0, 0], ["y", 0, 0], ["m", 0, 0]], "output_layers": [\(outputs)]}}
                        """))
        }
        let masked = try #require(
            model(#""attention_mask": $m"#, args: "$x, $y").layer(named: "a") as? MultiHeadAttention)
        #expect(masked.takesAttentionMask)
        let keyed = try #require(
            model(#""key": $m"#, args: "$x, $y").layer(named: "a") as? MultiHeadAttention)
        #expect(!keyed.takesAttentionMask)
        // Named, in another order.
        _ = try model(#""attention_mask": $m, "value": $y, "query": $x"#)
        func expectRefused(_ message: String, _ make: () throws -> Model) {
            let error = #expect(throws: SavingError.self) { _ = try make() }
            #expect(error?.description.contains(message) == true, "\(String(describing: error))")
        }
        expectRefused("without a query or a value") { try model(#""key": $m, "query": $x"#) }
        expectRefused("expected the same in all calls") {
            try model(#""attention_mask": $m"#, args: "$x, $y", second: "")
        }
        expectRefused("expected the same in all calls") {
            try model(
                #""attention_mask": $m"#, args: "$x, $y",
                second: #""attention_mask": $m, "use_causal_mask": true"#)
        }
    }

    /// A layer with a seed drops the same whatever the model's.
    @Test func seedsOfTheirOwn() {
        func output(_ layer: Layer, modelSeed: UInt64) -> Tensor {
            layer.dtype = .float64
            var generator = RandomGenerator(seed: 3)
            layer.buildIfNeeded(inputShapes: [[4, 6], [5, 6]], generator: &generator)
            let context = Context(
                tape: nil, isTraining: true, random: RandomStream(RandomGenerator(seed: modelSeed)))
            return layer.outputs(of: [query, value], in: context)[0].value
        }
        let layers: [(Int?) -> Layer] = [
            { MultiHeadAttention(numHeads: 2, keyDim: 3, dropout: 0.5, seed: $0) },
            {
                GroupedQueryAttention(
                    headDim: 3, numQueryHeads: 4, numKeyValueHeads: 2, dropout: 0.5, seed: $0)
            },
            { Attention(dropout: 0.5, seed: $0) }, { AdditiveAttention(dropout: 0.5, seed: $0) },
        ]
        for make in layers {
            #expect(output(make(7), modelSeed: 1) == output(make(7), modelSeed: 2))
            #expect(output(make(7), modelSeed: 1) != output(make(8), modelSeed: 1))
            #expect(output(make(nil), modelSeed: 1) != output(make(nil), modelSeed: 2))
        }
    }

    @Test func wrongInputsTrap() async {
        let one = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = MultiHeadAttention(numHeads: 2, keyDim: 3, name: "heads")(Variable(Tensor(zeros: [2, 4, 6])))
        }
        #expect(
            message(of: one).contains(
                "MultiHeadAttention \"heads\": 1 inputs, expected 2 or 3: query, value and perhaps key"))
        let other = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let layer = MultiHeadAttention(numHeads: 2, keyDim: 3)
            let x = Variable(Tensor(zeros: [2, 4, 6]))
            _ = layer(x, x)
            _ = layer(x, Variable(Tensor(zeros: [2, 4, 5])))
        }
        #expect(
            message(of: other).contains(
                "input 1 of shape [4, 5], expected the last axis to be the 6 that it was built for"))
    }
}
