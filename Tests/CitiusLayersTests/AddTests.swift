import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

@Suite struct AddTests {
    private func values(_ count: Int, _ shape: Shape = [2, 3, 4]) -> [Tensor] {
        (0..<count).map { randomTensor(shape, seed: UInt64($0)) }
    }

    @Test func keras() { checkGolden("Add") }

    @Test func addsAnyNumberOfInputs() {
        let inputs = values(3)
        let variables = inputs.map { Variable($0) }
        #expect(Add()(variables[0], variables[1]).value == inputs[0] + inputs[1])
        #expect(Add()(variables).value == inputs[0] + inputs[1] + inputs[2])
        #expect(Add()(variables[0]).value == inputs[0])
    }

    @Test func gradients() {
        checkGradients(at: values(2)) { Add()($0[0], $0[1], in: .inference) }
        checkGradients(at: values(3)) { Add()($0) }
        checkGradients(at: values(1)) { Add()($0[0], $0[0]) }
    }

    @Test func shapes() {
        #expect(Add().mergedShape(of: [[3, 4], [3, 4]]) == [3, 4])
        let input = Input(3, 4)
        let sum = Add()(input, Dense(4)(input), Activation(.relu)(input))
        #expect(sum.shape == [3, 4] && sum.inputs.count == 3)
        #expect(sum.inputs[0].layer === input)
    }

    @Test func broadcasts() {
        let inputs = [randomTensor([2, 3, 4], seed: 1), randomTensor([2, 4], seed: 2)]
        #expect(Add()(inputs.map { Variable($0) }).value == inputs[0] + inputs[1].expandingAxis(at: 1))
        checkGradients(at: inputs) { Add()($0) }
        #expect(Add()(Input(3, 1), Input(5)).shape == [3, 5])
    }

    /// With a relu in its pass, inputs that differ in shape too.
    @Test func fused() throws {
        let (first, second) = (Input(3, 4), Input(4))
        let model = Model(inputs: [first, second], outputs: [Activation(.relu)(Add()(first, second))])
        let (a, b) = (
            randomTensor([2, 3, 4], dtype: .float32, seed: 1), randomTensor([2, 4], dtype: .float32, seed: 2)
        )
        #expect(try model.predict([a, b])[0] == (a + b.expandingAxis(at: 1)).relu())
    }

    @Test func otherShapesTrap() async {
        let drawn = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Add(name: "sum")(Input(3, 4), Input(3, 2))
        }
        #expect(
            message(of: drawn).contains(
                "Add \"sum\": samples of shapes [3, 4], [3, 2], expected sizes that are the same or 1"))
        let computed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let sum = Add()
            _ = sum(Variable(Tensor(zeros: [2, 3])), Variable(Tensor(zeros: [2, 3])))
            _ = sum(Variable(Tensor(zeros: [2, 3])), Variable(Tensor(zeros: [1, 3])))
        }
        #expect(
            message(of: computed).contains(
                "Add: inputs of shapes [2, 3], [1, 3], expected sizes that are the same or, behind the batch's, 1"
            ))
        let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Add()([Variable]())
        }
        #expect(message(of: none).contains("Add: no inputs, expected at least one"))
    }
}
