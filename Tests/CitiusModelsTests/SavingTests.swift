import CitiusConfiguration
import CitiusData
import CitiusFormats
import CitiusLayers
import CitiusOptimizers
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusModels

/// Whole models, weights and trainings in files.
@Suite struct SavingTests {
    /// Calls `body` with a folder of its own, which goes afterwards.
    static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "citius-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try body(folder)
    }

    private func branches(seed: UInt64) -> Model {
        let (a, b) = (Input(5, name: "a"), Input(3, name: "b"))
        let shared = Dense(4, activation: .relu, kernelRegularizer: .l2(0.01), name: "shared")
        let x = Concatenate()(shared(a), Dense(4)(b))
        let label = Dense(3, activation: .softmax, name: "label")(Dropout(0.25)(x))
        let size = Dense(1, name: "size")(BatchNormalization()(x))
        let model = Model(inputs: [a, b], outputs: [label, size], seed: seed)
        model.compile(
            optimizer: Adam(learningRate: 0.01, amsgrad: true, weightDecay: 0.1),
            losses: ["label": .sparseCategoricalCrossentropy, "size": .meanSquaredError],
            lossWeights: ["size": 0.5], metrics: ["label": [.accuracy]])
        return model
    }

    private func branchesData(count: Int) -> Dataset {
        let inputs = [
            randomTensor([count, 5], dtype: .float32, seed: 1),
            randomTensor([count, 3], dtype: .float32, seed: 2),
        ]
        let labels = Tensor((0..<count).map { Int64($0 % 3) })
        return Dataset(
            inputs: inputs, targets: [labels, randomTensor([count, 1], dtype: .float32, seed: 3)])
    }

    @Test func aLoadedModelGoesOnWithTheSameBits() throws {
        try Self.withFolder { folder in
            let path = folder.appending(path: "model.safetensors").path
            let (model, data) = (branches(seed: 4), branchesData(count: 50))
            try model.fit(data, batchSize: 8, epochs: 2, verbose: .silent)
            try model.save(to: path)
            let twin = try Model.load(from: path)
            #expect(twin.layers.map { $0.name } == model.layers.map { $0.name })
            #expect(twin.weights == model.weights)
            #expect(try twin.predictOutputs(data) == model.predictOutputs(data))
            #expect(try twin.evaluate(data, verbose: .silent) == model.evaluate(data, verbose: .silent))
            let (history, expected) = try (
                twin.fit(data, batchSize: 8, epochs: 2, verbose: .silent),
                model.fit(data, batchSize: 8, epochs: 2, verbose: .silent)
            )
            #expect(twin.weights == model.weights)
            #expect(history.logs == expected.logs)
            #expect(
                expected.names == ["label_accuracy", "label_loss", "loss", "size_loss"], "\(expected.names)")
        }
    }

    @Test func everyReaderOfTheFormatSeesTheWeights() throws {
        try Self.withFolder { folder in
            let path = folder.appending(path: "model.safetensors").path
            let model = classifier()
            try model.fit(twoClasses(count: 20), verbose: .silent)
            try model.save(to: path)
            let file = try Safetensors(contentsOf: path)
            #expect(
                file.names.filter { !$0.hasPrefix("@") }.sorted() == [
                    "dense/bias", "dense/kernel", "dense_1/bias", "dense_1/kernel",
                ])
            #expect(try file.tensor(named: "dense_1/kernel") == model.weights[2])
            #expect(try file.tensor(named: "@optimizer/iteration").scalar == 1)
            #expect(file.metadata["format"] == "citius")
            let architecture = try JSON(parsing: file.metadata["architecture"] ?? "")
            #expect(architecture["class_name"] == "Sequential")
            let compilation = try JSON(parsing: file.metadata["compilation"] ?? "")
            #expect(compilation["optimizer"]?["class_name"] == "Adam")
            #expect(compilation["loss"]?["class_name"] == "SparseCategoricalCrossentropy")
            #expect(compilation["metrics"] == ["accuracy"])
        }
    }

    @Test func weightsGoByTheirPaths() throws {
        try Self.withFolder { folder in
            let path = folder.appending(path: "weights.safetensors").path
            func model(units: Int, name: String = "out") -> Sequential {
                Sequential([Input(3), Dense(4, name: "hidden"), Dense(units, name: name)], seed: 5)
            }
            let source = model(units: 2)
            try source.saveWeights(to: path)
            let twin = model(units: 2)
            twin.weights = twin.weights.map { $0 * 0 }
            #expect(try twin.loadWeights(from: path).isEmpty)
            #expect(twin.weights == source.weights)

            let wider = model(units: 3)
            let before = wider.weights
            let error = #expect(throws: SavingError.self) { try wider.loadWeights(from: path) }
            #expect(error?.kind == .weights)
            #expect(
                error?.description
                    == "\(path) does not hold this model's weights. other shapes: out/kernel is F32 "
                    + "[4, 2], expected float32 [4, 3], out/bias is F32 [2], expected float32 [3].")
            #expect(wider.weights == before)
            let report = try wider.loadWeights(from: path, strict: false)
            #expect(report.mismatched.count == 2 && report.missing.isEmpty)
            #expect(wider.weights[0] == source.weights[0] && wider.weights[2] == before[2])

            let renamed = #expect(throws: SavingError.self) {
                try model(units: 2, name: "head").loadWeights(from: path)
            }
            #expect(
                renamed?.description.contains(
                    "missing: head/kernel, head/bias; unexpected: out/bias, out/kernel") == true
                    || renamed?.description.contains(
                        "missing: head/kernel, head/bias; unexpected: out/kernel, out/bias") == true,
                "\(renamed?.description ?? "")")
            let whole = #expect(throws: SavingError.self) { try Model.load(from: path) }
            #expect(whole?.description.contains("holds no architecture") == true)
        }
    }

    /// A header that claims more than the file holds takes no memory for it; nothing that is changed traps.
    @Test func filesThatDoNotFitTogetherAreRefused() throws {
        try Self.withFolder { folder in
            let path = folder.appending(path: "model.safetensors").path
            let model = classifier()
            try model.fit(twoClasses(count: 20), verbose: .silent)
            try model.save(to: path)
            let file = try Safetensors(contentsOf: path)
            func changed(
                _ metadata: [String: String] = [:], drop: String = "", replace: [String: Tensor] = [:]
            ) throws -> SavingError? {
                let other = folder.appending(path: "other.safetensors").path
                var tensors: [(name: String, tensor: Tensor)] = []
                for name in file.names where name != drop {
                    tensors.append((name, try replace[name] ?? file.tensor(named: name)))
                }
                try Safetensors.write(
                    tensors, metadata: file.metadata.merging(metadata) { $1 }.sorted { $0.key < $1.key },
                    to: other)
                return #expect(throws: SavingError.self) { try Model.load(from: other) }
            }
            let architecture = file.metadata["architecture"] ?? ""
            let huge = architecture.replacing(#""units": 8"#, with: #""units": 2000000000"#)
            #expect(huge != architecture)
            #expect(try changed(["architecture": huge])?.kind == .weights)
            #expect(try changed(["architecture": "{"])?.kind == .file)
            #expect(try changed(["architecture": "[]"])?.kind == .architecture)
            #expect(try changed(["compilation": #"{"optimizer": 3}"#])?.kind == .architecture)
            #expect(try changed(["compilation": "null"])?.kind == .architecture)
            #expect(try changed(drop: "dense/bias")?.description.contains("missing: dense/bias") == true)
            #expect(try changed(replace: ["dense/bias": Tensor(zeros: [3])])?.kind == .weights)
            #expect(try changed(drop: "@optimizer/iteration")?.kind == .trainingState)
            #expect(try changed(replace: ["@random": Tensor(zeros: [2])])?.kind == .trainingState)
            try Data("not a model".utf8).write(to: folder.appending(path: "text"))
            #expect(
                #expect(throws: SavingError.self) {
                    try Model.load(from: folder.appending(path: "text").path)
                }?
                .kind == .file)
            #expect(
                #expect(throws: SavingError.self) {
                    try Model.load(from: folder.appending(path: "none").path)
                }?
                .kind == .file)
        }
    }

    @Test func whatCannotBeSavedSaysSo() throws {
        try Self.withFolder { folder in
            let path = folder.appending(path: "model.safetensors").path
            let model = linearModel()
            model.compile(optimizer: .sgd, loss: Loss("mine") { ($0 - $1).abs().mean(axes: [-1]) })
            try model.save(to: path)
            let unknown = #expect(throws: SavingError.self) { try Model.load(from: path) }
            #expect(unknown?.description.contains(#"there is no loss "mine""#) == true)
            var types = ConfigurationTypes.library
            types.add(Loss("mine") { ($0 - $1).abs().mean(axes: [-1]) }, named: "mine")
            #expect(try Model.load(from: path, types: types).loss?.name == "mine")
            model.compile(
                optimizer: .sgd, loss: .meanSquaredError, metrics: [Mean(name: "odd") { a, _ in a }])
            let error = #expect(throws: SavingError.self) { try model.save(to: path) }
            #expect(error?.description.contains(#"the metric "odd" does not describe itself"#) == true)
            try model.save(to: path, includingOptimizer: false)
            #expect(try Model.load(from: path).optimizer == nil)
            let missing = #expect(throws: SavingError.self) {
                try model.saveWeights(to: folder.appending(path: "no/such/folder/x").path)
            }
            #expect(missing?.kind == .file)
        }
    }
}
