import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Numbers whole numbers by a vocabulary: identifiers, codes, categories that are any integers. Follows
/// `keras.layers.IntegerLookup`.
///
/// ```swift
/// let lookup = IntegerLookup(vocabulary: [12, 36, 1138, 42])
/// lookup(Tensor([[12, 1138, 42], [42, 1000, 36]]))           // [[1, 3, 4], [4, 0, 2]]
/// ```
///
/// Indices, `adapt` and output modes are those of `StringLookup`. Numbers that are not in the vocabulary share
/// `numOOVIndices` indices by their remainder, or, by `oovMethod: .farmhash`, by the hash of their digits.
///
/// # Shapes
/// Numbers [batch, …, n] → by its output mode, see `OutputMode`. Inverted: indices [batch, …] → numbers of the same
/// shape, int64.
public final class IntegerLookup: Layer, ConfigurableLayer, AdaptableLayer {
    /// How numbers that are not in a vocabulary share the indices for them.
    public enum OOVMethod: String, Codable, Sendable {
        /// By the remainder, which is never negative.
        case floormod
        /// By FarmHash64 of the decimal digits, or SipHash under a salt.
        case farmhash
    }

    public struct Configuration: LookupConfiguration {
        /// The most indices that there may be, those of special tokens included; nil: as many as the data has.
        public var maxTokens: Int?
        public var numOOVIndices = 1
        public var maskToken: Int?
        /// What an inverted layer gives for unknown indices.
        public var oovToken: Int? = -1
        public var vocabulary: [Int]?
        public var vocabularyDtype: String? = "int64"
        /// For the mode `tfIDF`, what each number of the vocabulary counts.
        public var idfWeights: [Double]?
        public var invert = false
        public var outputMode = OutputMode.int
        public var sparse: Bool? = false
        /// Whether the output has `maxTokens` places whatever the vocabulary has.
        public var padToMaxTokens = false
        public var vocabularySize: Int?
        public var oovMethod: OOVMethod? = .floormod
        public var salt: [Int]?

        public var fault: String? {
            firstFault(
                lookupFault, OOVHash.fault(ofSalt: salt),
                salt != nil && oovMethod != .farmhash ? "a salt needs oovMethod farmhash" : nil,
                vocabularyDtype ?? "int64" == "int64"
                    ? nil : "vocabularyDtype is \(vocabularyDtype ?? ""), expected int64")
        }
    }

    public static var module: String? { "keras.layers" }
    public package(set) var configuration: Configuration
    private var tokens: [Int] = []
    private var numbers: [Int: Int] = [:]
    package private(set) var scale: IndexWeights?

    /// - Parameters:
    ///   - maxTokens: the most indices that there may be, those of special tokens included.
    ///   - numOOVIndices: how many indices there are for numbers that are not in the vocabulary.
    ///   - maskToken: the number that stands for nothing.
    ///   - oovToken: what an inverted layer gives for unknown indices.
    ///   - vocabulary: the numbers, for layers that are not adapted.
    ///   - idfWeights: what each counts, for the mode `tfIDF`.
    ///   - invert: whether the layer turns indices into numbers.
    ///   - padToMaxTokens: whether the output has `maxTokens` places whatever the vocabulary has.
    ///   - salt: two numbers that make a hash of one's own.
    ///
    /// Traps if the arguments do not go together, or if the vocabulary has a number twice.
    public convenience init(
        maxTokens: Int? = nil, numOOVIndices: Int = 1, maskToken: Int? = nil, oovToken: Int = -1,
        vocabulary: [Int]? = nil, idfWeights: [Double]? = nil, invert: Bool = false,
        outputMode: OutputMode = .int, padToMaxTokens: Bool = false, oovMethod: OOVMethod = .floormod,
        salt: [Int]? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                maxTokens: maxTokens, numOOVIndices: numOOVIndices, maskToken: maskToken, oovToken: oovToken,
                vocabulary: vocabulary, idfWeights: idfWeights, invert: invert, outputMode: outputMode,
                padToMaxTokens: padToMaxTokens, oovMethod: oovMethod, salt: salt),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
        prepare()
    }

    package func prepare() {
        tokens = configuration.tokens ?? []
        numbers = Dictionary(zip(tokens, tokens.indices), uniquingKeysWith: { first, _ in first })
        scale = configuration.scale
    }

    package var tokenCount: Int { tokens.count }

    // MARK: The vocabulary

    /// The numbers by their indices, with what stands for masked and unknown ones; nil before there is one.
    public var vocabulary: [Int]? {
        configuration.vocabulary == nil ? nil : configuration.withSpecialTokens(tokens)
    }

    /// The number of indices that there are for the vocabulary, those of special tokens included.
    public var vocabularySize: Int { configuration.tokenStart + tokenCount }

    /// Replaces the vocabulary.
    ///
    /// - Parameter idfWeights: what each number counts, for the mode `tfIDF`.
    ///
    /// Traps if a number occurs twice, if there are more than `maxTokens`, or if weights are missing or do not belong.
    public func setVocabulary(_ vocabulary: [Int], idfWeights: [Double]? = nil) {
        replaceVocabulary(vocabulary, idfWeights: idfWeights)
    }

    /// Learns anew from these numbers, one sample each. Traps if there are none.
    public func adapt(on numbers: [Int]) { adapt(on: Tensor(numbers)) }

    /// Makes the vocabulary of the most frequent numbers of the batches; of equally frequent ones the largest first.
    ///
    /// Traps if there are no samples.
    public func adapt(forEachBatch: (_ body: (Tensor) -> Void) -> Void) {
        var counts: [Int: (count: Int, samples: Int, last: Int)] = [:]
        var samples = 0
        forEachBatch { batch in
            require(batch.rank >= 1, "\(label): adapt got a scalar, expected samples [batch, …]")
            let group = Shape.count(of: batch.shape.sizes.dropFirst())
            for (index, number) in batch.cast(to: .int64).elements(as: Int64.self).enumerated() {
                if index % group == 0 { samples += 1 }
                var entry = counts[Int(number)] ?? (0, 0, 0)
                entry.count += 1
                if entry.last != samples { (entry.samples, entry.last) = (entry.samples + 1, samples) }
                counts[Int(number)] = entry
            }
        }
        require(samples > 0, "\(label): adapt got no samples, expected at least one")
        var changed = configuration
        let ranked = counts.filter { $0.key != changed.maskToken && $0.key != changed.oovToken }
            .sorted { ($0.value.count, $0.key) > ($1.value.count, $1.key) }
        changed.adapted(to: ranked.map { ($0.key, $0.value.samples) }, samples: samples)
        take(changed)
    }

    // MARK: Computing

    public override func inputDType(at index: Int) -> DType { .int64 }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        configuration.missing ?? configuration.outputMode.fault(ofOutputFor: shapes[0], depth: depth)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        configuration.outputMode.outputShape(for: inputShape, depth: depth)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        if let missing = configuration.missing { fail("\(label): \(missing)") }
        let elements = input.value.cast(to: .int64).elements(as: Int64.self)
        let results = Tensor(
            elements.map { configuration.invert ? number(at: $0) : index(of: $0) }, shape: input.shape)
        return Variable(
            configuration.outputMode.encode(results, depth: depth, dtype: dtype, scale: scale))
    }

    /// The index of a number, or −1 if it leaves no trace.
    private func index(of number: Int64) -> Int64 {
        if let place = numbers[Int(number)] { return Int64(configuration.tokenStart + place) }
        if let mask = configuration.maskToken, mask == number {
            return configuration.outputMode == .int ? 0 : -1
        }
        let count = configuration.numOOVIndices
        switch count {
        case 0:
            fail(
                "\(label): \(number) is not in the vocabulary, and numOOVIndices is 0; give it 1 for numbers that are "
                    + "unknown")
        case 1: return Int64(configuration.oovStart)
        default:
            let bin =
                configuration.oovMethod == .farmhash
                ? OOVHash.bin(number, salt: configuration.salt, count: count)
                : (Int(number) % count + count) % count
            return Int64(configuration.oovStart + bin)
        }
    }

    private func number(at index: Int64) -> Int64 {
        if index == 0, let mask = configuration.maskToken { return Int64(mask) }
        let start = configuration.tokenStart
        guard index >= start, index - Int64(start) < Int64(tokens.count) else {
            return Int64(configuration.oovToken ?? -1)
        }
        return Int64(tokens[Int(index) - start])
    }
}

extension IntegerLookup: LookupLayer {}
