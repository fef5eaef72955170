import CitiusConfiguration
import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

@Suite struct LSTMTests {
    @Test func keras() {
        checkGolden("LSTM")
        checkGolden("LSTMCell")
    }

    @Test func contract() {
        let names = ["kernel", "recurrent_kernel", "bias"]
        checkLayerContract(inputShape: [4, 3], parameters: names) { LSTM(2) }
        checkLayerContract(inputShape: [4, 3], parameters: names) {
            LSTM(2, returnSequences: true, goBackwards: true)
        }
        checkLayerContract(inputShape: [4, 3], parameters: names) {
            LSTM(2, dropout: 0.3, recurrentDropout: 0.4, returnSequences: true)
        }
        checkLayerContract(inputShape: [4, 3], parameters: ["kernel", "recurrent_kernel"]) {
            LSTM(2, activation: .softsign, useBias: false, dropout: 0.3)
        }
    }

    @Test func parameters() {
        let layer = LSTM(3, name: "memory")
        var generator = RandomGenerator(seed: 1)
        layer.buildIfNeeded(inputShape: [5, 2], generator: &generator)
        #expect(
            layer.namedParameters.map(\.path) == [
                "lstm_cell/kernel", "lstm_cell/recurrent_kernel", "lstm_cell/bias",
            ])
        #expect(layer.parameters.map(\.shape) == [[2, 12], [3, 12], [12]])
        #expect(layer.parameters[2].value.elements(as: Float.self) == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0])
        let plain = LSTM(1, biasInitializer: .constant(0.5), unitForgetBias: false)
        plain.buildIfNeeded(inputShape: [5, 2], generator: &generator)
        #expect(plain.parameters[2].value.elements(as: Float.self) == [0.5, 0.5, 0.5, 0.5])
    }

    @Test func regularizersAndConstraints() {
        let layer = LSTM(
            2, kernelRegularizer: .l2(0.1), recurrentRegularizer: .l1(0.2), biasRegularizer: .l2(0.3),
            kernelConstraint: .nonNegative, recurrentConstraint: .unitNorm(), biasConstraint: .maxNorm(1))
        var generator = RandomGenerator(seed: 1)
        layer.buildIfNeeded(inputShape: [5, 2], generator: &generator)
        #expect(layer.parameters.allSatisfy { $0.regularizer != nil && $0.constraint != nil })
    }

    /// An activation of a user's own goes step by step, and gives the same.
    @Test(arguments: [false, true]) func ownActivations(drops: Bool) {
        func make(_ activation: ActivationFunction, _ recurrent: ActivationFunction) -> LSTM {
            LSTM(
                4, activation: activation, recurrentActivation: recurrent, dropout: drops ? 0.4 : 0,
                recurrentDropout: drops ? 0.3 : 0, returnSequences: true, returnState: true)
        }
        let own = make(
            ActivationFunction("mine") { $0.tanh() }, ActivationFunction("other") { $0.sigmoid() })
        var input = Variable(randomTensor([3, 6, 2], seed: 1))
        input.mask = (randomTensor([3, 6], seed: 2) .> -0.5)
        func outputs(_ layer: LSTM) -> [Tensor] {
            layer.dtype = .float64
            var generator = RandomGenerator(seed: 3)
            layer.buildIfNeeded(inputShape: [6, 2], generator: &generator)
            let tape = Tape()
            let context = Context.training(tape, random: RandomStream(seed: 4))
            let outputs = layer.outputs(of: [input], in: context)
            let gradients = tape.gradients(of: (outputs[0].tanh().sum() + outputs[2].sum()))
            return outputs.map(\.value) + layer.parameters.compactMap { gradients[$0] }
        }
        for (a, b) in zip(outputs(own), outputs(make(.tanh, .sigmoid))) {
            expectClose(a, b, absolute: 1e-12, relative: 1e-11)
        }
    }

    /// One mask for all steps: with the same input at each, a dropped one is dropped throughout.
    @Test func dropoutIsTheSameAtAllSteps() {
        let layer = SimpleRNN(
            50, activation: .linear, kernelInitializer: .ones, recurrentInitializer: .zeros, dropout: 0.5,
            returnSequences: true)
        let input = Variable(Tensor(ones: [4, 7, 8]))
        let context = Context(tape: nil, isTraining: true, random: RandomStream(seed: 1))
        let output = layer(input, in: context).value
        let first = output.sliced(0..<1, axis: 1)
        #expect(output == first.expanded(to: output.shape))
        #expect(Set(first.elements(as: Float.self)).count > 1)
        // In inference nothing is dropped.
        #expect(layer(input).value == Tensor(repeating: 8 as Float, shape: [4, 7, 50]))
    }

    @Test func encoderAndDecoder() throws {
        let words = Input(5, 3)
        let translation = Input(4, 3)
        let states = LSTM(2, returnState: true, name: "encoder").outputs(of: words)
        let decoded = LSTM(2, returnSequences: true, name: "decoder")(translation, states[1], states[2])
        #expect(decoded.shape == [4, 2])
        let (a, b) = (randomTensor([2, 5, 3], seed: 1), randomTensor([2, 4, 3], seed: 2))
        // Each step of the encoder reaches the decoder.
        func sum(_ a: Tensor) -> Tensor {
            let encoder = states[0].layer
            let encoded = encoder.outputs(of: [Variable(a.cast(to: .float32))])
            return decoded.layer(Variable(b.cast(to: .float32)), encoded[1], encoded[2]).value
        }
        var other = a
        other[0] = a[0] * 2
        #expect(sum(a)[0] != sum(other)[0] && sum(a)[1] == sum(other)[1])
    }

    @Test func statefulLayersGoOn() {
        let layer = LSTM(3, returnSequences: true, stateful: true)
        let whole = randomTensor([2, 6, 2], dtype: .float32, seed: 1)
        let first = layer(Variable(whole.sliced(0..<4, axis: 1))).value
        let second = layer(Variable(whole.sliced(4..<6, axis: 1))).value
        layer.resetState()
        #expect(layer.states == nil)
        let both = layer(Variable(whole)).value
        expectClose(Tensor.concatenate([first, second], axis: 1), both)
        #expect(layer.states?.map(\.shape) == [[2, 3], [2, 3]])
        // The states are no parameters.
        #expect(layer.parameters.count == 3)
    }

    @Test func otherBatchesOfStatefulLayersTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let layer = LSTM(3, stateful: true, name: "memory")
            _ = layer(Variable(Tensor(zeros: [2, 4, 1])))
            _ = layer(Variable(Tensor(zeros: [3, 4, 1])))
        }
        #expect(
            message(of: result).contains(
                "LSTM \"memory\": a batch of 3 samples, expected the 2 whose states it kept"))
    }

    @Test func faults() {
        #expect(LSTM(2).fault(ofInputs: [[4]])?.contains("expected [steps, inputs]") == true)
        #expect(LSTM(2).fault(ofInputs: [[0, 3]])?.contains("no steps") == true)
        #expect(LSTM(2).fault(ofInputs: [[4, 3, 2]]) != nil)
        #expect(LSTM(2).fault(ofInputs: [[4, 3], [2]])?.contains("expected [2], [2]") == true)
        #expect(LSTM(2).fault(ofInputs: [[4, 3], [2], [2]]) == nil)
    }

    /// What a file may say.
    @Test(arguments: [
        ("units", 0 as JSON, "units is 0"), ("units", 1_000_000_000, "units is 1000000000"),
        ("dropout", 1, "dropout is 1"), ("recurrent_dropout", -0.5, "recurrentDropout is -0.5"),
        ("activation", "nothing", "nothing"), ("return_state", 3, "return_state"),
    ])
    func faultsOfDescriptions(key: String, value: JSON, what: String) throws {
        let model = Sequential([Input(4, 3), LSTM(2)], seed: 1)
        var description = try #require(model.architecture()["config"]?["layers"]?.array?.last?.object)
        _ = try Layer.described(by: .object(description))
        var config = try #require(description["config"]?.object)
        config[key] = value
        description["config"] = .object(config)
        do {
            _ = try Layer.described(by: .object(description))
            Issue.record("no fault")
        } catch {
            #expect("\(error)".contains(what), "\(error)")
        }
    }

    @Test func masks() {
        var input = Variable(randomTensor([2, 4, 3], dtype: .float32, seed: 1))
        input.mask = Tensor([true, true, true, false, true, false, false, false], shape: [2, 4])
        let sequences = LSTM(2, returnSequences: true, returnState: true).outputs(of: [input])
        #expect(sequences.map { $0.mask } == [input.mask, nil, nil])
        let last = LSTM(2)(input)
        #expect(last.mask == nil)
        // What is masked has no influence.
        let output = sequences[0].value
        #expect(output[0].sliced(3..<4, axis: 0) == output[0].sliced(2..<3, axis: 0))
    }
}
