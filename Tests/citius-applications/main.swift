// The applications against real Keras: `citius-applications FOLDER` builds every network that Tests/Keras/applications.py
// left there, compares its layers with Keras's, takes Keras's weights, and compares what it predicts.

import Citius
import CitiusApplications
import CitiusKeras
import CitiusPlatform
import Foundation

/// What is wrong.
struct Difference: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A network as Keras's arguments ask for it, and how its images are prepared.
func application(
    _ name: String, _ arguments: JSON
) throws -> (model: Model, preprocess: (Tensor) -> Tensor) {
    let includeTop = arguments["include_top"]?.bool ?? true
    let shape = arguments["input_shape"]?.array.map { Shape($0.compactMap { $0.int }) }
    let pooling = arguments["pooling"]?.string.flatMap { FeaturePooling(rawValue: $0) }
    let classes = arguments["classes"]?.int ?? 1000
    let activation: ActivationFunction =
        arguments["classifier_activation"] == .null ? .linear : .softmax
    let alpha = arguments["alpha"]?.double ?? 1
    typealias Builder = (Bool, Shape?, FeaturePooling?, Int, ActivationFunction) -> Model
    let builders: [String: (build: Builder, preprocess: (Tensor) -> Tensor)] = [
        "ResNet50": (
            {
                ResNet50.model(
                    includeTop: $0, inputShape: $1, pooling: $2, classes: $3, classifierActivation: $4)
            },
            ResNet50.preprocessInput
        ),
        "ResNet50V2": (
            {
                ResNet50V2.model(
                    includeTop: $0, inputShape: $1, pooling: $2, classes: $3, classifierActivation: $4)
            },
            ResNet50V2.preprocessInput
        ),
        "EfficientNetB0": (
            {
                EfficientNetB0.model(
                    includeTop: $0, inputShape: $1, pooling: $2, classes: $3, classifierActivation: $4)
            },
            EfficientNetB0.preprocessInput
        ),
        "VGG16": (
            {
                VGG16.model(
                    includeTop: $0, inputShape: $1, pooling: $2, classes: $3, classifierActivation: $4)
            },
            VGG16.preprocessInput
        ),
        "Xception": (
            {
                Xception.model(
                    includeTop: $0, inputShape: $1, pooling: $2, classes: $3, classifierActivation: $4)
            },
            Xception.preprocessInput
        ),
        "InceptionV3": (
            {
                InceptionV3.model(
                    includeTop: $0, inputShape: $1, pooling: $2, classes: $3, classifierActivation: $4)
            },
            InceptionV3.preprocessInput
        ),
        "MobileNet": (
            {
                MobileNet.model(
                    inputShape: $1, alpha: alpha, depthMultiplier: arguments["depth_multiplier"]?.int ?? 1,
                    includeTop: $0, pooling: $2, classes: $3, classifierActivation: $4)
            }, MobileNet.preprocessInput
        ),
        "MobileNetV2": (
            {
                MobileNetV2.model(
                    inputShape: $1, alpha: alpha, includeTop: $0, pooling: $2, classes: $3,
                    classifierActivation: $4)
            }, MobileNetV2.preprocessInput
        ),
    ]
    guard let (build, preprocess) = builders[name] else {
        throw Difference("there is no application \(name)")
    }
    return (build(includeTop, shape, pooling, classes, activation), preprocess)
}

func worstError(_ ours: Tensor, _ theirs: Tensor) throws -> Double {
    guard ours.shape == theirs.shape else {
        throw Difference("\(ours.shape), Keras has \(theirs.shape)")
    }
    let (a, b) = (ours.cast(to: .float64), theirs.cast(to: .float64))
    return ((a - b).abs() / (b.abs() + 1)).max().scalar
}

/// What both models are called and made of.
func compareLayers(_ ours: Model, _ theirs: Model) throws {
    let (mine, keras) = (try ours.architecture(), try theirs.architecture())
    guard mine["config"]?["name"] == keras["config"]?["name"] else {
        throw Difference("it is called \(mine["config"]?["name"]?.text() ?? "nothing"), in Keras otherwise")
    }
    let (layers, expected) = (mine["config"]?["layers"]?.array, keras["config"]?["layers"]?.array)
    guard let layers, let expected, layers.count == expected.count else {
        throw Difference("it has \(layers?.count ?? 0) layers, in Keras \(expected?.count ?? 0)")
    }
    for (layer, other) in zip(layers, expected) where layer != other {
        throw Difference("a layer is\n\(layer.text())\nand in Keras\n\(other.text())")
    }
}

func check(_ base: String) throws {
    let description = try JSON(parsing: Array(Data(contentsOf: URL(fileURLWithPath: base + ".json"))))
    let name = description["application"]?.string ?? ""
    let (model, preprocess) = try application(name, description["arguments"] ?? [:])
    try compareLayers(model, KerasFile.load(from: base + ".keras", compiling: false))
    try KerasFile.loadWeights(into: model, from: base + ".keras")
    let file = try Safetensors(contentsOf: base + ".safetensors")
    let prepared = try file.tensor(named: "prepared")
    let preparation = try worstError(preprocess(file.tensor(named: "images")), prepared)
    let prediction = try worstError(model.predict(prepared), file.tensor(named: "expected"))
    guard preparation <= 1e-5, prediction <= 1e-5 else {
        throw Difference("preparation differs by \(preparation), prediction by \(prediction)")
    }
    print("\(name) \(description["arguments"]?.text() ?? ""): within \(prediction)")
}

guard let folder = CommandLine.arguments.dropFirst().first else {
    Console.warn("usage: citius-applications FOLDER")
    exit(64)
}
do {
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        .filter { $0.hasSuffix(".keras") }
    guard !files.isEmpty else { throw Difference("\(folder) has no models") }
    for file in files {
        let base = "\(folder)/\(file.dropLast(".keras".count))"
        do { try check(base) } catch { throw Difference("\(base): \(error)") }
    }
} catch {
    Console.warn("citius-applications: \(error)")
    exit(1)
}
