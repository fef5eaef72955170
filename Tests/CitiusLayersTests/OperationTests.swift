import CitiusAutograd
import CitiusConfiguration
import CitiusLayers
import CitiusModels
import CitiusTensor
import CitiusTestSupport
import Testing

/// Operators on the values of a graph. That Keras's are read and written is seen in Tests/Keras.
@Suite struct OperationTests {
    private let first = randomTensor([4, 1, 3], dtype: .float32, in: 0.5..<2, seed: 1)
    private let second = randomTensor([4, 2, 3], dtype: .float32, seed: 2)

    @Test func operatorsComputeWhatTheySay() throws {
        let (a, b) = (Input(1, 3), Input(2, 3))
        let model = Model(
            inputs: [a, b],
            outputs: [
                a + 2, 2 - a, a * b, 1 / (a + 3), -b, b / a, b + a, (b - 1.5) * 0.5, 3 * b - b, a / 4, 2 + b,
            ])
        let (x, y) = (first, second)
        let expected = [
            x + 2, 2 - x, x * y, 1 / (x + 3), -y, y / x, y + x, (y - 1.5) * 0.5, 3 * y - y, x / 4, 2 + y,
        ]
        let outputs = try model.predict([x, y])
        for (output, value) in zip(outputs, expected) { #expect(output == value) }
        // Names follow Keras's pattern, and the description comes back.
        #expect(model.layers.contains { $0.name == "multiply_1" })
        let json = try model.architecture()
        #expect(json["config"]?["layers"]?.array?.contains { $0["module"] == "keras.src.ops.numpy" } == true)
        #expect(try Model.make(from: json).predict([x, y]) == outputs)
        #expect(model.summary(lineLength: 100).contains("(Multiply)"))
    }

    @Test func gradients() throws {
        let (a, b) = (Input(1, 3), Input(2, 3))
        let model = Model(inputs: [a, b], outputs: [(a * b + 2) / a - b], dtype: .float64)
        checkGradients(at: [first.cast(to: .float64), second.cast(to: .float64)]) {
            model($0, in: .inference)
        }
    }

    /// As in Keras, where the layer behind an operation is called with no mask.
    @Test func masksEnd() {
        var input = Variable(second)
        input.mask = Tensor([true, false], shape: [1, 2]).expanded(to: [4, 2])
        let entry = Input(2, 3)
        let model = Model(inputs: [entry], outputs: [1 - entry * 2, Add()(entry, entry)])
        let outputs = model.outputs(of: [input])
        #expect(outputs[0].mask == nil)
        #expect(outputs[1].mask == input.mask)
    }

    /// What a file says of an operation may be anything.
    @Test(arguments: [
        (#""Add", "config": {"name": "o"}, "args": [T]"#, "do not broadcast"),
        (#""Add", "config": {"name": "o"}, "args": []"#, "never computed"),
        (#""Mean", "config": {"name": "o", "axis": 7}, "args": [T]"#, "axis 7"),
        (#""Mean", "config": {"name": "o", "axis": 0}, "args": [T]"#, "batch axis"),
        (#""Mean", "config": {"name": "o"}, "args": [T]"#, "batch axis"),
        (#""Reshape", "config": {"name": "o", "newshape": [-1, 7]}, "args": [T]"#, "cannot be reshaped"),
        (#""Reshape", "config": {"name": "o", "newshape": [-1, 3]}, "args": [T]"#, "batch axis"),
        (#""Reshape", "config": {"name": "o", "newshape": [-1, -1]}, "args": [T]"#, "cannot be reshaped"),
        (#""Reshape", "config": {"name": "o"}, "args": [T]"#, "no new shape"),
        (#""Transpose", "config": {"name": "o", "axes": [0, 0, 1]}, "args": [T]"#, "no order"),
        (#""Transpose", "config": {"name": "o"}, "args": [T]"#, "batch axis"),
        (#""Squeeze", "config": {"name": "o", "axis": 1}, "args": [T]"#, "is not 1"),
        (#""ExpandDims", "config": {"name": "o", "axis": 9}, "args": [T]"#, "axis 9"),
        (#""Concatenate", "config": {"name": "o", "axis": 5}, "args": [[T]]"#, "axis 5"),
        (#""Matmul", "config": {"name": "o"}, "args": [T, T]"#, "multiplied as matrices"),
        (#""Matmul", "config": {"name": "o"}, "args": [T, 2]"#, "multiplied as matrices"),
        (#""Exp", "config": {"name": "o"}, "args": [T, T]"#, "expected one input"),
        (#""GetItem", "config": {"name": "o"}, "args": [T, 0]"#, "batch axis"),
        (#""GetItem", "config": {"name": "o"}, "args": [T, [0, 1, 2, 0]]"#, "more axes"),
        (
            #""GetItem", "config": {"name": "o"}, "args": [T, [{"class_name": "__slice__", "config": {}}, 9]]"#,
            "index 9"
        ),
        (#""GetItem", "config": {"name": "o"}, "args": [T, "all"]"#, "not understood"),
        (#""Fft", "config": {"name": "o"}, "args": [T]"#, "no operation"),
    ])
    func wrongDescriptionsThrow(call: String, sentence: String) throws {
        let tensor =
            #"{"class_name": "__keras_tensor__", "config": {"shape": [null, 2, 3], "keras_history": ["i", 0, 0]}}"#
        let parts = call.split(separator: ", \"args\": ")
        let text = """
            {"class_name": "Functional", "config": {"name": "m", "layers": [
            {"class_name": "InputLayer", "name": "i", "config": {"name": "i", "batch_shape": [null, 2, 3]},
             "inbound_nodes": []},
            {"module": "keras.src.ops.numpy", "class_name": \(parts[0]), "name": "o",
             "inbound_nodes": [{"args": \(parts[1].replacing("T", with: tensor)), "kwargs": {}}]}],
            "input_layers": ["i", 0, 0], "output_layers": ["o", 0, 0]}}
            """
        let error = try #require(throws: SavingError.self) { try Model.make(from: JSON(parsing: text)) }
        #expect("\(error)".contains(sentence), "\(error)")
    }
}
