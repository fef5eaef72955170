import CitiusConfiguration
import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

@Suite struct LambdaTests {
    @Test func keras() { checkGolden("Lambda") }

    @Test func contract() {
        // Named as a function that any loader knows.
        checkLayerContract(inputShape: [4, 3]) { Lambda("gelu") { $0.gelu() } }
        checkLayerContract(inputShape: [4, 6]) { Lambda("glu") { $0.glu() } }
    }

    @Test func anyFunction() {
        let x = randomTensor([2, 4, 3], seed: 1)
        let sums = Lambda { $0.sum(axes: [-1]) }
        #expect(sums(x) == x.sum(axes: [-1]))
        #expect(sums(Input(5, 2)).shape == [5])
        #expect(Lambda(outputShape: [7]) { $0 }(Input(5, 2)).shape == [7])
        let doubled = Lambda { x, context in context.isTraining ? x * 2 : x }
        #expect(doubled(x) == x)
        #expect(doubled(x, in: .training(Tape())).value == x * 2)
    }

    @Test func savedByName() throws {
        let model = Sequential([Input(4), Lambda("doubled") { $0 * 2 }])
        let description = try model.architecture()
        var types = ConfigurationTypes.library
        types.add(Lambda.Function("doubled") { $0 * 2 }, named: "doubled")
        let copy = try Model.make(from: description, types: types)
        let input = randomTensor([2, 4], dtype: .float32, seed: 1)
        #expect(try copy.predict(input) == input * 2)
        #expect(try copy.architecture() == description)
        let unknown = #expect(throws: SavingError.self) { try Model.make(from: description) }
        #expect(unknown?.description.contains("no function of a Lambda \"doubled\"") == true)
    }

    @Test func aFunctionWithoutANameIsNotSaved() {
        let model = Sequential([Input(4), Lambda(name: "closure") { $0 * 2 }])
        let error = #expect(throws: SavingError.self) { try model.architecture() }
        #expect(
            error?.description.contains("Lambda \"closure\"") == true
                && error?.description.contains("write Lambda(\"name\")") == true,
            "\(String(describing: error))")
    }

    @Test func aPythonLambdaIsRefused() throws {
        let description: JSON = [
            "class_name": "Lambda",
            "config": [
                "name": "lambda", "function": ["class_name": "__lambda__", "config": ["code": "4wE="]],
            ],
        ]
        let error = #expect(throws: SavingError.self) { try Layer.described(by: description) }
        #expect(error?.description.contains("Python lambda") == true)
    }
}
