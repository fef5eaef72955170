import CitiusConfiguration
import CitiusLayers
import CitiusModels
import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct FeatureSpaceTests {
    private static let columns: [String: Tensor] = [
        "zone": Tensor([3, 3, 7, 5, 7, 3]), "age": Tensor([20.5, 31.0, 44.25, 58.0, 23.0, 39.5] as [Float]),
        "city": Tensor(utf8: ["Rome", "Oslo", "Rome", "Bern", "Oslo", "Rome"]),
        "income": Tensor([1.0, 2.5, 0.25, 7.0, 3.0, 4.0] as [Float]),
    ]
    private static let new: [String: Tensor] = [
        "zone": Tensor([7, 4, 3]), "age": Tensor([33.0, 70.0, 20.5] as [Float]),
        "city": Tensor(utf8: ["Oslo", "", "Größe"]), "income": Tensor([2.0, -1.0, 9.0] as [Float]),
    ]

    /// Made from Keras's description, adapted on the same columns, called on these and on what it has not seen.
    @Test(arguments: GoldenFile.load("feature_space").cases) func isKerass(golden: GoldenCase) throws {
        let description = try JSON(parsing: golden.text("configuration"))
        let space = try FeatureSpace(configuration: description)
        #expect(
            try FeatureSpace(configuration: space.configuration()).configuration() == space.configuration())
        #expect(try space.configuration()["crosses"] == description["crosses"])
        space.adapt(on: Self.columns)
        for (prefix, columns) in [("adapted", Self.columns), ("new", Self.new)] {
            let encoded = space.outputMode == .concat ? ["": space(columns)] : space.encoded(columns)
            for (name, value) in encoded {
                let expected = golden.tensor("\(prefix)_\(name)", dtype: .float64)
                try #require(value.shape == expected.shape, "\(golden) \(prefix) \(name)")
                expectClose(
                    value.cast(to: .float64), expected, absolute: 1e-5, relative: 1e-5,
                    "\(golden) \(prefix) \(name)")
            }
        }
    }

    @Test func savedWithAModel() throws {
        let space = FeatureSpace(
            [
                "age": .floatNormalized, "city": .stringCategorical(maxTokens: 3),
                "zone": .integerCategorical(),
            ],
            crosses: [FeatureSpace.Cross(["city", "zone"], crossingDim: 5)])
        space.adapt(on: Self.columns)
        let model = Model(inputs: space.inputs, outputs: [Dense(2)(space.encodedFeatures)], seed: 1)
        try SavingTests.withFolder { folder in
            let path = folder.appending(path: "model.safetensors").path
            try model.save(to: path)
            let copy = try Model.load(from: path)
            for columns in [Self.columns, Self.new] {
                let inputs = space.tensors(of: columns)
                #expect(try copy.predict(inputs)[0] == model.predict(inputs)[0])
            }
        }
    }

    @Test(arguments: [
        (#"{"features": {}}"#, "there are no features"),
        (#"{"features": {"a": {"config": {"dtype": "float32"}}}}"#, "no preprocessor"),
        (#"{"features": {"a": {"config": {}}}, "output_mode": "list"}"#, "no output mode \"list\""),
    ]) func faultsAreThrown(_ text: String, _ message: String) throws {
        let json = try JSON(parsing: Array(text.utf8))
        let error = #expect(throws: SavingError.self) { try FeatureSpace(configuration: json) }
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }
}
