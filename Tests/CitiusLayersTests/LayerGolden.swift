import CitiusConfiguration
import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

/// A layer against Keras: every case of `Golden/layers/NAME.json`, in float64.
///
/// Each layer is made from Keras's own description of it, given Keras's weights, and called as Keras was. Compared are
/// its description, its outputs and their masks, the statistics it updated, and the gradients of Σ output · cotangent
/// and the layer's losses with respect to inputs and weights. `Tests/Golden/layers.py` makes the files.
///
/// - Parameters:
///   - tolerance: absolute and relative.
///   - types: what the descriptions name.
func checkGolden(
    _ name: String, tolerance: Double = 1e-10, types: ConfigurationTypes = .library,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    for golden in GoldenFile.load("layers/" + name).cases {
        do {
            try check(golden, tolerance, types, sourceLocation)
        } catch {
            Issue.record("\(golden): \(error)", sourceLocation: sourceLocation)
        }
    }
}

private func check(
    _ golden: GoldenCase, _ tolerance: Double, _ types: ConfigurationTypes, _ sourceLocation: SourceLocation
) throws {
    func compare(_ actual: Tensor, _ name: String, dtype: DType = .float64) {
        let expected = golden.tensor(name, dtype: dtype)
        guard actual.shape == expected.shape else {
            Issue.record(
                "\(golden) \(name): shape \(actual.shape), Keras's is \(expected.shape)",
                sourceLocation: sourceLocation)
            return
        }
        expectClose(
            actual.cast(to: .float64), expected.cast(to: .float64), absolute: tolerance, relative: tolerance,
            "\(golden) \(name)", sourceLocation: sourceLocation)
    }
    let description = try JSON(parsing: golden.text("layer"))
    let layer = try Layer.described(
        by: description, callArguments: JSON(parsing: golden.text("arguments")), types: types)
    layer.dtype = .float64
    // The last inputs, where Keras was given them by name.
    if let text = golden.optionalText("keywords"), let named = layer as? any NamedInputsLayer {
        let keywords = try JSON(parsing: text).array?.compactMap { $0.string } ?? []
        let positional = named.inputNames.prefix(Int(golden.number("inputs") ?? 0) - keywords.count)
        #expect(named.take(inputs: positional + keywords) == nil, sourceLocation: sourceLocation)
    }
    let isTraining = golden.flag("training")
    let tape = Tape()
    let inputs = (0..<Int(golden.number("inputs") ?? 0)).map { index in
        let isInteger = golden.numbers("integers").contains(Double(index))
        let value = golden.tensor("input_\(index)", dtype: isInteger ? layer.inputDType(at: index) : .float64)
        var input = isInteger ? Variable(value) : tape.watch(value)
        input.mask = golden.optionalTensor("mask_\(index)", dtype: .bool)
        return input
    }
    var generator = RandomGenerator(seed: 1)
    layer.buildIfNeeded(inputShapes: inputs.map { $0.shape.droppingFirst() }, generator: &generator)
    let parameters = layer.parameters
    let weights = parameters.indices.map { golden.optionalTensor("weight_\($0)") }
    #expect(
        weights.allSatisfy { $0 != nil } && golden.optionalTensor("weight_\(parameters.count)") == nil,
        "\(golden): \(parameters.count) parameters, Keras has others", sourceLocation: sourceLocation)
    for (index, (parameter, weight)) in zip(parameters, weights).enumerated() {
        guard let weight, parameter.shape == weight.shape else {
            Issue.record(
                "\(golden): parameter \(index), \(parameter.name), has shape \(parameter.shape), Keras's \(String(describing: weight?.shape))",
                sourceLocation: sourceLocation)
            return
        }
        parameter.value = weight.cast(to: parameter.dtype)
    }
    let context = Context(tape: tape, isTraining: isTraining, random: RandomStream(generator))
    let outputs = layer.outputs(of: inputs, in: context)
    #expect(outputs.count == Int(golden.number("outputs") ?? 0), sourceLocation: sourceLocation)
    var total: Variable?
    for (index, output) in outputs.enumerated() {
        #expect(
            output.shape.droppingFirst()
                == layer.outputShapes(for: inputs.map { $0.shape.droppingFirst() })[index],
            "\(golden): output_\(index), the stated shape", sourceLocation: sourceLocation)
        compare(output.value, "output_\(index)")
        let mask = golden.optionalTensor("output_mask_\(index)", dtype: .bool)
        #expect(
            output.mask == mask, "\(golden): the mask of output \(index)", sourceLocation: sourceLocation)
        if let cotangent = golden.optionalTensor("cotangent_\(index)"), cotangent.shape == output.shape {
            let term = (output * Variable(cotangent)).sum()
            total = total.map { $0 + term } ?? term
        }
    }
    // What the layer adds to the loss counts too, as do its regularizers.
    let regularizers = parameters.compactMap { parameter in
        parameter.isLearned ? parameter.regularizer.map { $0(context[parameter]) } : nil
    }
    for loss in context.losses + regularizers { total = total.map { $0 + loss } ?? loss }
    for (index, parameter) in parameters.enumerated() {
        let before = golden.tensor("weight_\(index)", dtype: parameter.dtype)
        if golden.optionalTensor("updated_\(index)") != nil {
            compare(parameter.value, "updated_\(index)")
        } else {
            #expect(
                parameter.value == before, "\(golden): \(parameter.name) is not to change",
                sourceLocation: sourceLocation)
        }
    }
    guard let total, total.isTracked else { return }
    let gradients = tape.gradients(of: total)
    for (index, input) in inputs.enumerated() where golden.optionalTensor("d_input_\(index)") != nil {
        compare(gradients[input], "d_input_\(index)")
    }
    for (index, parameter) in parameters.enumerated() {
        guard golden.optionalTensor("d_weight_\(index)") != nil else {
            #expect(
                !parameter.isLearned, "\(golden): \(parameter.name) is not learned in Keras",
                sourceLocation: sourceLocation)
            continue
        }
        let gradient = gradients[parameter] ?? Tensor(zeros: parameter.shape, dtype: .float64)
        compare(gradient, "d_weight_\(index)")
    }
}
