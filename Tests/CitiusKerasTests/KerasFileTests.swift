import CitiusConfiguration
import CitiusData
import CitiusLayers
import CitiusModels
import CitiusOptimizers
import CitiusPlatform
import CitiusTestSupport
import Testing

@testable import CitiusKeras
@testable import CitiusTensor

/// Models in files that Citius writes; those of real Keras are compared by `Tests/Keras/run`.
@Suite struct KerasFileTests {
    /// Two layers of one class whose names say otherwise, a nested model, a shared layer, statistics.
    private static func graph(seed: UInt64) -> Model {
        let input = Input(6, name: "features")
        let shared = Dense(4, activation: .tanh, name: "dense_7")
        let inner = Sequential(name: "inner") {
            Dense(6, name: "b")
            BatchNormalization(name: "a")
        }
        let x = Concatenate()(shared(input), Dense(4, name: "dense")(input))
        return Model(
            inputs: [input],
            outputs: [Dense(2, name: "small")(shared(inner(x))), Dense(3, name: "large")(x)],
            name: "whole", seed: seed)
    }

    private func compiled(seed: UInt64) throws -> Model {
        let model = Sequential(name: "chain", seed: seed) {
            Input(3)
            Dense(5, activation: .relu, name: "second")
            Dense(2, activation: .softmax, name: "first")
        }
        model.compile(
            optimizer: Adam(learningRate: 0.01), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
        let inputs = randomTensor([20, 3], dtype: .float32, seed: seed)
        let data = Dataset(inputs: inputs, targets: Tensor((0..<20).map { Int64($0 % 2) }))
        _ = try model.fit(data, batchSize: 5, epochs: 2, verbose: .silent)
        return model
    }

    @Test func modelsComeBack() throws {
        let model = Self.graph(seed: 3)
        let samples = randomTensor([5, 6], dtype: .float32, seed: 1)
        let copy = try KerasFile.read(KerasFile.bytes(of: model))
        #expect(try copy.predict([samples]) == model.predict([samples]))
        #expect(copy.namedParameters.map(\.path) == model.namedParameters.map(\.path))
        #expect(copy.layers.map(\.name) == model.layers.map(\.name))
    }

    /// Killed before any call that changes a file, the name stands for the old model or for the new one.
    @Test(.enabled(if: hasKillPoints)) func aKilledSaveLeavesAWholeModel() async throws {
        try await withTemporaryFolderAsync { folder in
            let path = folder + "/model.keras"
            let (old, new) = (Self.graph(seed: 3), Self.graph(seed: 4))
            var isNew: [Bool] = []
            for call in 1... {
                try KerasFile.save(old, to: path)
                let result = await #expect(
                    processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
                ) { [path = path as String, call = call as Int] in
                    try Survivor.run(before: call) { try KerasFile.save(Self.graph(seed: 4), to: path) }
                }
                let weights = try KerasFile.load(from: path).weights
                #expect(weights == old.weights || weights == new.weights, "killed before call \(call)")
                isNew.append(weights == new.weights)
                if try Survivor.wasSeen(in: result) { break }
            }
            #expect(isNew == isNew.sorted { !$0 && $1 } && isNew.count > 4 && isNew.last == true)
        }
    }

    @Test func groupsGoByClassNotByName() throws {
        let tree = KerasWeights.tree(of: Self.graph(seed: 3))
        let first = try #require(tree.group(at: "layers/dense/vars"))
        #expect(first.name == "dense_7")
        #expect(first.tensor(named: "0")?.shape == [6, 4])
        #expect(tree.group(at: "layers/dense_1/vars")?.name == "dense")
        #expect(tree.group(at: "layers/sequential/vars")?.name == "inner")
        #expect(tree.group(at: "layers/sequential/layers/dense/vars")?.tensor(named: "0")?.shape == [8, 6])
        #expect(tree.group(at: "layers/sequential/layers/batch_normalization/vars")?.datasets.count == 4)
        #expect(tree.group(at: "vars")?.name == "whole")
    }

    @Test func trainingGoesOnWhereItStood() throws {
        let model = try compiled(seed: 5)
        let copy = try KerasFile.read(KerasFile.bytes(of: model))
        copy.generator = model.generator
        let inputs = randomTensor([20, 3], dtype: .float32, seed: 9)
        let data = Dataset(inputs: inputs, targets: Tensor((0..<20).map { Int64($0 % 2) }))
        for model in [model, copy] { _ = try model.fit(data, batchSize: 5, epochs: 3, verbose: .silent) }
        #expect(copy.weights == model.weights)
        #expect(copy.optimizer?.iterations == model.optimizer?.iterations)
        #expect(
            try copy.evaluate(data, verbose: .silent)["accuracy"]
                == model.evaluate(data, verbose: .silent)["accuracy"])
    }

    @Test func filesAreWrittenAndRead() throws {
        let path = "/tmp/citius-keras-\(UInt64.random(in: 0 ... .max)).keras"
        let weightsPath = path + ".weights.h5"
        defer {
            remove(path)
            remove(weightsPath)
        }
        let model = try compiled(seed: 1)
        try KerasFile.save(model, to: path)
        #expect(try KerasFile.load(from: path).weights == model.weights)
        #expect(try KerasFile.load(from: path, compiling: false).optimizer == nil)
        try KerasFile.saveWeights(of: model, to: weightsPath)
        for path in [path, weightsPath] {
            let other = try compiled(seed: 2)
            #expect(other.weights != model.weights)
            try KerasFile.loadWeights(into: other, from: path)
            #expect(other.weights == model.weights)
        }
    }

    @Test func weightsThatDoNotFitAreListed() throws {
        let model = try compiled(seed: 1)
        let path = "/tmp/citius-keras-\(UInt64.random(in: 0 ... .max)).weights.h5"
        defer { remove(path) }
        try KerasFile.saveWeights(of: model, to: path)
        let other = Sequential(seed: 1) {
            Input(3)
            Dense(4)
            Dense(2, useBias: false)
            BatchNormalization()
        }
        let before = other.weights
        let error = #expect(throws: KerasFileError.self) {
            try KerasFile.loadWeights(into: other, from: path)
        }
        #expect(error?.kind == .mismatch)
        for words in [
            "\(path): the weights are not those of the model; missing: layers/batch_normalization/vars/0",
            "unexpected: layers/dense_1/vars/1 (Dense \"dense_1\")",
            "layers/dense/vars/0 (Dense \"dense\", kernel) is [3, 5], expected [3, 4]",
        ] { #expect(error?.description.contains(words) == true, "\(error?.description ?? "")") }
        #expect(other.weights == before)
    }

    /// A file whose description asks for more than its weights hold takes no memory for it.
    @Test func descriptionsDoNotTakeMemory() throws {
        let archive = try ZipArchive(KerasFile.bytes(of: try compiled(seed: 1)))
        let config = String(decoding: try #require(try archive.member(named: "config.json")), as: UTF8.self)
        let weights = try #require(try archive.member(named: "model.weights.h5"))
        func bytes(_ config: String) throws -> [UInt8] {
            try ZipArchive.bytes(of: [("config.json", Array(config.utf8)), ("model.weights.h5", weights)])
        }
        #expect(throws: Never.self) { try KerasFile.read(bytes(config)) }
        let pieces = config.split(separator: "\"units\": 5")
        try #require(pieces.count == 2)
        let before = Allocator.statistics.peakBytesInUse
        let error = #expect(throws: KerasFileError.self) {
            try KerasFile.read(bytes(pieces.joined(separator: "\"units\": 1000000000")))
        }
        #expect(error?.kind == .mismatch)
        #expect(Allocator.statistics.peakBytesInUse - before < 1 << 26)
    }

    @Test func otherArchivesAreNamed() throws {
        let none = try ZipArchive.bytes(of: [("a.txt", [1])])
        let error = #expect(throws: KerasFileError.self) { try KerasFile.read(none) }
        #expect(
            error?.description
                == "the bytes has no config.json: it is a zip archive, and not one of Keras's models.")
        let broken = try ZipArchive.bytes(of: [("config.json", Array("{".utf8)), ("model.weights.h5", [])])
        #expect(throws: KerasFileError.self) { try KerasFile.read(broken) }
        let missing = #expect(throws: KerasFileError.self) {
            try KerasFile.load(from: "/nowhere/model.keras")
        }
        #expect(missing?.kind == .missing)
    }
}
