import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Turns texts into numbers: standardizes them, splits them into words, joins these to n-grams perhaps, and numbers the
/// tokens by a vocabulary. Follows `keras.layers.TextVectorization`.
///
/// ```swift
/// let vectorization = TextVectorization(maxTokens: 10_000, outputSequenceLength: 100)
/// vectorization.adapt(on: texts)
/// let model = Sequential {
///     Input.text()
///     vectorization
///     Dense(1)
/// }
/// let scores = try model.predict(["a text", "another one"])
/// ```
///
/// In the mode `int` index 0 stands for what pads a text and 1 for words that are not in the vocabulary. In the others
/// index 0 stands for the latter. `adapt` makes the vocabulary of the most frequent tokens; of equally frequent ones,
/// those last by their bytes come first.
///
/// Texts are worked on byte by byte, as in Keras: only letters from A to Z become small, only ASCII punctuation is
/// dropped. Bytes that are no UTF-8 are part of unknown words.
///
/// # Shapes
/// Strings [batch, bytes] or [batch, 1, bytes] (uint8, see `Tensor(utf8:)`) → [batch, steps] int64 in the mode `int`;
/// [batch, tokens] in `multiHot`, `count` and `tfIDF`. Without splitting, [batch, n, bytes] are n tokens.
///
/// There are `outputSequenceLength` steps; by default as many as the longest text of the batch has tokens, at least one.
/// What is said of the shape before is then a bound, of the most tokens that the bytes can hold: a layer that needs a
/// fixed number of steps, such as `Flatten` before a `Dense`, needs the length.
///
/// Deviations from Keras: no ragged or sparse outputs; counts are real numbers; `adapt` replaces a vocabulary that was
/// given.
public final class TextVectorization: Layer, ConfigurableLayer, AdaptableLayer, TextLayer {
    public struct Configuration: LookupConfiguration {
        /// The most indices that there may be, those of padding and unknown words included.
        public var maxTokens: Int?
        public var standardize: TextStandardization? = .lowerAndStripPunctuation
        /// Nil: each string is a token.
        public var split: TextSplitting? = .whitespace
        /// Nil: the words alone.
        public var ngrams: NGrams?
        public var outputMode = OutputMode.int
        /// For the mode `int`.
        public var outputSequenceLength: Int?
        /// Whether the output has `maxTokens` places whatever the vocabulary has.
        public var padToMaxTokens = false
        public var sparse: Bool? = false
        public var ragged: Bool? = false
        public var vocabulary: [String]?
        /// For the mode `tfIDF`, what each token of the vocabulary counts.
        public var idfWeights: [Double]?
        public var encoding: String? = "utf-8"
        public var vocabularySize: Int?

        package var numOOVIndices: Int { 1 }
        package var maskToken: String? { "" }
        package var oovToken: String? { "[UNK]" }
        package var invert: Bool { false }

        public var fault: String? {
            firstFault(
                lookupFault,
                outputMode.fault(unlessOneOf: [.int, .multiHot, .count, .tfIDF]),
                outputSequenceLength.flatMap { faultUnlessPositive("outputSequenceLength", $0) },
                outputSequenceLength != nil && outputMode != .int
                    ? "outputSequenceLength is for the outputMode int alone" : nil,
                ngrams.flatMap { $0.fault },
                ragged == true ? "ragged outputs are not supported" : nil,
                ["utf-8", "utf8", nil].contains(encoding?.lowercased())
                    ? nil : "the encoding is \(encoding ?? ""), expected utf-8")
        }
    }

    public static var module: String? { "keras.layers" }
    public package(set) var configuration: Configuration
    private var table = WordTable()
    package private(set) var scale: IndexWeights?

    /// - Parameters:
    ///   - maxTokens: the most indices that there may be, those of padding and unknown words included.
    ///   - standardize: what is done to a text before it is split; nil: nothing.
    ///   - split: how it is split; nil: not at all.
    ///   - ngrams: how many words are joined to a token: `2` for single words and pairs, `[2]` for pairs alone.
    ///   - outputSequenceLength: how many steps there are, in the mode `int`: longer texts are cut off at their end.
    ///   - padToMaxTokens: whether the output has `maxTokens` places whatever the vocabulary has.
    ///   - vocabulary: the tokens, for layers that are not adapted.
    ///   - idfWeights: what each counts, for the mode `tfIDF`.
    ///
    /// Traps if the arguments do not go together, or if the vocabulary has a token twice.
    public convenience init(
        maxTokens: Int? = nil, standardize: TextStandardization? = .lowerAndStripPunctuation,
        split: TextSplitting? = .whitespace, ngrams: NGrams? = nil, outputMode: OutputMode = .int,
        outputSequenceLength: Int? = nil, padToMaxTokens: Bool = false, vocabulary: [String]? = nil,
        idfWeights: [Double]? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                maxTokens: maxTokens, standardize: standardize, split: split, ngrams: ngrams,
                outputMode: outputMode, outputSequenceLength: outputSequenceLength,
                padToMaxTokens: padToMaxTokens, vocabulary: vocabulary, idfWeights: idfWeights),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
        prepare()
    }

    package func prepare() {
        table = WordTable(configuration.tokens ?? [])
        scale = configuration.scale
    }

    package var tokenCount: Int { table.count }

    private var tokenizer: Tokenizer {
        Tokenizer(
            standardize: configuration.standardize, split: configuration.split, ngrams: configuration.ngrams)
    }

    // MARK: The vocabulary

    /// The tokens by their indices, with what stands for padding and unknown words; nil before there is one.
    public var vocabulary: [String]? {
        configuration.tokens.map { configuration.withSpecialTokens($0) }
    }

    /// The number of indices that there are for the vocabulary, those of padding and unknown words included: what an
    /// embedding behind the layer needs.
    public var vocabularySize: Int { configuration.tokenStart + tokenCount }

    /// Replaces the vocabulary.
    ///
    /// - Parameter idfWeights: what each token counts, for the mode `tfIDF`.
    ///
    /// Traps if a token occurs twice, if there are more than `maxTokens`, or if weights are missing or do not belong.
    public func setVocabulary(_ vocabulary: [String], idfWeights: [Double]? = nil) {
        replaceVocabulary(vocabulary, idfWeights: idfWeights)
    }

    /// Makes the vocabulary of the most frequent tokens of the batches.
    ///
    /// Traps if there are no samples.
    public func adapt(forEachBatch: (_ body: (Tensor) -> Void) -> Void) {
        var counts = WordCounts()
        var tokenizer = tokenizer
        forEachBatch { batch in
            if let fault = textFault(batch.shape.droppingFirst()) { fail("\(label), adapt: \(fault)") }
            forEachSample(of: batch) { strings in
                counts.beginSample()
                tokenizer.forEachToken(of: strings) { counts.add($0) }
            }
        }
        require(counts.samples > 0, "\(label): adapt got no samples, expected at least one")
        var changed = configuration
        changed.adapted(to: counts.ranked(without: ["", "[UNK]"]), samples: counts.samples)
        take(changed)
    }

    // MARK: Computing

    public override func inputDType(at index: Int) -> DType { .uint8 }

    private func textFault(_ sample: Shape) -> String? {
        guard (1...2).contains(sample.rank) else {
            return "samples of shape \(sample), expected strings [bytes] or [1, bytes]"
        }
        return configuration.split != nil && sample.rank == 2 && sample[0] != 1
            ? "samples of \(sample[0]) strings, expected one text each to split; nil splits none" : nil
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        firstFault(
            configuration.missing, textFault(shapes[0]),
            configuration.outputMode.fault(ofOutputFor: [1], depth: depth))
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        guard configuration.outputMode == .int else { return [depth] }
        if let length = configuration.outputSequenceLength { return [length] }
        // Words have a space between them; a string that is not split is one.
        let bytes = inputShape[-1]
        let words =
            switch configuration.split {
            case nil: inputShape.rank == 2 ? inputShape[0] : 1
            case let split? where split.function == nil && !split.isCharacter: (bytes + 1) / 2
            default: bytes
            }
        let tokens = (tokenizer.widths ?? [1]).reduce(0) { $0 + max(0, words - $1 + 1) }
        return [max(1, tokens)]
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        if let fault = configuration.missing ?? textFault(input.shape.droppingFirst()) {
            fail("\(label): \(fault)")
        }
        var tokenizer = tokenizer
        // The tokens of all samples, one behind the other.
        var indices: [Int64] = []
        var ends: [Int] = []
        forEachSample(of: input.value) { strings in
            tokenizer.forEachToken(of: strings) { indices.append(index(of: $0)) }
            ends.append(indices.count)
        }
        let lengths = zip(ends, [0] + ends).map { $0 - $1 }
        let steps = configuration.outputSequenceLength ?? max(1, lengths.max() ?? 1)
        let padding: Int64 = configuration.outputMode == .int ? 0 : -1
        let padded = Tensor(shape: [ends.count, steps]) { (out: UnsafeMutablePointer<Int64>) in
            out.update(repeating: padding, count: ends.count * steps)
            for (row, (end, length)) in zip(ends, lengths).enumerated() {
                for step in 0..<min(steps, length) { out[row * steps + step] = indices[end - length + step] }
            }
        }
        return Variable(
            configuration.outputMode.encode(padded, depth: depth, dtype: dtype, scale: scale))
    }

    /// The index of a token, or −1 if it leaves no trace.
    private func index(of token: UnsafeRawBufferPointer) -> Int64 {
        if let number = table.number(of: token) { return Int64(configuration.tokenStart + number) }
        if token.isEmpty { return configuration.outputMode == .int ? 0 : -1 }
        return Int64(configuration.oovStart)
    }

    /// Calls `body` with the strings of each sample.
    private func forEachSample(
        of batch: Tensor, _ body: ([UnsafeBufferPointer<UInt8>]) -> Void
    ) {
        let group = Shape.count(of: batch.shape.sizes.dropFirst().dropLast())
        var strings: [UnsafeBufferPointer<UInt8>] = []
        batch.forEachString(label) { string in
            strings.append(string)
            if strings.count == group {
                body(strings)
                strings.removeAll(keepingCapacity: true)
            }
        }
    }
}

extension TextVectorization: LookupLayer {
    /// Keras's layer holds a lookup layer, and saves its weights twice.
    package var variables: [(group: String, name: String, tensor: Tensor)] {
        guard let weights = scale?.tensor(count: depth) else { return [] }
        return ["", "_lookup_layer/"].map { ($0, "idf_weights", weights) }
    }
}
