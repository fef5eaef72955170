// Models in files, from the terminal:
//   citius-model summary FILE
//   citius-model predict FILE --inputs X.safetensors --outputs Y.safetensors
//   citius-model convert FROM TO
// Inputs are tensors input_0, input_1, … in the model's order, outputs output_0, output_1, ….
import Citius
import CitiusKeras
import CitiusPlatform

let usage = """
    usage: citius-model summary FILE
           citius-model predict FILE --inputs X.safetensors --outputs Y.safetensors
           citius-model convert FROM TO
    Models are files that end in .keras or .safetensors.
    """

struct UsageError: Error, CustomStringConvertible {
    let description: String
}

/// Reads a model by the ending of the file's name.
func load(_ path: String, compiling: Bool) throws -> Model {
    if path.hasSuffix(".keras") { return try KerasFile.load(from: path, compiling: compiling) }
    if path.hasSuffix(".safetensors") { return try Model.load(from: path) }
    throw unknownEnding(path)
}

/// Writes a model by the ending of the file's name.
func save(_ model: Model, _ path: String) throws {
    if path.hasSuffix(".keras") { return try KerasFile.save(model, to: path) }
    if path.hasSuffix(".safetensors") { return try model.save(to: path) }
    throw unknownEnding(path)
}

func unknownEnding(_ path: String) -> UsageError {
    UsageError(description: "\(path) is no model's name: it is to end in .keras or .safetensors.")
}

func predict(_ modelPath: String, inputs inputsPath: String, outputs outputsPath: String) throws {
    let model = try load(modelPath, compiling: false)
    let file = try Safetensors(contentsOf: inputsPath)
    let expected = model.inputShapes?.count ?? 1
    let names = (0..<expected).map { "input_\($0)" }
    guard Set(file.names) == Set(names) else {
        throw UsageError(
            description:
                "\(inputsPath) has the tensors \(file.names.sorted().joined(separator: ", ")); the model takes "
                + names.joined(separator: ", ") + ".")
    }
    var inputs: [Tensor] = []
    for name in names { inputs.append(try file.tensor(named: name)) }
    let outputs = try model.predict(inputs)
    try Safetensors.write(
        outputs.enumerated().map { ("output_\($0)", $1) }, to: outputsPath)
}

do {
    let arguments = Array(CommandLine.arguments.dropFirst())
    switch (arguments.first, arguments.count) {
    case ("summary", 2):
        print(try load(arguments[1], compiling: false).summary())
    case ("predict", 6) where arguments[2] == "--inputs" && arguments[4] == "--outputs":
        try predict(arguments[1], inputs: arguments[3], outputs: arguments[5])
    case ("predict", 6) where arguments[2] == "--outputs" && arguments[4] == "--inputs":
        try predict(arguments[1], inputs: arguments[5], outputs: arguments[3])
    case ("convert", 3):
        try save(load(arguments[1], compiling: true), arguments[2])
    default: throw UsageError(description: usage)
    }
} catch {
    Console.warn("\(error)")
    exit(1)
}
