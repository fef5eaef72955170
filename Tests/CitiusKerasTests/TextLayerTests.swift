import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusKeras

/// Models with vocabularies in Keras's files; `Tests/Golden/text.py` makes those of real Keras.
@Suite struct TextLayerTests {
    static let cases = GoldenFile.load("text").cases.filter { $0.name.hasPrefix("file ") }

    @Test(arguments: cases) func kerasFiles(golden: GoldenCase) throws {
        let model = try KerasFile.load(from: GoldenFile.path(of: "text/\(golden.text("file")).keras"))
        let inputs = (0..<Int(golden.number("inputs") ?? 0)).compactMap { index in
            golden.texts(
                "input_\(index)", shapeName: "input_shape_\(index)",
                dtype: model.inputDType(at: index))
        }
        let output = try model.predict(inputs)[0]
        try #require(output.shape == golden.tensor("output").shape)
        expectClose(output, golden.tensor("output", dtype: .float32), absolute: 1e-5, relative: 1e-5)
        // And back.
        let copy = try KerasFile.read(KerasFile.bytes(of: model))
        #expect(try copy.predict(inputs)[0] == output)
        #expect(try copy.architecture() == model.architecture())
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors")
            .path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try model.save(to: path)
        #expect(try Model.load(from: path).predict(inputs)[0] == output)
        // Weights alone: those of a lookup are none of them.
        let weights = FileManager.default.temporaryDirectory.appending(
            path: "\(UUID().uuidString).weights.h5"
        ).path
        defer { try? FileManager.default.removeItem(atPath: weights) }
        try KerasFile.saveWeights(of: model, to: weights)
        try KerasFile.loadWeights(into: copy, from: weights)
        #expect(copy.weights == model.weights)
    }

    /// Keras's layer of a lookup looks for the weights there, wherever the vocabulary is.
    @Test func weightsOfALookup() throws {
        let model = Sequential {
            Input.text()
            TextVectorization(outputMode: .tfIDF, vocabulary: ["a", "b"], idfWeights: [0.5, 1.5])
        }
        let tree = KerasWeights.tree(of: model)
        for group in ["layers/text_vectorization/vars", "layers/text_vectorization/_lookup_layer/vars"] {
            #expect(
                tree.group(at: group)?.tensor(named: "idf_weights")?.elements(as: Float.self) == [
                    1, 0.5, 1.5,
                ])
        }
    }

    /// Vocabularies that make no sense are thrown, with the layer's name.
    @Test func hostileVocabularies() throws {
        func expectRefused(_ bytes: [UInt8], _ layer: String, _ message: String) throws {
            let isInteger = layer == "IntegerLookup"
            let config = """
                {"class_name": "Sequential", "config": {"name": "s", "layers": [
                {"class_name": "InputLayer", "config": {"batch_shape": [null\(isInteger ? ", 1" : "")],
                "dtype": "\(isInteger ? "int64" : "string")", "name": "i"}},
                {"class_name": "\(layer)", "config": {"name": "words", "num_oov_indices": 1, "invert": false,
                "output_mode": "int", "pad_to_max_tokens": false, "max_tokens": 4, "oov_token": \(isInteger ? "-1" : "\"[UNK]\"")}}]}}
                """
            let group = isInteger ? "integer_lookup" : "string_lookup"
            let file = try ZipArchive.bytes(of: [
                ("metadata.json", Array("{}".utf8)), ("config.json", Array(config.utf8)),
                ("model.weights.h5", try HDF5.bytes(of: HDF5.Group())),
                ("assets/layers/\(group)/vocabulary.txt", bytes),
            ])
            #expect {
                try KerasFile.read(file)
            } throws: { error in
                "\(error)".contains(message) && "\(error)".contains("words")
            }
        }
        try expectRefused(Array("[UNK]\na\nb\na".utf8), "StringLookup", #"the vocabulary has "a" twice"#)
        try expectRefused(
            Array("[UNK]\na\nb\nc\nd\n\n".utf8), "StringLookup", "has 5 tokens, expected at most")
        try expectRefused([0x61, 0x0A, 0xFF, 0xFE], "StringLookup", "no UTF-8 text")
        try expectRefused([], "StringLookup", "it has no vocabulary yet")
        try expectRefused(Array("-1\n7\n8.5".utf8), "IntegerLookup", "line 3 of its vocabulary.txt")
        try expectRefused(
            Array("-1\n99999999999999999999".utf8), "IntegerLookup", "line 2 of its vocabulary.txt")
    }
}
