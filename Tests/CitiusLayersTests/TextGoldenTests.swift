import CitiusConfiguration
import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

/// Layers of strings against Keras on TensorFlow: every case of `Golden/text.json`, which `Tests/Golden/text.py` makes.
@Suite struct TextGoldenTests {
    static let cases = GoldenFile.load("text").cases.filter { !$0.name.hasPrefix("file ") }

    @Test(arguments: cases) func keras(golden: GoldenCase) throws {
        let layer = try Layer.described(by: JSON(parsing: golden.text("layer")))
        let count = Int(golden.number("inputs") ?? 0)
        let inputs = (0..<count).compactMap { golden.texts("input_\($0)", shapeName: "input_shape_\($0)") }
        if let layer = layer as? any TextOrNumberLayer { layer.takesText = inputs.map { $0.dtype == .uint8 } }
        if let samples = golden.texts("adapted", shapeName: "adapted_shape") {
            let adaptable = try #require(layer as? any AdaptableLayer)
            adaptable.adapt(on: samples)
        }
        if let expected = golden.optionalText("vocabulary") {
            let expected = try JSON(parsing: expected).array ?? []
            let vocabulary: [String]?
            let size: Int?
            switch layer {
            case let layer as StringLookup: (vocabulary, size) = (layer.vocabulary, layer.vocabularySize)
            case let layer as TextVectorization:
                (vocabulary, size) = (layer.vocabulary, layer.vocabularySize)
            case let layer as IntegerLookup:
                (vocabulary, size) = (layer.vocabulary?.map { "\($0)" }, layer.vocabularySize)
            default: (vocabulary, size) = (nil, nil)
            }
            #expect(vocabulary == expected.map { $0.string ?? $0.text() })
            #expect(size == Int(golden.number("vocabulary_size") ?? 0))
        }
        #expect(layer.fault(ofInputs: inputs.map { $0.shape.droppingFirst() }) == nil)
        let output = layer(inputs.map { Variable($0) }).value
        if let expected = golden.texts("output", shapeName: "output_shape", dtype: .float64),
            expected.dtype == .uint8
        {
            #expect(output.strings == expected.strings)
            #expect(output.shape.sizes.dropLast() == expected.shape.sizes.dropLast())
        } else {
            let expected = golden.tensor("output")
            try #require(output.shape == expected.shape, "\(output.shape), Keras has \(expected.shape)")
            expectClose(output.cast(to: .float64), expected, absolute: 1e-6, relative: 1e-6)
        }
        // Described anew, it does the same: what it learned is part of its description.
        guard let described = layer as? any ConfigurableLayer else { return }
        let copy = try Self.copy(of: described)
        if let copy = copy as? any TextOrNumberLayer { copy.takesText = inputs.map { $0.dtype == .uint8 } }
        #expect(copy(inputs.map { Variable($0) }).value == output)
    }

    static func copy<Described: ConfigurableLayer>(of layer: Described) throws -> Layer {
        let configuration: Described.Configuration = try JSON(encoding: layer.configuration).decoded(
            userInfo: [.configurationTypes: ConfigurationTypes.library])
        return Described(configuration: configuration, name: nil)
    }
}
