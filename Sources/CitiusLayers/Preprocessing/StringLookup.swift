import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Numbers words by a vocabulary. Follows `keras.layers.StringLookup`.
///
/// ```swift
/// let lookup = StringLookup(vocabulary: ["a", "b", "c"])
/// lookup(["b", "c", "z"])                                     // [2, 3, 0]
/// let words = StringLookup(vocabulary: ["a", "b", "c"], invert: true)
/// words(Tensor([2, 3, 0])).strings                            // ["b", "c", "[UNK]"]
/// ```
///
/// Indices are, in this order, the mask's, 0, if the mode is `int` and there is a mask token; `numOOVIndices` for words
/// that are not in the vocabulary, which several of them share by their hash (FarmHash64, or SipHash under a salt); the
/// vocabulary's. In other modes masked words leave no trace. With `numOOVIndices: 0` an unknown word traps.
///
/// `adapt` makes the vocabulary of the most frequent words of the data; of equally frequent ones, those last by their
/// bytes come first. In the mode `tfIDF` a word's count is multiplied by ln(1 + samples / (1 + samples with the word)).
/// Bytes that are no UTF-8 are unknown words.
///
/// # Shapes
/// Strings [batch, …, n, bytes] (uint8, see `Tensor(utf8:)`) → by its output mode, see `OutputMode`. Inverted: numbers
/// [batch, …] → strings [batch, …, bytes]. Deviations from Keras: counts are real numbers; `adapt` replaces a vocabulary
/// that was given.
public final class StringLookup: Layer, ConfigurableLayer, AdaptableLayer, TextLayer {
    public struct Configuration: LookupConfiguration {
        /// The most indices that there may be, those of special tokens included; nil: as many as the data has.
        public var maxTokens: Int?
        public var numOOVIndices = 1
        public var maskToken: String?
        /// What an inverted layer gives for unknown indices.
        public var oovToken: String? = "[UNK]"
        public var vocabulary: [String]?
        /// For the mode `tfIDF`, what each word of the vocabulary counts.
        public var idfWeights: [Double]?
        public var invert = false
        public var outputMode = OutputMode.int
        /// Whether the output has `maxTokens` places whatever the vocabulary has.
        public var padToMaxTokens = false
        public var sparse: Bool? = false
        public var encoding: String? = "utf-8"
        public var vocabularySize: Int?
        public var oovMethod: String? = "floormod"
        public var salt: [Int]?

        public var fault: String? {
            firstFault(
                lookupFault, OOVHash.fault(ofSalt: salt),
                ["utf-8", "utf8", nil].contains(encoding?.lowercased())
                    ? nil : "the encoding is \(encoding ?? ""), expected utf-8")
        }
    }

    public static var module: String? { "keras.layers" }
    public package(set) var configuration: Configuration
    private var table = WordTable()
    /// An inverted layer's words, then what stands for masked and for unknown indices.
    private var words = Tensor(zeros: [2, 1], dtype: .uint8)
    package private(set) var scale: IndexWeights?

    /// - Parameters:
    ///   - maxTokens: the most indices that there may be, those of special tokens included.
    ///   - numOOVIndices: how many indices there are for words that are not in the vocabulary.
    ///   - maskToken: the word that stands for nothing.
    ///   - oovToken: what an inverted layer gives for unknown indices.
    ///   - vocabulary: the words, for layers that are not adapted.
    ///   - idfWeights: what each counts, for the mode `tfIDF`.
    ///   - invert: whether the layer turns indices into words.
    ///   - padToMaxTokens: whether the output has `maxTokens` places whatever the vocabulary has.
    ///   - salt: two numbers that make a hash of one's own.
    ///
    /// Traps if the arguments do not go together, or if the vocabulary has a word twice.
    public convenience init(
        maxTokens: Int? = nil, numOOVIndices: Int = 1, maskToken: String? = nil, oovToken: String = "[UNK]",
        vocabulary: [String]? = nil, idfWeights: [Double]? = nil, invert: Bool = false,
        outputMode: OutputMode = .int, padToMaxTokens: Bool = false, salt: [Int]? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                maxTokens: maxTokens, numOOVIndices: numOOVIndices, maskToken: maskToken, oovToken: oovToken,
                vocabulary: vocabulary, idfWeights: idfWeights, invert: invert, outputMode: outputMode,
                padToMaxTokens: padToMaxTokens, salt: salt),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
        prepare()
    }

    package func prepare() {
        let tokens = configuration.tokens ?? []
        table = WordTable(tokens)
        scale = configuration.scale
        if configuration.invert {
            let unknown = configuration.oovToken ?? ""
            words = Tensor(utf8: tokens + [configuration.maskToken ?? unknown, unknown])
        }
    }

    package var tokenCount: Int { table.count }

    // MARK: The vocabulary

    /// The words by their indices, with what stands for masked and unknown ones; nil before there is one.
    public var vocabulary: [String]? {
        configuration.tokens.map { configuration.withSpecialTokens($0) }
    }

    /// The number of indices that there are for the vocabulary, those of special tokens included.
    public var vocabularySize: Int { configuration.tokenStart + tokenCount }

    /// Replaces the vocabulary.
    ///
    /// - Parameter idfWeights: what each word counts, for the mode `tfIDF`.
    ///
    /// Traps if a word occurs twice, if there are more than `maxTokens`, or if weights are missing or do not belong.
    public func setVocabulary(_ vocabulary: [String], idfWeights: [Double]? = nil) {
        replaceVocabulary(vocabulary, idfWeights: idfWeights)
    }

    /// Makes the vocabulary of the most frequent words of the batches.
    ///
    /// Traps if there are no samples.
    public func adapt(forEachBatch: (_ body: (Tensor) -> Void) -> Void) {
        var counts = WordCounts()
        forEachBatch { batch in
            let group = Shape.count(of: batch.shape.sizes.dropFirst().dropLast())
            var number = 0
            batch.forEachString("\(label), adapt") { word in
                if number % max(1, group) == 0 { counts.beginSample() }
                number += 1
                counts.add(UnsafeRawBufferPointer(word))
            }
        }
        require(counts.samples > 0, "\(label): adapt got no samples, expected at least one")
        var changed = configuration
        changed.adapted(
            to: counts.ranked(without: [changed.maskToken, changed.oovToken].compactMap { $0 }),
            samples: counts.samples)
        take(changed)
    }

    // MARK: Computing

    public override func inputDType(at index: Int) -> DType { configuration.invert ? .int64 : .uint8 }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if let missing = configuration.missing { return missing }
        if configuration.invert {
            return countOfElements(outputShape(for: shapes[0])) == nil
                ? "samples of shape \(shapes[0]) are larger than any memory" : nil
        }
        guard shapes[0].rank >= 1 else { return "samples are scalars, expected strings [.., bytes]" }
        return configuration.outputMode.fault(
            ofOutputFor: Shape(Array(shapes[0].sizes.dropLast())), depth: depth)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        if configuration.invert { return Shape(inputShape.sizes + [words.shape[1]]) }
        return configuration.outputMode.outputShape(
            for: Shape(Array(inputShape.sizes.dropLast())), depth: depth)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        if let missing = configuration.missing { fail("\(label): \(missing)") }
        if configuration.invert { return Variable(wordsOf(input.value)) }
        var indices: [Int64] = []
        indices.reserveCapacity(input.value.count / max(1, input.shape[-1]))
        input.value.forEachString(label) { indices.append(Int64(index(of: UnsafeRawBufferPointer($0)))) }
        let numbers = Tensor(indices, shape: Shape(Array(input.shape.sizes.dropLast())))
        return Variable(
            configuration.outputMode.encode(numbers, depth: depth, dtype: dtype, scale: scale))
    }

    /// The index of a word, or −1 if it leaves no trace.
    private func index(of word: UnsafeRawBufferPointer) -> Int {
        if let number = table.number(of: word) { return configuration.tokenStart + number }
        if let mask = configuration.maskToken, mask.utf8.elementsEqual(word) {
            return configuration.outputMode == .int ? 0 : -1
        }
        switch configuration.numOOVIndices {
        case 0:
            fail(
                "\(label): \"\(String(decoding: word, as: UTF8.self))\" is not in the vocabulary, and numOOVIndices is 0; "
                    + "give it 1 for words that are unknown")
        case 1: return configuration.oovStart
        case let count:
            return configuration.oovStart + OOVHash.bin(word, salt: configuration.salt, count: count)
        }
    }

    private func wordsOf(_ indices: Tensor) -> Tensor {
        let (start, count) = (configuration.tokenStart, table.count)
        let rows = indices.cast(to: .int64).elements(as: Int64.self).map { index -> Int64 in
            if index == 0 && configuration.maskToken != nil { return Int64(count) }
            let row = index.subtractingReportingOverflow(Int64(start))
            return !row.overflow && row.partialValue >= 0 && row.partialValue < Int64(count)
                ? row.partialValue : Int64(count + 1)
        }
        return words.taking(Tensor(rows, shape: indices.shape))
    }
}

extension StringLookup: LookupLayer {}
