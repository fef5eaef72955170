import CitiusConfiguration
import CitiusLayers

extension FeatureSpace {
    private static let kerasModule: JSON = "keras.src.layers.preprocessing.feature_space"

    /// The space in Keras's schema, `FeatureSpace.get_config()`.
    ///
    /// - Throws: a `SavingError` if a preprocessing layer of your own does not describe itself.
    public func configuration() throws(SavingError) -> JSON {
        func envelope(_ className: JSON, _ config: JSON) -> JSON {
            [
                "module": Self.kerasModule, "class_name": className, "config": config,
                "registered_name": className,
            ]
        }
        var features: JSON.Object = [:]
        for entry in entries {
            features[entry.name] = envelope(
                "Feature",
                [
                    "dtype": .string(entry.column.kerasName),
                    "preprocessor": try LayerDescription.json(of: entry.preprocessor),
                    "output_mode": .string(entry.encoding.rawValue),
                ])
        }
        let crosses = crosses.map { cross in
            envelope(
                "Cross",
                [
                    "feature_names": .array(cross.featureNames.map { .string($0) }),
                    "crossing_dim": .integer(Int64(cross.crossingDim)),
                    "output_mode": .string(cross.encoding.rawValue),
                ])
        }
        return [
            "features": .object(features), "output_mode": .string(outputMode.rawValue),
            "crosses": .array(crosses),
            "crossing_dim": 32, "hashing_dim": 32, "num_discretization_bins": 32,
        ]
    }

    /// A space of its description in Keras's schema. What `adapt` learned is no part of that, but for bins.
    ///
    /// - Parameter types: what layers the description may name; those of your own are added to the library's.
    /// - Throws: a `SavingError` that names what cannot be made.
    public convenience init(configuration: JSON, types: ConfigurationTypes = .library) throws(SavingError) {
        func fault(_ sentence: String) -> SavingError {
            SavingError(.architecture, "FeatureSpace: \(sentence)")
        }
        func encoding(_ config: JSON?) throws(SavingError) -> Encoding {
            let name = config?["output_mode"]?.string ?? "one_hot"
            guard let encoding = Encoding(rawValue: name) else {
                throw fault(
                    "there is no output mode \"\(name)\" of a feature; known are int, one_hot and float")
            }
            return encoding
        }
        guard let features = configuration["features"]?.object else { throw fault("there are no features") }
        let modeName = configuration["output_mode"]?.string ?? "concat"
        guard let mode = OutputMode(rawValue: modeName) else {
            throw fault("there is no output mode \"\(modeName)\"; known are concat and dict")
        }
        let making = LayerMaking(types: types, seed: nil, weights: nil)
        var entries: [Entry] = []
        for (name, feature) in features {
            let config = feature["config"]
            guard let dtype = config?["dtype"]?.string, let column = Column(kerasName: dtype),
                let description = config?["preprocessor"]
            else { throw fault("the feature \"\(name)\" has no dtype or no preprocessor") }
            let preprocessor = try making.layer(description, [:])
            entries.append(Self.entry(name, column, try encoding(config), preprocessor))
        }
        var crosses: [Cross] = []
        for cross in configuration["crosses"]?.array ?? [] {
            guard let names = cross["config"]?["feature_names"]?.array?.map({ $0.string ?? "" }),
                let dim = cross["config"]?["crossing_dim"]?.int
            else { throw fault("a cross has no feature names or no crossing_dim") }
            crosses.append(Cross(names, crossingDim: dim, encoding: try encoding(cross["config"])))
        }
        if let problem = Self.fault(of: entries, crosses, mode) { throw fault(problem) }
        self.init(entries, crosses, mode)
    }
}
