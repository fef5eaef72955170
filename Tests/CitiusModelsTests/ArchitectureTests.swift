import CitiusConfiguration
import CitiusLayers
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusModels

/// Models as JSON in Keras's schema.
@Suite struct ArchitectureTests {
    /// Keras's description is read, and written again as it was.
    @Test(arguments: GoldenFile.load("architectures").cases) func asKerasDescribesThem(golden: GoldenCase)
        throws
    {
        let theirs = try JSON(parsing: golden.text("json"))
        let model = try Model.make(from: theirs, seed: 1)
        #expect(model.parameterCount == Int(golden.number("parameters") ?? 0))
        let ours = try model.architecture()
        if let difference = difference(ours, theirs, at: "") { Issue.record("\(golden): \(difference)") }
    }

    /// What Keras says and Citius does not, or otherwise.
    private func difference(_ ours: JSON?, _ theirs: JSON, at path: String) -> String? {
        // Said of what Citius does not have: Keras reads models without it.
        let omitted: Set<String> = [
            "quantization_config", "activity_regularizer", "noise_shape", "synchronized", "renorm",
            "renorm_clipping", "renorm_momentum", "compile_config", "build_config", "kwargs", "seed",
        ]
        if let theirs = theirs.object {
            // Within a graph Keras notes what passes through a layer as the integers that came in.
            let isTensor = theirs["keras_history"] != nil
            for (key, value) in theirs where !omitted.contains(key) && !(isTensor && key == "dtype") {
                if let difference = difference(ours?[key], value, at: "\(path).\(key)") { return difference }
            }
            return nil
        }
        if let theirs = theirs.array, let ours = ours?.array, ours.count == theirs.count {
            for index in theirs.indices {
                if let difference = difference(ours[index], theirs[index], at: "\(path)[\(index)]") {
                    return difference
                }
            }
            return nil
        }
        if let a = ours?.double, let b = theirs.double, abs(a - b) <= 1e-7 * abs(b) { return nil }
        return ours ?? .null == theirs
            ? nil : "\(path): \(ours?.text() ?? "nothing"), Keras says \(theirs.text())"
    }

    @Test func modelsAreMadeAgain() throws {
        let input = Input(6, name: "features")
        let shared = Dense(4, activation: .gelu, name: "shared")
        let x = Concatenate()(shared(input), Dense(4, kernelRegularizer: .l2(0.5))(input))
        let inner = Sequential(name: "inner", seed: 3) {
            Dense(6, kernelConstraint: .maxNorm(2))
            BatchNormalization(scale: false)
        }
        let model = Model(
            inputs: [input], outputs: [Dense(2)(shared(inner(x))), Activation(.softmax)(x)], name: "whole",
            seed: 2)
        let twin = try Model.make(from: model.architecture(), seed: 2)
        #expect(twin.name == "whole" && twin.layers.map { $0.name } == model.layers.map { $0.name })
        #expect(twin.namedParameters.map { $0.path } == model.namedParameters.map { $0.path })
        twin.weights = model.weights
        let values = randomTensor([3, 6], dtype: .float32, seed: 8)
        #expect(try twin.predict([values]) == model.predict([values]))
        #expect(try twin.architecture() == model.architecture())
    }

    @Test func layersOfOnesOwnTakePartByName() throws {
        final class Scale: Layer, ConfigurableLayer {
            struct Configuration: LayerConfiguration {
                var factor: Double
                var fault: String? { factor > 0 ? nil : "factor is \(factor), expected a positive number" }
            }
            let configuration: Configuration
            init(configuration: Configuration, name: String? = nil) {
                self.configuration = Self.checked(configuration)
                super.init(name: name)
            }
            override func forward(_ input: Variable, in context: Context) -> Variable {
                input * configuration.factor
            }
        }
        let model = Sequential([Input(2), Scale(configuration: .init(factor: 3))])
        let description = try model.architecture()
        let unknown = #expect(throws: SavingError.self) { try Model.make(from: description) }
        #expect(unknown?.kind == .architecture)
        #expect(unknown?.description.contains(#"there is no layer "Scale"; name one of your own"#) == true)
        let twin = try Model.make(from: description, types: .library.adding(Scale.self))
        #expect(try twin.predict(Tensor(ones: [1, 2])) == Tensor([3, 3] as [Float], shape: [1, 2]))
        let broken = try JSON(parsing: description.text().replacing("3.0", with: "-3.0"))
        let fault = #expect(throws: SavingError.self) {
            try Model.make(from: broken, types: .library.adding(Scale.self))
        }
        #expect(fault?.description.contains("factor is -3.0, expected a positive number") == true)
    }

    /// Calls and names that a program could not write end in an error, too.
    @Test func callsAndNamesThatCannotBe() throws {
        let input = Input(2, name: "in")
        let model = Model(
            inputs: input, outputs: Dense(2, name: "twice")(Concatenate(name: "join")(input, input)))
        let text = try model.architecture().text()
        // The dense layer called on what only a merging layer can take.
        let joined = #""class_name": "Concatenate", "config": {"#
        let start = try #require(text.range(of: joined))
        let dense = #""class_name": "Activation", "config": {"activation": "relu", "#
        let error = #expect(throws: SavingError.self) {
            try Model.make(from: JSON(parsing: text.replacingCharacters(in: start, with: dense)))
        }
        #expect(error?.description.contains("2 inputs, expected 1") == true, "\(error?.description ?? text)")
        // A layer without a name before one that has the name that it would be given.
        let named = try Sequential([Input(2), Dense(2, name: "first"), Dense(2, name: "dense")])
            .architecture()
        let nameless = try JSON(parsing: named.text().replacing(#""name": "first""#, with: #""name": null"#))
        #expect(try Model.make(from: nameless).layers.map { $0.name } == ["dense_1", "dense"])
    }

    @Test func layersThatDoNotDescribeThemselvesSaySo() {
        final class Mute: Layer {
            override func forward(_ input: Variable, in context: Context) -> Variable { input }
        }
        let error = #expect(throws: SavingError.self) {
            try Sequential([Input(2), Mute(name: "quiet")]).architecture()
        }
        #expect(error?.description.contains(#"Mute "quiet" does not describe itself"#) == true)
    }

    /// No description traps: what is wrong is thrown.
    @Test func brokenDescriptionsAreRefused() throws {
        for golden in GoldenFile.load("architectures").cases {
            let text = golden.text("json")
            let replacements = [
                ("\"units\": 10", "\"units\": -10"), ("\"units\": 8", "\"units\": 900000000000"),
                ("\"units\": 2", "\"units\": \"two\""), ("\"filters\": 4", "\"filters\": 0"),
                ("[null, 28, 28, 1]", "[null, 28]"), ("[null, 28, 28, 1]", "[null, 1, 1, 1]"),
                ("[null, 9, 9, 3]", "[null, -9, 9, 3]"), ("\"relu\"", "\"reluctant\""),
                ("channels_last", "channels_second"),
                ("\"class_name\": \"Flatten\"", "\"class_name\": \"Flat\""),
                ("keras_history", "history"), ("[\"a\", 0, 0]", "[\"a\", 0, 7]"),
                ("[\"shared\", 1, 0]", "[\"shared\", 99, 0]"), ("\"axis\": 1", "\"axis\": 0"),
                ("\"rate\": 0.25", "\"rate\": 1.5"), ("\"name\": \"single\"", "\"name\": \"shared\""),
                ("input_layers", "inputs"), ("output_layers", "outputs"), ("\"float32\"", "\"float8\""),
                ("[null, 28, 28, 1]", "[null, 2000000000, 2000000000, 2000000000]"),
            ]
            for (old, new) in replacements where text.contains(old) {
                let json = try JSON(parsing: text.replacing(old, with: new))
                #expect(throws: SavingError.self, "\(golden), \(new)") { try Model.make(from: json) }
            }
        }
    }
}
