import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

/// Initializers, regularizers and constraints as Keras describes them, each read from Keras's own description; and
/// their values beside Keras's.
@Suite struct LibraryTypesTests {
    private func decode<Value: Codable>(_ golden: GoldenCase, as type: Value.Type = Value.self) throws
        -> Value
    {
        let value = try ConfigurationJSON.decode(
            Value.self, from: golden.text("configuration"), types: .library)
        try ConfigurationJSON.expectSame(value, as: golden.text("configuration").withoutSeed)
        return value
    }

    @Test(arguments: GoldenFile.cases(in: "initializers")) func initializers(golden: GoldenCase) throws {
        let initializer: Initializer = try decode(golden)
        guard let expected = golden.optionalTensor("value") else { return }
        var generator = RandomGenerator(seed: 1)
        if golden.name == "Identity" {
            // Keras's description lacks the gain; without it, it is 1.
            expectClose(initializer([3, 4], dtype: .float64, generator: &generator) * 2, expected)
            expectClose(
                Initializer.identity(gain: 2)([3, 4], dtype: .float64, generator: &generator), expected)
        } else {
            expectClose(initializer([3, 4], dtype: .float64, generator: &generator), expected)
        }
    }

    @Test(arguments: GoldenFile.cases(in: "regularizers")) func regularizers(golden: GoldenCase) throws {
        let regularizer: Regularizer = try decode(golden)
        let tape = Tape()
        let x = tape.watch(golden.tensor("input"))
        let penalty = regularizer(x)
        expectClose(penalty.value, golden.tensor("output"), absolute: 1e-14, relative: 1e-12)
        expectClose(
            tape.gradients(of: penalty, cotangent: Tensor(1 as Double))[x], golden.tensor("d_input"),
            absolute: 1e-14,
            relative: 1e-12)
    }

    @Test(arguments: GoldenFile.cases(in: "constraints")) func constraints(golden: GoldenCase) throws {
        let constraint: Constraint = try decode(golden)
        expectClose(
            constraint(golden.tensor("input")), golden.tensor("output"), absolute: 1e-14, relative: 1e-12)
    }

    /// Every kind in the table has values from Keras beside it.
    @Test func allAreCovered() {
        func expectCovered<Family>(_ family: Family.Type, _ folder: String) {
            let covered = Set(GoldenFile.cases(in: folder).map(\.name))
            #expect(covered.isSuperset(of: ConfigurationTypes.library.names(in: family)), "\(folder)")
        }
        expectCovered((any InitializerKind.Type).self, "initializers")
        expectCovered((any RegularizerKind.Type).self, "regularizers")
        expectCovered((any ConstraintKind.Type).self, "constraints")
    }

    /// Numbers of a file that would trap, or make no sense, are thrown.
    @Test func impossibleNumbersAreErrors() {
        func expectRefused<Value: Codable>(
            _ type: Value.Type, _ name: String, _ config: String, _ message: String
        ) {
            #expect {
                try ConfigurationJSON.decode(
                    type, from: #"{"class_name": "\#(name)", "config": {\#(config)}}"#, types: .library)
            } throws: { error in
                "\(error)".contains(message)
            }
        }
        expectRefused(Constraint.self, "MaxNorm", #""max_value": -1, "axis": 0"#, "the bound is -1.0")
        expectRefused(
            Constraint.self, "MinMaxNorm", #""min_value": 2, "max_value": 1, "rate": 1, "axis": 0"#,
            "the range is 2.0…1.0")
        expectRefused(Regularizer.self, "L2", #""l2": -1"#, "l2 is -1.0")
        expectRefused(
            Regularizer.self, "OrthogonalRegularizer", #""factor": -1, "mode": "rows""#, "factor is -1.0")
        expectRefused(
            Initializer.self, "RandomUniform", #""minval": 1, "maxval": 0"#, "values from 1.0 to 0.0")
        expectRefused(
            Initializer.self, "RandomNormal", #""mean": 1, "stddev": -1"#, "the standard deviation is -1.0")
        expectRefused(
            Initializer.self, "VarianceScaling", #""scale": 0, "mode": "fan_in", "distribution": "uniform""#,
            "scale is 0.0")
    }

    @Test func earlierNames() throws {
        let text = #"{"class_name": "OrthogonalInitializer", "config": {"gain": 2, "seed": 7}}"#
        let initializer = try ConfigurationJSON.decode(Initializer.self, from: text, types: .library)
        #expect((initializer.kind as? Initializer.Orthogonal)?.gain == 2)
    }

    /// A function of one's own is written by its name, and read where the loader is given it.
    @Test func functionsOfOnesOwn() throws {
        let mine = Regularizer("quartic") { $0.squared().squared().sum() }
        let text = try ConfigurationJSON.encode(mine)
        try ConfigurationJSON.expectSame(
            mine,
            as: """
                {"module": "builtins", "class_name": "function", "config": "quartic", "registered_name": "function"}
                """)
        var types = ConfigurationTypes.library
        types.add(Constraint("quartic") { $0 }, named: "quartic")
        #expect {
            try ConfigurationJSON.decode(Regularizer.self, from: text, types: types)
        } throws: { error in
            "\(error)".contains(#"there is no regularizer "quartic": name this function"#)
        }
        types.add(mine, named: mine.name)
        let read = try ConfigurationJSON.decode(Regularizer.self, from: text, types: types)
        #expect(read(Variable(Tensor([1, 2] as [Double]))).value.scalar == 17)
        #expect(read.name == "quartic" && read.kind == nil)
    }

    private struct Checkerboard: InitializerKind {
        let firstValue: Double

        func callAsFunction(_ shape: Shape, dtype: DType, generator: inout RandomGenerator) -> Tensor {
            let numbers = Tensor(range: 0..<shape.count).cast(to: dtype)
            return ((numbers * .pi).cos() * firstValue).reshaped(to: shape)
        }
    }

    /// A kind of one's own, with its argument; a name that is unknown is named, with those that are known.
    @Test func kindsOfOnesOwn() throws {
        let text = try ConfigurationJSON.encode(Initializer(Checkerboard(firstValue: 0.5)))
        #expect(text.contains(#""config":{"first_value":0.5}"#))
        #expect {
            try ConfigurationJSON.decode(Initializer.self, from: text, types: .library)
        } throws: { error in
            "\(error)".contains(#"no initializer "Checkerboard"; known are Constant, GlorotNormal"#)
        }
        var types = ConfigurationTypes.library
        types.add([Checkerboard.self])
        let read = try ConfigurationJSON.decode(Initializer.self, from: text, types: types)
        var generator = RandomGenerator(seed: 1)
        expectClose(
            read([3], dtype: .float64, generator: &generator), Tensor([0.5, -0.5, 0.5] as [Double]),
            absolute: 1e-15)
    }
}

extension String {
    /// A description with null instead of the seed, which is not kept.
    fileprivate var withoutSeed: String { replacing(#/"seed": \d+/#, with: #""seed": null"#) }
}
