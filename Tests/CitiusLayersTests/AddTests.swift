import CitiusLayers
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

    @Test func otherShapesTrap() async {
        let drawn = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Add(name: "sum")(Input(3, 4), Input(3, 1))
        }
        #expect(
            message(of: drawn).contains(
                "Add \"sum\": samples of shapes [3, 4], [3, 1], expected all the same"))
        let computed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let sum = Add()
            _ = sum(Variable(Tensor(zeros: [2, 3])), Variable(Tensor(zeros: [2, 3])))
            _ = sum(Variable(Tensor(zeros: [2, 3])), Variable(Tensor(zeros: [2, 1])))
        }
        #expect(
            message(of: computed).contains("Add: inputs of shapes [2, 3] and [2, 1], expected all the same"))
        let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Add()([Variable]())
        }
        #expect(message(of: none).contains("Add: no inputs, expected at least one"))
    }
}
