import Citius
import CitiusTechniques
import CitiusTestSupport
import Testing

@Suite struct FactorizationTests {
    /// A kernel that is of low rank comes back as it was.
    @Test func findsLowRanks() throws {
        let model = Sequential(seed: 2) {
            Input(10, 10, 6)
            Conv2D(24, kernelSize: 3, strides: 2, padding: .same, activation: .relu, name: "images")
            Flatten()
            Dense(40, activation: .tanh, name: "wide")
            Dense(3, name: "out")
        }
        func lowRank(_ shape: Shape, _ rank: Int, seed: UInt64) -> Tensor {
            let (rows, columns) = (shape.count / shape[-1], shape[-1])
            return randomTensor([rows, rank], dtype: .float32, in: -0.3..<0.3, seed: seed)
                .matmul(randomTensor([rank, columns], dtype: .float32, in: -0.3..<0.3, seed: seed + 1))
                .reshaped(to: shape)
        }
        let kernels = model.parameters.filter { $0.shape.rank >= 2 }
        kernels[0].value = lowRank(kernels[0].shape, 4, seed: 10)
        kernels[1].value = lowRank(kernels[1].shape, 5, seed: 20)
        let factorized = try model.factorized(energy: 0.9999999)
        #expect(
            factorized.layers.map { $0.name }
                == ["images_factor", "images", "flatten", "wide_factor", "wide", "out"])
        #expect((factorized.layer(named: "images_factor") as? Conv2D)?.filters == 4)
        #expect((factorized.layer(named: "wide_factor") as? Dense)?.units == 5)
        let samples = randomTensor([8, 10, 10, 6], dtype: .float32, seed: 1)
        #expect(distance(try model.predict(samples), try factorized.predict(samples)) < 1e-4)
        #expect(factorized is Sequential)
    }

    /// The energy that is left is the one that was asked for, no more than it takes.
    @Test func keepsTheEnergy() throws {
        let model = Sequential(seed: 4) {
            Input(64)
            Dense(48)
        }
        let kernel = model.parameters[0].value.cast(to: .float64)
        let squares = try kernel.svd().singularValues.squared().elements(as: Double.self)
        let factorized = try model.factorized(energy: 0.5)
        let rank = factorized.parameters[0].shape[1]
        let total = squares.reduce(0, +)
        #expect(squares.prefix(rank).reduce(0, +) >= 0.5 * total)
        #expect(squares.prefix(rank - 1).reduce(0, +) < 0.5 * total)
        // What is lost is what the other singular values held.
        let product = factorized.parameters[0].value.matmul(factorized.parameters[1].value).cast(to: .float64)
        let error = (product - kernel).squared().sum().scalar
        #expect(abs(error - squares.dropFirst(rank).reduce(0, +)) < 1e-5 * total)
    }

    @Test func refusesRanksThatSaveNothing() throws {
        let model = CompressibleNetwork.document.make(seed: 1)
        #expect(throws: CompressionError.self) { try model.factorized(energy: 1) }
        #expect(throws: CompressionError.self) { try model.factorized(energy: 0.3) { _ in false } }
        let factorized = try model.factorized(energy: 0.6)
        func multiplications(_ model: Model) -> Int {
            model.parameters.filter { $0.shape.rank >= 2 }.reduce(0) { $0 + $1.shape.count }
        }
        #expect(multiplications(factorized) < multiplications(model))
    }

    @Test(arguments: CompressibleNetwork.allCases) func learnsOn(network: CompressibleNetwork) throws {
        let factorized = try network.make(seed: 1).factorized(energy: 0.5)
        factorized.compile(optimizer: Adam(), loss: .meanSquaredError)
        let targets = randomTensor([64, 10], dtype: .float32, in: 0..<1, seed: 8)
        let history = try factorized.fit(
            network.samples, targets, batchSize: 16, epochs: 4, verbose: .silent)
        let losses = history["loss"]
        #expect(losses.count == 4 && losses[3] < losses[0])
        let path = temporaryPath()
        try factorized.save(to: path)
        #expect(try Model.load(from: path).predict(network.samples) == factorized.predict(network.samples))
    }

    @Test func sharedLayersStayShared() throws {
        let input = Input(32)
        let shared = Dense(32, name: "shared")
        let model = Model(inputs: input, outputs: Dense(2)(shared(shared(input))), seed: 1)
        let factorized = try model.factorized(energy: 0.4)
        #expect(factorized.layers.count { $0.name.hasPrefix("shared") } == 2)
    }
}
