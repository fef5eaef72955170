import CitiusConfiguration
import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusModels

/// Models that take strings: built, trained, saved and loaded as any other.
@Suite struct TextModelTests {
    private let texts = ["good day", "bad night", "a good night", "bad bad day", "so good", "so bad"]
    private let labels = Tensor([1, 0, 1, 0, 1, 0])

    private func vectorization(_ mode: OutputMode = .tfIDF) -> TextVectorization {
        let layer = TextVectorization(outputMode: mode)
        layer.adapt(on: texts)
        return layer
    }

    private func model(seed: UInt64 = 1) -> Sequential {
        let model = Sequential(seed: seed) {
            Input.text()
            vectorization()
            Dense(1, activation: .sigmoid)
        }
        model.compile(optimizer: Adam(learningRate: 0.1), loss: .binaryCrossentropy, metrics: [.accuracy])
        return model
    }

    @Test func stringsAreTrainedAndPredicted() throws {
        let model = model()
        // Shuffled, in batches, through the data set: the bytes arrive as they are.
        let data = Dataset(inputs: Tensor(utf8: texts), targets: labels)
        try model.fit(data, batchSize: 4, epochs: 60, verbose: .silent)
        #expect(try model.evaluate(data, verbose: .silent)["accuracy"] == 1)
        let scores = try model.predict(["a very good and long evening with words", "bad"])
        #expect(scores.shape == [2, 1])
        #expect(scores[0].scalar > 0.5 && scores[1].scalar < 0.5)
        // As wide as the longest is another shape.
        #expect(try model.predict(["bad"])[0].scalar == scores[1].scalar)
    }

    @Test func savedAndLoaded() throws {
        try SavingTests.withFolder { folder in
            let path = folder.appending(path: "text.safetensors").path
            let model = model()
            try model.fit(
                Dataset(inputs: Tensor(utf8: texts), targets: labels), epochs: 2, verbose: .silent)
            try model.save(to: path)
            let copy = try Model.load(from: path)
            #expect(try copy.predict(texts) == model.predict(texts))
            #expect(try copy.architecture() == model.architecture())
            let loaded = try #require(copy.layers[0] as? TextVectorization)
            #expect(loaded.vocabulary == (model.layers[0] as? TextVectorization)?.vocabulary)
        }
    }

    /// In Keras's schema strings are a type, and have no axis of bytes.
    @Test func schema() throws {
        let word = Input.text(1, name: "word")
        let lookup = StringLookup(vocabulary: ["a", "b"], outputMode: .multiHot)
        let bins = Hashing(numBins: 4, outputMode: .oneHot)
        let crossing = HashedCrossing(numBins: 3, outputMode: .oneHot)
        let number = Input(1, dtype: .int64, name: "number")
        let model = Model(
            inputs: [word, number],
            outputs: [Dense(2)(Concatenate()(lookup(word), bins(word), crossing(word, number)))], seed: 2)
        let json = try model.architecture()
        let layers = try #require(json["config"]?["layers"]?.array)
        let input = try #require(layers.first { $0["name"]?.string == "word" })
        #expect(input["config"]?["dtype"] == "string")
        #expect(input["config"]?["batch_shape"] == [nil, 1])
        let call = try #require(layers.first { $0["class_name"] == "StringLookup" })
        let tensor = call["inbound_nodes"]?.array?[0]["args"]?.array?[0]["config"]
        #expect(tensor?["shape"] == [nil, 1] && tensor?["dtype"] == "string")
        #expect(call["config"]?["vocabulary"] == ["a", "b"])
        // That a hash is of strings is nowhere said: the graph says it.
        let copy = try Model.make(from: json, seed: 2)
        let samples = [Tensor(utf8: [["a"], ["x"], ["ä"]]), Tensor([[1], [2], [3]])]
        #expect(try copy.predict(samples) == model.predict(samples))
    }

    @Test func withoutAnInput() throws {
        let model = Sequential(seed: 3) {
            vectorization(.count)
            Dense(2)
        }
        let wide = try model.predict(["good day", "bad"])
        #expect(wide.shape == [2, 2])
        #expect(try model.predict(["good day and a longer night than that"]).shape == [1, 2])
        let copy = try Model.make(from: model.architecture())
        copy.weights = model.weights
        #expect(try copy.predict(["good day", "bad"]) == wide)
        #expect(try copy.predict(["a"]).shape == [1, 2])
    }

    @Test func datasetsAdapt() {
        let lookup = StringLookup()
        lookup.adapt(on: Dataset(inputs: Tensor(utf8: texts), targets: labels), batchSize: 4)
        let direct = StringLookup()
        direct.adapt(on: texts)
        #expect(lookup.vocabulary == direct.vocabulary && lookup.vocabularySize == 7)
    }

    @Test func functionsOfOnesOwnAreNamedToTheLoader() throws {
        let shout = TextStandardization("shout") { $0.uppercased() }
        let model = Sequential(seed: 1) {
            Input.text()
            TextVectorization(standardize: shout, outputMode: .count, vocabulary: ["A"])
        }
        let json = try model.architecture()
        #expect {
            try Model.make(from: json)
        } throws: { "\($0)".contains(#"there is no standardization "shout""#) }
        var types = ConfigurationTypes.library
        types.add(shout, named: shout.name)
        #expect(try Model.make(from: json, types: types).predict(["a a"]) == model.predict(["a a"]))
    }

    /// What a hostile description says is thrown.
    @Test func descriptionsThatMakeNoSense() throws {
        func expectRefused(_ layer: String, _ config: String, _ message: String) throws {
            let json = try JSON(
                parsing: """
                    {"class_name": "Sequential", "config": {"name": "s", "layers": [
                    {"class_name": "InputLayer", "config": {"batch_shape": [null], "dtype": "string", "name": "i"}},
                    {"class_name": "\(layer)", "config": {"name": "l", \(config)}}]}}
                    """)
            #expect(performing: { try Model.make(from: json) }, throws: { "\($0)".contains(message) })
        }
        let lookup =
            #""num_oov_indices": 1, "invert": false, "output_mode": "int", "pad_to_max_tokens": false"#
        try expectRefused("StringLookup", lookup, "it has no vocabulary yet")
        try expectRefused(
            "StringLookup", lookup + #", "vocabulary": ["a", "a"]"#, #"the vocabulary has "a" twice"#)
        try expectRefused("StringLookup", lookup + #", "vocabulary": "/etc/passwd""#, "expected an array")
        try expectRefused(
            "StringLookup",
            #""num_oov_indices": -1, "invert": false, "output_mode": "int", "pad_to_max_tokens": false"#,
            "numOOVIndices is -1")
        try expectRefused("Hashing", #""num_bins": 0, "output_mode": "int""#, "numBins is 0")
        try expectRefused(
            "Hashing", #""num_bins": 3, "output_mode": "bag""#, #"there is no output mode "bag""#)
        try expectRefused(
            "Discretization",
            #""bin_boundaries": null, "num_bins": 4, "epsilon": 0.01, "output_mode": "int""#,
            "it has no bins yet")
        try expectRefused(
            "Normalization", #""axis": [7], "invert": false"#, "axes [7] are none of samples")
        try expectRefused(
            "Normalization", #""axis": -1, "invert": false, "mean": [[1], [2, 3]], "variance": 1"#,
            "lists of different lengths")
    }
}
