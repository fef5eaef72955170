import CitiusLayers
import CitiusTestSupport
import Testing

/// What the golden values of `TextGoldenTests` do not show.
@Suite struct TextVectorizationTests {
    private let texts = ["the dog saw the cat", "a cat", "the the the"]

    @Test func adaptingDoesNotDependOnBatches() {
        let whole = TextVectorization()
        whole.adapt(on: texts)
        #expect(whole.vocabulary == ["", "[UNK]", "the", "cat", "saw", "dog", "a"])
        let streamed = TextVectorization()
        streamed.adapt { body in for text in texts { body(Tensor(utf8: [text])) } }
        #expect(streamed.vocabulary == whole.vocabulary)
        // Anew, not in addition.
        streamed.adapt(on: ["new"])
        #expect(streamed.vocabulary == ["", "[UNK]", "new"])
    }

    @Test func lengths() {
        let layer = TextVectorization(vocabulary: ["a", "b"])
        #expect(layer(["a b c", ""]) == Tensor([[2, 3, 1], [0, 0, 0]]))
        #expect(layer(["", " \t"]) == Tensor([[0], [0]]))
        let fixed = TextVectorization(outputSequenceLength: 2, vocabulary: ["a", "b"])
        #expect(fixed(["a b c", "b"]) == Tensor([[2, 3], [3, 0]]))
        #expect(fixed([["a b c"], ["b"]]) == Tensor([[2, 3], [3, 0]]))
        // The shape that is stated holds whatever comes: what it says for bytes alone is a bound.
        for text in ["a b c d e", "aaaa", String(repeating: "a ", count: 3_000)] {
            for (split, ngrams) in [
                (TextSplitting.whitespace, nil), (.character, nil), (.whitespace, 3 as NGrams),
            ] {
                let layer = TextVectorization(split: split, ngrams: ngrams, vocabulary: ["a"])
                let input = Tensor(utf8: [text])
                #expect(layer(input).shape[1] <= layer.outputShape(for: [input.shape[1]])[0])
            }
        }
    }

    /// Vocabularies tell words apart by their bytes, and hold any characters.
    @Test func unusualWords() {
        let words = ["é", "e\u{301}", "🦊", "👩‍👩‍👧", "a\u{0}b", String(repeating: "z", count: 5_000), " "]
        let layer = StringLookup(vocabulary: words)
        #expect(layer(words).elements(as: Int64.self) == [1, 2, 3, 4, 5, 6, 7])
        let inverse = StringLookup(vocabulary: words, invert: true)
        #expect(inverse(layer(words)).strings.map { Array($0.utf8) } == words.map { Array($0.utf8) })
        // Bytes that are no UTF-8 are unknown, and are learned by nobody.
        let bytes = Tensor([0xFF, 0x61, 0xC3, 0] as [UInt8], shape: [2, 2])
        #expect(layer(bytes).elements(as: Int64.self) == [0, 0])
        let adapted = StringLookup()
        adapted.adapt(on: Tensor.concatenate([bytes, Tensor(utf8: ["ok"])]))
        #expect(adapted.vocabulary == ["[UNK]", "ok"])
        let characters = TextVectorization(split: .character, vocabulary: ["\u{FFFD}", "a"])
        #expect(characters(bytes) == Tensor([[2, 3], [2, 0]]))
    }

    @Test func manyWords() {
        let words = (0..<20_000).map { "w\($0 * 7919 % 100_003)" }
        let layer = StringLookup(vocabulary: words)
        #expect(layer(words).elements(as: Int64.self) == (1...20_000).map { Int64($0) })
        #expect(layer(["w", "", "w-1"]).elements(as: Int64.self) == [0, 0, 0])
    }

    @Test func functionsOfOnesOwn() {
        let layer = TextVectorization(
            standardize: TextStandardization("no_tags") { $0.replacing(#/<[^>]*>/#, with: " ").lowercased() },
            split: TextSplitting("commas") { $0.split(separator: ",").map(String.init) },
            vocabulary: ["é", " x "])
        #expect(layer(["É,<b>x<i>,y"]) == Tensor([[2, 3, 1]]))
    }

    @Test func describedFaults() {
        func fault(_ change: (inout StringLookup.Configuration) -> Void) -> String {
            var configuration = StringLookup().configuration
            change(&configuration)
            return configuration.fault ?? ""
        }
        #expect(fault { $0.vocabulary = ["a", "b", "a"] } == #"the vocabulary has "a" twice"#)
        #expect(fault { $0.vocabulary = [] } == "the vocabulary is empty")
        #expect(fault { ($0.vocabulary, $0.maskToken) = (["a", "m"], "m") }.contains("stands for mask"))
        #expect(fault { ($0.vocabulary, $0.maxTokens) = (["a", "b"], 2) }.contains("has 3 tokens"))
        #expect(fault { ($0.maxTokens, $0.numOOVIndices) = (3, 5) }.contains("leaves no place"))
        #expect(fault { $0.padToMaxTokens = true } == "padToMaxTokens needs maxTokens")
        #expect(fault { ($0.invert, $0.outputMode) = (true, .count) }.contains("its outputMode is int"))
        #expect(fault { $0.idfWeights = [1] }.contains("idfWeights are for the outputMode tf_idf alone"))
        #expect(
            fault { ($0.vocabulary, $0.idfWeights, $0.outputMode) = (["a", "b"], [1], .tfIDF) }.contains(
                "1 idfWeights, expected one for each of the 2"))
        #expect(fault { $0.salt = [1] }.contains("the salt has 1 numbers"))
        #expect(fault { $0.encoding = "latin-1" }.contains("expected utf-8"))
        var text = TextVectorization().configuration
        text.ngrams = 1_000_000_000
        #expect(text.fault?.contains("expected numbers of words") == true)
    }

    @Test func mistakesSaySo() async {
        let early = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = TextVectorization()(["a"])
        }
        #expect(
            message(of: early).contains(
                "TextVectorization: it has no vocabulary yet: adapt it, or give it one"))
        let unknown = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = StringLookup(numOOVIndices: 0, vocabulary: ["a"])(["b"])
        }
        #expect(
            message(of: unknown).contains(
                #"StringLookup: "b" is not in the vocabulary, and numOOVIndices is 0"#))
        let numbers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = StringLookup(vocabulary: ["a"])(Variable(Tensor([[1.0]])))
        }
        #expect(message(of: numbers).contains("StringLookup: the tensor is float32 [1, 1], expected strings"))
        let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            StringLookup().adapt(on: [String]())
        }
        #expect(message(of: none).contains("StringLookup: adapt got no samples"))
        let several = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = TextVectorization(vocabulary: ["a"])([["a", "b"]])
        }
        #expect(message(of: several).contains("samples of 2 strings, expected one text each to split"))
    }
}
