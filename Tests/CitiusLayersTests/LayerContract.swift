import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Foundation
import Testing

/// What every layer must do, for samples of the given shape:
///
/// - its shape inference is right, for any batch;
/// - its parameters have the given names, in order, of the layer's type;
/// - the same seed makes the same parameters and the same output;
/// - the gradients of its output, with respect to input and parameters, are right, in training mode and not;
/// - a layer that describes itself comes back from a file, configuration, weights and all;
/// - a frozen layer's parameters get no gradient.
///
/// - Parameters:
///   - make: a new layer.
///   - parameters: the names, in Keras's order.
func checkLayerContract(
    inputShape: Shape, parameters names: [String] = [], inputSeed: UInt64 = 5,
    sourceLocation: SourceLocation = #_sourceLocation, _ make: () -> Layer
) {
    func built() -> Layer {
        let layer = make()
        layer.dtype = .float64
        var generator = RandomGenerator(seed: 3)
        layer.buildIfNeeded(inputShape: inputShape, generator: &generator)
        // Biases that are zero would hide what is wrong with them.
        for (number, parameter) in layer.parameters.enumerated() where parameter.isLearned {
            parameter.value =
                parameter.value + randomTensor(parameter.shape, in: -0.2..<0.2, seed: UInt64(number))
        }
        return layer
    }
    let layer = built()
    #expect(layer.parameters.map(\.name) == names, sourceLocation: sourceLocation)
    #expect(layer.parameters.allSatisfy { $0.dtype == .float64 }, sourceLocation: sourceLocation)
    #expect(layer.isBuilt && layer.inputShape == inputShape, sourceLocation: sourceLocation)

    for batch in [1, 3] {
        let input = Variable(randomTensor(inputShape.prepending(batch), seed: inputSeed))
        let output = layer(input)
        #expect(
            output.shape == layer.outputShape(for: inputShape).prepending(batch),
            sourceLocation: sourceLocation)
        #expect(output.value == built()(input).value, "the same seed", sourceLocation: sourceLocation)
    }

    for isTraining in [true, false] {
        let learned = layer.parameters.filter(\.isLearned)
        let before = layer.parameters.map(\.value)
        let arguments = [randomTensor(inputShape.prepending(2), seed: inputSeed)] + learned.map(\.value)
        checkGradients(at: arguments, sourceLocation: sourceLocation) { variables in
            // The checker's variables stand in for the parameters: a tape knows a parameter by one slot, so
            // the layer runs on a tape of its own and its pullback is that tape's.
            for (parameter, variable) in zip(learned, variables.dropFirst()) {
                parameter.value = variable.value
            }
            for (parameter, value) in zip(layer.parameters, before) where !parameter.isLearned {
                parameter.value = value
            }
            let tape = Tape()
            let context = Context(tape: tape, isTraining: isTraining, random: RandomStream(seed: 8))
            let input = tape.watch(variables[0].value)
            let output = layer(input, in: context)
            return Variable.computed([output.value], from: variables) { cotangents in
                let gradients = tape.gradients(of: output, cotangent: cotangents[0])
                return [gradients[input]] + learned.map { gradients[$0] }
            }[0]
        }
        for (parameter, value) in zip(layer.parameters, before) { parameter.value = value }
    }

    checkSaving(of: make, inputShape: inputShape, sourceLocation)

    layer.isTrainable = false
    let tape = Tape()
    let output = layer(
        tape.watch(randomTensor(inputShape.prepending(2), seed: inputSeed)),
        in: Context(tape: tape, isTraining: true, random: RandomStream(seed: 1)))
    let gradients = tape.gradients(of: output.sum())
    #expect(layer.parameters.allSatisfy { gradients[$0] == nil }, sourceLocation: sourceLocation)
}

/// A model of the layer alone, saved and loaded, describes itself and predicts as before.
private func checkSaving(of make: () -> Layer, inputShape: Shape, _ sourceLocation: SourceLocation) {
    let layer = make()
    guard layer is any ConfigurableLayer, !(layer is Input),
        ConfigurationTypes.library.type(
            named: "\(type(of: layer))", in: (any ConfigurableLayer.Type).self) != nil
    else { return }
    let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let model = Sequential([Input(shape: inputShape), layer], seed: 1, dtype: .float64)
    // Biases and statistics that are as they begin would hide what is lost.
    for (number, parameter) in model.parameters.enumerated() {
        parameter.value = randomTensor(parameter.shape, in: 0.25..<1.5, seed: UInt64(number))
    }
    do {
        try model.save(to: path)
        let loaded = try Model.load(from: path)
        #expect(try loaded.architecture() == model.architecture(), sourceLocation: sourceLocation)
        #expect(
            loaded.namedParameters.map(\.path) == model.namedParameters.map(\.path),
            sourceLocation: sourceLocation)
        #expect(loaded.weights == model.weights, sourceLocation: sourceLocation)
        let input = randomTensor(inputShape.prepending(2), seed: 4)
        #expect(try loaded.predict(input) == model.predict(input), sourceLocation: sourceLocation)
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
    }
}

/// The message of a process that was expected to stop.
func message(of result: ExitTest.Result?) -> String {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
}
