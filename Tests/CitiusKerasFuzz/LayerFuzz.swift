import CitiusConfiguration
import CitiusKeras
import CitiusTensor
import CitiusTestSupport

/// Makes models of mutated descriptions of every layer that has golden values. Whatever they say: an error of the
/// reader's own type, or a model. There are no weights, so that those whose layers have some are refused in the end.
public func fuzzLayers(inputs: Int, seed: UInt64) -> FuzzReport {
    var report = FuzzReport()
    var mutation = Mutation(random: SplitMix64(seed: seed))
    let cases = GoldenFile.cases(in: "layers")
    let weights: [UInt8]
    do { weights = try HDF5.bytes(of: HDF5.Group()) } catch {
        report.failures.append("\(error)")
        return report
    }
    for _ in 0..<inputs {
        let golden = cases[mutation.number(below: cases.count)]
        guard let layer = mutatedLayer(golden, &mutation) else { continue }
        do throws(KerasFileError) {
            let bytes = try ZipArchive.bytes(of: [
                ("config.json", Array(functional(of: layer, golden).text().utf8)),
                ("model.weights.h5", weights),
            ])
            keepInput(bytes)
            _ = try KerasFile.read(bytes, compiling: false)
            report.accepted += 1
        } catch {
            report.refuse(error.kind)
        }
    }
    return report
}

/// The layer's description after changes that leave it JSON; nil if none did.
private func mutatedLayer(_ golden: GoldenCase, _ mutation: inout Mutation<SplitMix64>) -> JSON? {
    let text = Array(golden.text("layer").utf8)
    for _ in 0..<20 {
        let mutated =
            mutation.number(below: 2) == 0 ? mutation.withMutatedNumbers(text) : mutation.mutated(text)
        if let layer = try? JSON(parsing: mutated), layer["config"]?.object != nil { return layer }
    }
    return nil
}

/// A functional model of the layer alone, on inputs of the case's shapes.
private func functional(of layer: JSON, _ golden: GoldenCase) -> JSON {
    let integers = Set(golden.numbers("integers").map { Int($0) })
    var layers: [JSON] = []
    var places: [JSON] = []
    var tensors: [JSON] = []
    for index in 0..<Int(golden.number("inputs") ?? 1) {
        let name = JSON.string("input_\(index)")
        let sizes = golden.tensor("input_\(index)").shape.sizes.dropFirst()
        let batchShape = JSON.array([.null] + sizes.map { .integer(Int64($0)) })
        layers.append([
            "class_name": "InputLayer", "name": name,
            "config": [
                "batch_shape": batchShape, "dtype": integers.contains(index) ? "int32" : "float64",
                "name": name,
            ], "inbound_nodes": [],
        ])
        places.append([name, 0, 0])
        tensors.append(["class_name": "__keras_tensor__", "config": ["keras_history": [name, 0, 0]]])
    }
    var object = layer.object ?? [:]
    object["name"] = "fuzzed"
    object["inbound_nodes"] = [["args": .array(tensors), "kwargs": [:]]]
    layers.append(.object(object))
    return [
        "class_name": "Functional",
        "config": [
            "name": "model", "layers": .array(layers), "input_layers": .array(places),
            "output_layers": [["fuzzed", 0, 0]],
        ],
    ]
}
