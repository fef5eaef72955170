import CitiusAutograd
import CitiusLayers
import CitiusPlatform
import CitiusTensor

/// Encodes the columns of a table, each by its name and kind, for a model: numbers scaled, categories one-hot, and
/// combinations of categories. Follows `keras.utils.FeatureSpace`.
///
/// ```swift
/// let space = FeatureSpace(
///     ["age": .floatNormalized, "rooms": .integerCategorical(), "city": .stringCategorical(maxTokens: 100)],
///     crosses: [FeatureSpace.Cross(["city", "rooms"], crossingDim: 32)])
/// space.adapt(on: ["age": ages, "rooms": rooms, "city": Tensor(utf8: cities)])
///
/// let model = Model(inputs: space.inputs, outputs: [Dense(1)(space.encodedFeatures)])
/// model.compile(optimizer: .adam, loss: .meanSquaredError)
/// try model.fit(Dataset(inputs: space.tensors(of: table), targets: [prices]), epochs: 10)
/// ```
///
/// A model on the encoded features has the layers that encode them, and is saved with what they learned; `model` is
/// one that does nothing else.
///
/// # Shapes
/// A column is [samples] or [samples, 1], of strings uint8 [samples, bytes] (see `Tensor(utf8:)`). Encoded it is [samples,
/// 1] for numbers, [samples, categories] for what is one-hot. The concatenation [samples, width] has the features in
/// order of their names, then the crosses in order of theirs.
///
/// Deviations from Keras: samples come in batches; a feature's numbers are int64 where they are whole. Of a reloaded
/// model the layers are known, not the space they came from.
public final class FeatureSpace {
    /// How encoded features are given out.
    public enum OutputMode: String, Sendable, Codable {
        /// One vector for all.
        case concat
        /// Each by itself.
        case dict
    }

    /// What a feature's column becomes.
    public enum Encoding: String, Sendable, Codable {
        /// Numbers of categories.
        case int
        case oneHot = "one_hot"
        /// Numbers as the preprocessing layer gives them.
        case float
    }

    /// What a column holds.
    public enum Column: Sendable {
        case numbers, integers, strings

        var kerasName: String {
            switch self {
            case .numbers: "float32"
            case .integers: "int32"
            case .strings: "string"
            }
        }

        init?(kerasName: String) {
            switch kerasName {
            case "float32", "float64", "float16", "bfloat16": self = .numbers
            case "int32", "int64", "int16", "int8", "uint8", "uint16", "uint32": self = .integers
            case "string": self = .strings
            default: return nil
            }
        }
    }

    /// A feature's kind: what its column holds, and how it is encoded.
    public struct Feature {
        let column: Column
        let encoding: Encoding
        /// Makes the layer, for the feature of this name.
        let preprocessor: (_ name: String) -> Layer

        private init(
            _ column: Column, _ encoding: Encoding, _ preprocessor: @escaping (_ name: String) -> Layer
        ) {
            (self.column, self.encoding, self.preprocessor) = (column, encoding, preprocessor)
        }

        /// Numbers as they are.
        public static var float: Feature {
            Feature(.numbers, .float) { Identity(name: $0 + "_preprocessor") }
        }

        /// Numbers times `scale` plus `offset`.
        public static func floatRescaled(scale: Double = 1, offset: Double = 0) -> Feature {
            Feature(.numbers, .float) { Rescaling(scale, offset: offset, name: $0 + "_preprocessor") }
        }

        /// Numbers of mean 0 and variance 1; learned by `adapt`.
        public static var floatNormalized: Feature {
            Feature(.numbers, .float) { CitiusLayers.Normalization(name: $0 + "_preprocessor") }
        }

        /// Numbers by bins.
        ///
        /// - Parameters:
        ///   - numBins: how many bins; their boundaries are learned by `adapt`.
        ///   - encoding: `.oneHot` or `.int`.
        ///
        /// Traps if the number is not positive.
        public static func floatDiscretized(numBins: Int = 32, encoding: Encoding = .oneHot) -> Feature {
            Feature(.numbers, encoding) { Discretization(numBins: numBins, name: $0 + "_preprocessor") }
        }

        /// Numbers by bins between given boundaries. Traps if these do not ascend.
        public static func floatDiscretized(binBoundaries: [Double], encoding: Encoding = .oneHot) -> Feature
        {
            Feature(.numbers, encoding) {
                Discretization(binBoundaries: binBoundaries, name: $0 + "_preprocessor")
            }
        }

        /// Whole numbers by a vocabulary, which is learned by `adapt`.
        ///
        /// - Parameters:
        ///   - maxTokens: the most categories, that for unknown numbers included.
        ///   - numOOVIndices: how many categories there are for unknown numbers.
        ///   - encoding: `.oneHot` or `.int`.
        public static func integerCategorical(
            maxTokens: Int? = nil, numOOVIndices: Int = 1, encoding: Encoding = .oneHot
        ) -> Feature {
            Feature(.integers, encoding) {
                IntegerLookup(maxTokens: maxTokens, numOOVIndices: numOOVIndices, name: $0 + "_preprocessor")
            }
        }

        /// Strings by a vocabulary; see `integerCategorical`.
        public static func stringCategorical(
            maxTokens: Int? = nil, numOOVIndices: Int = 1, encoding: Encoding = .oneHot
        ) -> Feature {
            Feature(.strings, encoding) {
                StringLookup(maxTokens: maxTokens, numOOVIndices: numOOVIndices, name: $0 + "_preprocessor")
            }
        }

        /// Whole numbers by a hash; see `Hashing`.
        public static func integerHashed(numBins: Int = 32, encoding: Encoding = .oneHot) -> Feature {
            Feature(.integers, encoding) { Hashing(numBins: numBins, name: $0 + "_preprocessor") }
        }

        /// Strings by a hash; see `Hashing`.
        public static func stringHashed(numBins: Int = 32, encoding: Encoding = .oneHot) -> Feature {
            Feature(.strings, encoding) {
                Hashing(numBins: numBins, of: .strings, name: $0 + "_preprocessor")
            }
        }

        /// A layer of your choice: on text, `TextVectorization(outputMode: .tfIDF)` with the encoding `.float`.
        ///
        /// - Parameter preprocessor: of one space alone, since it learns that one's column.
        public static func feature(_ column: Column, preprocessor: Layer, encoding: Encoding) -> Feature {
            Feature(column, encoding) { _ in preprocessor }
        }
    }

    /// Features that count together: which combination of their categories a sample has, by a hash.
    public struct Cross: Sendable {
        public let featureNames: [String]
        public let crossingDim: Int
        public let encoding: Encoding

        /// - Parameters:
        ///   - featureNames: at least two, whose preprocessing gives whole numbers.
        ///   - crossingDim: how many bins the hash has.
        ///   - encoding: `.oneHot` or `.int`.
        public init(_ featureNames: [String], crossingDim: Int = 32, encoding: Encoding = .oneHot) {
            (self.featureNames, self.crossingDim, self.encoding) = (featureNames, crossingDim, encoding)
        }

        /// `city_X_rooms`
        public var name: String { featureNames.joined(separator: "_X_") }
    }

    struct Entry {
        let name: String
        let column: Column
        let encoding: Encoding
        let preprocessor: Layer
        let input: Input
    }

    let entries: [Entry]
    public let crosses: [Cross]
    public let outputMode: OutputMode
    private let crossers: [HashedCrossing]
    /// The graph, once it is asked for.
    private var encoded: [(name: String, value: SymbolicTensor)]?
    private var encoder: Model?
    private var concatenated: SymbolicTensor?

    /// - Parameters:
    ///   - features: by their names, which are those of the columns.
    ///   - crosses: features that count together besides.
    ///   - outputMode: whether encoded features come as one vector or each by itself.
    ///
    /// Traps if there is no feature, if a name occurs twice, or if a cross names an unknown feature or one of numbers.
    public convenience init(
        _ features: KeyValuePairs<String, Feature>, crosses: [Cross] = [], outputMode: OutputMode = .concat
    ) {
        let entries = features.map { name, feature in
            Self.entry(name, feature.column, feature.encoding, feature.preprocessor(name))
        }
        if let fault = Self.fault(of: entries, crosses, outputMode) { fail("FeatureSpace: \(fault)") }
        self.init(entries, crosses, outputMode)
    }

    init(_ entries: [Entry], _ crosses: [Cross], _ outputMode: OutputMode) {
        (self.entries, self.crosses, self.outputMode) = (entries, crosses, outputMode)
        crossers = crosses.map { HashedCrossing(numBins: $0.crossingDim, name: $0.name) }
    }

    static func entry(
        _ name: String, _ column: Column, _ encoding: Encoding, _ preprocessor: Layer
    ) -> Entry {
        let input: Input =
            switch column {
            case .numbers: Input(1, name: name)
            case .integers: Input(1, dtype: .int64, name: name)
            case .strings: Input.text(1, name: name)
            }
        return Entry(name: name, column: column, encoding: encoding, preprocessor: preprocessor, input: input)
    }

    static func fault(of entries: [Entry], _ crosses: [Cross], _ mode: OutputMode) -> String? {
        if entries.isEmpty { return "there are no features" }
        var seen: Set<String> = []
        for name in entries.map({ $0.name }) + crosses.map({ $0.name }) {
            if name.isEmpty { return "a feature has no name" }
            if !seen.insert(name).inserted { return "two features are called \"\(name)\"" }
        }
        for entry in entries where entry.encoding != .float && !entry.preprocessor.numbersCategories {
            return "the feature \"\(entry.name)\" is to be encoded as \(entry.encoding.rawValue), but "
                + "\(entry.preprocessor.label) does not number categories"
        }
        for cross in crosses {
            let name = cross.name
            if !(1...Int(Int32.max)).contains(cross.crossingDim) {
                return
                    "the cross \"\(name)\" has crossingDim \(cross.crossingDim), expected a positive number"
            }
            if cross.encoding == .float {
                return "the cross \"\(name)\" is encoded as float, expected int or one_hot"
            }
            if cross.featureNames.count < 2 {
                return "the cross \"\(name)\" is of one feature, expected at least 2"
            }
            for feature in cross.featureNames {
                guard let entry = entries.first(where: { $0.name == feature }) else {
                    return "the cross \"\(name)\" is of \"\(feature)\", which is none of the features"
                }
                if !entry.preprocessor.numbersCategories {
                    return "the cross \"\(name)\" is of \"\(feature)\", which has no categories"
                }
            }
        }
        let whole = entries.first { $0.encoding == .int }?.name ?? crosses.first { $0.encoding == .int }?.name
        return mode == .concat
            ? whole.map {
                "\"\($0)\" is encoded as int, which cannot be concatenated; use the output mode dict"
            } : nil
    }

    // MARK: Learning

    /// The layer that preprocesses a feature. Traps if there is none of this name.
    public func preprocessor(of feature: String) -> Layer { entry(feature).preprocessor }

    private func entry(_ name: String) -> Entry {
        guard let entry = entries.first(where: { $0.name == name }) else {
            let names = entries.map { $0.name }.joined(separator: ", ")
            fail("FeatureSpace: there is no feature \"\(name)\", expected one of \(names)")
        }
        return entry
    }

    /// Has the features that learn from data do so: means and variances, bins, vocabularies. Before it, nothing can be
    /// encoded by such features.
    ///
    /// - Parameter columns: by the features' names; those of no feature are ignored.
    ///
    /// Traps if a column is missing or has no samples, or if features were encoded already.
    public func adapt(on columns: [String: Tensor]) {
        require(
            encoded == nil,
            "FeatureSpace: adapt was called after features were encoded; what it learns decides their shapes")
        for entry in entries {
            guard let layer = entry.preprocessor as? any AdaptableLayer, layer.learnsFromData else {
                continue
            }
            layer.adapt(on: tensor(of: entry, columns))
        }
    }

    // MARK: Encoding

    /// One for each feature, in the order in which they were given.
    public var inputs: [Input] { entries.map { $0.input } }

    /// All features in one vector. Traps in the output mode `dict`, or if a feature has not learned yet what it needs.
    public var encodedFeatures: SymbolicTensor {
        require(
            outputMode == .concat,
            "FeatureSpace: encodedFeatures is one vector, but the output mode is dict; ask for encodedFeaturesByName"
        )
        if let concatenated { return concatenated }
        let parts = encodedInOrder.map { $0.value }
        let joined = parts.count == 1 ? parts[0] : Concatenate()(parts)
        concatenated = joined
        return joined
    }

    /// Each feature and cross, by its name. Traps if a feature has not learned yet what it needs.
    public var encodedFeaturesByName: [String: SymbolicTensor] {
        Dictionary(uniqueKeysWithValues: encodedInOrder.map { ($0.name, $0.value) })
    }

    /// Features in order of their names, then crosses in order of theirs.
    private var encodedInOrder: [(name: String, value: SymbolicTensor)] {
        if let encoded { return encoded }
        var preprocessed: [String: SymbolicTensor] = [:]
        for entry in entries { preprocessed[entry.name] = entry.preprocessor(entry.input) }
        func encode(_ value: SymbolicTensor, _ encoding: Encoding, _ count: Int?) -> SymbolicTensor {
            guard encoding == .oneHot, let count else { return value }
            return CategoryEncoding(numTokens: count)(value)
        }
        var result: [(name: String, value: SymbolicTensor)] = []
        for entry in entries.sorted(by: { $0.name < $1.name }) {
            guard let value = preprocessed[entry.name] else { continue }
            result.append((entry.name, encode(value, entry.encoding, entry.preprocessor.categoryCount)))
        }
        for (cross, crosser) in zip(crosses, crossers).sorted(by: { $0.0.name < $1.0.name }) {
            let value = crosser(cross.featureNames.compactMap { preprocessed[$0] })
            result.append((cross.name, encode(value, cross.encoding, cross.crossingDim)))
        }
        encoded = result
        return result
    }

    /// The model that encodes and does nothing else: from the columns to one vector, or in the output mode `dict` to each
    /// feature and cross in the order of the concatenation. It is saved and loaded as any model.
    public var model: Model {
        if let encoder { return encoder }
        let outputs = outputMode == .concat ? [encodedFeatures] : encodedInOrder.map { $0.value }
        let model = Model(inputs: inputs, outputs: outputs)
        encoder = model
        return model
    }

    /// The columns as the inputs of a model on this space, in the order of `inputs`.
    ///
    /// Traps if a column is missing, or is not [samples], [samples, 1] or strings [samples, bytes].
    public func tensors(of columns: [String: Tensor]) -> [Tensor] { entries.map { tensor(of: $0, columns) } }

    private func tensor(of entry: Entry, _ columns: [String: Tensor]) -> Tensor {
        guard let column = columns[entry.name] else {
            fail("FeatureSpace: there is no column \"\(entry.name)\" among \(columns.keys.sorted())")
        }
        let isText = entry.column == .strings
        let rank = isText ? 3 : 2
        let full = column.rank == rank - 1 ? column.expandingAxis(at: 1) : column
        require(
            full.rank == rank && full.shape[1] == 1 && (!isText || full.dtype == .uint8),
            "FeatureSpace: the column \"\(entry.name)\" is \(column.dtype) \(column.shape), expected "
                + (isText ? "strings, uint8 [samples, bytes]" : "[samples] or [samples, 1]"))
        return isText ? full : full.cast(to: entry.column == .integers ? .int64 : .float32)
    }

    /// The columns encoded as one vector for each sample. Traps as `encodedFeatures` and `tensors(of:)` do.
    public func callAsFunction(_ columns: [String: Tensor]) -> Tensor {
        require(
            outputMode == .concat,
            "FeatureSpace: the output mode is dict; ask for encoded(_:), which gives the features by name")
        return encode(columns, by: model)[0]
    }

    /// The columns encoded, each feature and cross by its name. Traps if a feature has not learned yet what it needs, or
    /// as `tensors(of:)` does.
    public func encoded(_ columns: [String: Tensor]) -> [String: Tensor] {
        let model =
            outputMode == .dict ? model : Model(inputs: inputs, outputs: encodedInOrder.map { $0.value })
        return Dictionary(
            uniqueKeysWithValues: zip(encodedInOrder, encode(columns, by: model)).map { ($0.name, $1) })
    }

    private func encode(_ columns: [String: Tensor], by model: Model) -> [Tensor] {
        model.outputs(of: tensors(of: columns).map { Variable($0) }).map { $0.value }
    }
}

extension Layer {
    /// Whether it numbers categories, one for each of its inputs' elements.
    fileprivate var numbersCategories: Bool {
        switch self {
        case let layer as IntegerLookup: layer.configuration.outputMode == .int
        case let layer as StringLookup: layer.configuration.outputMode == .int
        case let layer as Discretization: layer.configuration.outputMode == .int
        case let layer as Hashing: layer.configuration.outputMode == .int
        default: false
        }
    }

    /// How many categories it numbers; nil if it does not.
    fileprivate var categoryCount: Int? {
        switch self {
        case let layer as IntegerLookup: layer.vocabularySize
        case let layer as StringLookup: layer.vocabularySize
        case let layer as Discretization:
            layer.configuration.numBins ?? layer.configuration.binBoundaries.map { $0.count + 1 }
        case let layer as Hashing: layer.configuration.numBins
        default: nil
        }
    }

    /// Whether what it needs is not given with it.
    fileprivate var learnsFromData: Bool {
        switch self {
        case let layer as CitiusLayers.Normalization: layer.configuration.mean == nil
        case let layer as Discretization: layer.configuration.numBins != nil
        case let layer as IntegerLookup: layer.configuration.vocabulary == nil
        case let layer as StringLookup: layer.configuration.vocabulary == nil
        case let layer as TextVectorization: layer.configuration.vocabulary == nil
        default: true
        }
    }
}
