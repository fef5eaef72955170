import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// A word or a number of a vocabulary.
package protocol LookupToken: Codable, Sendable {
    associatedtype Key: Hashable
    /// What tells tokens apart.
    var key: Key { get }
    /// The token on a line of a vocabulary's file; nil if it is none.
    init?(line: Substring)
}

extension String: LookupToken {
    package var key: [UInt8] { Array(utf8) }
    package init?(line: Substring) { self.init(line) }
}

extension Int: LookupToken {
    package var key: Int { self }
    package init?(line: Substring) { self.init(line, radix: 10) }
}

/// What layers that look up a vocabulary are made with, and which index they give to what: first the mask's, 0, if the
/// mode is `int` and there is one, then those of unknown tokens, then the vocabulary's.
package protocol LookupConfiguration: LayerConfiguration {
    associatedtype Token: LookupToken
    var maxTokens: Int? { get }
    var numOOVIndices: Int { get }
    var maskToken: Token? { get }
    var oovToken: Token? { get }
    var vocabulary: [Token]? { get set }
    var idfWeights: [Double]? { get set }
    var vocabularySize: Int? { get set }
    var invert: Bool { get }
    var outputMode: OutputMode { get }
    var padToMaxTokens: Bool { get }
    var sparse: Bool? { get }
}

extension LookupConfiguration {
    /// The first index of unknown tokens.
    var oovStart: Int { maskToken != nil && outputMode == .int ? 1 : 0 }
    /// The first index of the vocabulary's.
    var tokenStart: Int { oovStart + numOOVIndices }

    /// What a vocabulary may begin with, one for each index before the tokens'; nil if it cannot be said.
    private var specialTokens: [Token]? {
        guard numOOVIndices == 0 || oovToken != nil, tokenStart < 1 << 20 else { return nil }
        let mask: [Token] = oovStart == 1 ? [maskToken].compactMap { $0 } : []
        return mask + [Token?](repeating: oovToken, count: numOOVIndices).compactMap { $0 }
    }

    private func beginsWithSpecialTokens(_ vocabulary: [Token]) -> Bool {
        guard let special = specialTokens, !special.isEmpty else { return false }
        return vocabulary.count >= special.count && zip(vocabulary, special).allSatisfy { $0.key == $1.key }
    }

    /// The vocabulary without what stands for masked and unknown tokens.
    var tokens: [Token]? {
        vocabulary.map { beginsWithSpecialTokens($0) ? Array($0.dropFirst(tokenStart)) : $0 }
    }

    /// Tokens with what stands for masked and unknown ones before them, as Keras's files have it.
    func withSpecialTokens(_ tokens: [Token]) -> [Token] { (specialTokens ?? []) + tokens }

    /// The number of indices that there are for so many tokens.
    func depth(tokenCount: Int) -> Int {
        (padToMaxTokens ? maxTokens : nil) ?? tokenStart + tokenCount
    }

    /// What the count of each index is multiplied by; an unknown token's is the mean, since none of the data had it.
    var scale: IndexWeights? {
        guard outputMode == .tfIDF, let idfWeights, let vocabulary else { return nil }
        if beginsWithSpecialTokens(vocabulary) { return IndexWeights(weights: idfWeights) }
        return IndexWeights(
            frontCount: tokenStart, front: idfWeights.reduce(0, +) / Double(max(1, idfWeights.count)),
            weights: idfWeights)
    }

    /// What is wrong with it.
    var lookupFault: String? {
        func named(_ token: Token) -> String { "\"\(token)\"" }
        if let maxTokens, maxTokens <= 1 || maxTokens > Int(Int32.max) {
            return "maxTokens is \(maxTokens), expected more than 1"
        }
        guard numOOVIndices >= 0 && numOOVIndices < Int(Int32.max) else {
            return "numOOVIndices is \(numOOVIndices), expected at least 0"
        }
        if padToMaxTokens && maxTokens == nil { return "padToMaxTokens needs maxTokens" }
        if sparse == true { return "sparse outputs are not supported" }
        if invert && outputMode != .int {
            return "an inverted layer gives tokens, its outputMode is int, not \(outputMode.rawValue)"
        }
        if let maxTokens, tokenStart >= maxTokens {
            return "maxTokens is \(maxTokens), which leaves no place behind the \(tokenStart) special tokens"
        }
        if idfWeights != nil && outputMode != .tfIDF {
            return "idfWeights are for the outputMode tf_idf alone"
        }
        guard let vocabulary, let tokens else {
            return idfWeights == nil ? nil : "idfWeights are given without a vocabulary"
        }
        if vocabulary.isEmpty { return "the vocabulary is empty" }
        if let idfWeights {
            if idfWeights.count != vocabulary.count {
                return
                    "there are \(idfWeights.count) idfWeights, expected one for each of the \(vocabulary.count) tokens "
                    + "of the vocabulary"
            }
            if !idfWeights.allSatisfy({ $0.isFinite }) { return "idfWeights are to be finite" }
        }
        var seen: Set<Token.Key> = []
        for token in tokens where !seen.insert(token.key).inserted {
            return "the vocabulary has \(named(token)) twice"
        }
        for (special, name) in [(maskToken, "mask"), (invert ? oovToken : nil, "unknown tokens")] {
            if let special, seen.contains(special.key) {
                return
                    "the vocabulary has \(named(special)), which stands for \(name); leave it out, or begin with "
                    + "all special tokens"
            }
        }
        if let maxTokens, tokenStart + tokens.count > maxTokens {
            return
                "the vocabulary has \(tokenStart + tokens.count) tokens, expected at most maxTokens, \(maxTokens)"
        }
        return nil
    }

    /// What a layer without its vocabulary is told.
    var missing: String? {
        if vocabulary == nil { return "it has no vocabulary yet: adapt it, or give it one" }
        return outputMode == .tfIDF && idfWeights == nil
            ? "it has a vocabulary without idfWeights, which the output mode tf_idf needs" : nil
    }

    /// Takes the tokens that `adapt` found, with the weights of what few samples have: ln(1 + samples / (1 + samples with
    /// it)).
    mutating func adapted(to ranked: [(token: Token, sampleCount: Int)], samples: Int) {
        let ranked = ranked.prefix(maxTokens.map { $0 - tokenStart } ?? .max)
        vocabulary = withSpecialTokens(ranked.map { $0.token })
        vocabularySize = tokenStart + ranked.count
        guard outputMode == .tfIDF else { return }
        // In float32, as in Keras.
        let weights = ranked.map {
            Double(Float(Double.log(1 + Double(samples) / Double(1 + $0.sampleCount))))
        }
        let mean = Double(Float(weights.reduce(0, +) / Double(max(1, weights.count))))
        idfWeights = [Double](repeating: mean, count: (vocabulary?.count ?? 0) - weights.count) + weights
    }

    /// Takes the vocabulary of one of Keras's files. Returns what is wrong with it.
    mutating func take(_ assets: LayerAssets) -> String? {
        let weights = outputMode == .tfIDF ? assets.variable(named: "idf_weights") : nil
        guard vocabulary == nil, let bytes = assets.asset(named: "vocabulary.txt") else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return "its vocabulary.txt is no UTF-8 text"
        }
        var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        while lines.last?.isEmpty == true { lines.removeLast() }
        if lines.isEmpty { return nil }
        var tokens: [Token] = []
        for (index, line) in lines.enumerated() {
            guard let token = Token(line: line) else {
                return "line \(index + 1) of its vocabulary.txt, \"\(line)\", is no whole number"
            }
            tokens.append(token)
        }
        vocabulary = tokens
        vocabularySize = tokenStart + (self.tokens?.count ?? 0)
        if let weights {
            // Padded to the output's width perhaps.
            idfWeights = Array(
                weights.cast(to: .float64).elements(as: Double.self).prefix(tokens.count))
        }
        return lookupFault
    }
}

/// A layer that looks up a vocabulary.
package protocol LookupLayer: ConfigurableLayer, AssetsLayer where Configuration: LookupConfiguration {
    var configuration: Configuration { get set }
    /// The number of tokens, without what stands for masked and unknown ones.
    var tokenCount: Int { get }
    var scale: IndexWeights? { get }
    /// Makes what the layer looks up in from its configuration.
    func prepare()
}

extension LookupLayer {
    /// The number of indices that outputs tell apart.
    var depth: Int { configuration.depth(tokenCount: tokenCount) }

    func replaceVocabulary(_ vocabulary: [Configuration.Token], idfWeights: [Double]?) {
        var changed = configuration
        (changed.vocabulary, changed.idfWeights) = (vocabulary, idfWeights)
        take(Self.checked(changed))
        if let missing = changed.missing { fail("\(label): \(missing)") }
    }

    func take(_ changed: Configuration) {
        configuration = changed
        prepare()
        configuration.vocabularySize =
            changed.vocabulary == nil ? nil : configuration.tokenStart + tokenCount
    }

    package func take(assets: any LayerAssets) -> String? {
        var changed = configuration
        if let fault = changed.take(assets) { return fault }
        take(changed)
        return nil
    }

    package var variables: [(group: String, name: String, tensor: Tensor)] {
        scale.map { [("", "idf_weights", $0.tensor(count: depth))] } ?? []
    }
}

/// How tokens that are not in a vocabulary share the indices that are for them.
enum OOVHash {
    /// The index of a word, below `count`, as TensorFlow bins it.
    static func bin(_ word: UnsafeRawBufferPointer, salt: [Int]?, count: Int) -> Int {
        let hash: UInt64
        if let salt, salt.count == 2 {
            hash = sipHash64(
                word, key: (UInt64(bitPattern: Int64(salt[0])), UInt64(bitPattern: Int64(salt[1]))))
        } else {
            hash = farmHash64(word)
        }
        return Int(hash % UInt64(count))
    }

    /// That of a number, by its decimal digits.
    static func bin(_ number: Int64, salt: [Int]?, count: Int) -> Int {
        var digits = String(number)
        return digits.withUTF8 { bin(UnsafeRawBufferPointer($0), salt: salt, count: count) }
    }

    static func fault(ofSalt salt: [Int]?) -> String? {
        salt.map { $0.count } ?? 2 == 2 ? nil : "the salt has \(salt?.count ?? 0) numbers, expected 2"
    }
}
