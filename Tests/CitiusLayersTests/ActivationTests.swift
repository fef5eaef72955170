import CitiusConfiguration
import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

@Suite struct ActivationTests {
    @Test func keras() { checkGolden("Activation") }

    @Test(arguments: ActivationFunction.library) func contract(function: ActivationFunction) {
        checkLayerContract(inputShape: [4, 6]) { Activation(function) }
    }

    /// What the library has is what Keras has: a function that is not in the table, or not compared, turns this red.
    @Test func allOfKeras() {
        let compared = Set(GoldenFile.load("layers/Activation").cases.map { $0.name })
        let own = Set(ActivationFunction.library.map { $0.name })
        #expect(own.subtracting(compared) == ["sparsemax"])
        #expect(compared.subtracting(own) == ["Activation 28"])
    }

    @Test func namesOfKeras() {
        #expect(ActivationFunction.named("swish")?.name == "silu")
        #expect(ActivationFunction.named("hard_swish")?.name == "hard_silu")
        #expect(ActivationFunction.named("relu")?.name == "relu")
        #expect(ActivationFunction.named("rectify") == nil)
    }

    /// The nearest point of the simplex: no other point of it is nearer.
    @Test func sparsemaxIsAProjection() {
        let x = randomTensor([20, 5], in: -2..<2, seed: 1)
        let y = Variable(x).sparsemax().value
        expectClose(y.sum(axes: [1]), Tensor(ones: [20], dtype: .float64), absolute: 1e-12)
        #expect(y.min().scalar == 0)
        let distance = (y - x).squared().sum(axes: [1])
        for seed in 0..<50 {
            let other = randomTensor([20, 5], in: -4..<4, seed: UInt64(seed)).softmax()
            let isFarther = (other - x).squared().sum(axes: [1]) .>= distance
            #expect(isFarther.all() == Tensor(true), "seed \(seed)")
        }
        checkGradients(at: [x]) { $0[0].sparsemax() }
        checkGradients(at: [randomTensor([3, 4, 2], seed: 5)]) { $0[0].sparsemax(axis: 1) }
    }

    @Test func gluIsForThisLayerAlone() async throws {
        #expect(Activation(.glu)(Input(3, 6)).shape == [3, 3])
        #expect(Activation(.glu).fault(ofInputs: [[3, 5]])?.contains("divides by two") == true)
        let description: JSON = ["class_name": "Dense", "config": ["units": 4, "activation": "glu"]]
        let error = #expect(throws: SavingError.self) { try Layer.described(by: description) }
        #expect(error?.description.contains("only the layer Activation") == true)
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Dense(4, activation: .glu)(Tensor(zeros: [2, 3]))
        }
        #expect(message(of: result).contains("use it by the layer Activation(.glu)"))
    }
}
