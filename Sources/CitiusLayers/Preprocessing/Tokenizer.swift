import CitiusTensor

/// Splits texts into tokens, by their bytes.
struct Tokenizer {
    let standardize: TextStandardization?
    let split: TextSplitting?
    /// Numbers of words that are joined; nil: the words alone.
    let widths: [Int]?

    /// A text as it is worked on, and where its words are.
    private var text: [UInt8] = []
    private var words: [Range<Int>] = []
    private var joined: [UInt8] = []

    init(standardize: TextStandardization?, split: TextSplitting?, ngrams: NGrams?) {
        self.standardize = standardize
        self.split = split
        widths = ngrams?.widths
    }

    /// Calls `body` with the bytes of each token of a sample, n-grams of fewer words first or as their numbers stand.
    ///
    /// - Parameter strings: the sample's, of which each is a word if they are not split.
    mutating func forEachToken(
        of strings: [UnsafeBufferPointer<UInt8>], _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        text.removeAll(keepingCapacity: true)
        words.removeAll(keepingCapacity: true)
        for string in strings { addWords(of: string) }
        guard let widths else {
            text.withUnsafeBytes { text in
                for word in words { body(UnsafeRawBufferPointer(rebasing: text[word])) }
            }
            return
        }
        for width in widths where width <= words.count {
            for first in 0...words.count - width {
                joined.removeAll(keepingCapacity: true)
                for number in first..<first + width {
                    if number > first { joined.append(0x20) }
                    joined.append(contentsOf: text[words[number]])
                }
                joined.withUnsafeBytes(body)
            }
        }
    }

    private mutating func addWords(of string: UnsafeBufferPointer<UInt8>) {
        let start = text.count
        if let function = standardize?.function {
            text.append(contentsOf: function(String(decoding: string, as: UTF8.self)).utf8)
        } else {
            append(string)
        }
        guard let split else { return words.append(start..<text.count) }
        if let function = split.function {
            let parts = function(String(decoding: text[start...], as: UTF8.self))
            text.removeLast(text.count - start)
            for part in parts {
                let place = text.count
                text.append(contentsOf: part.utf8)
                words.append(place..<text.count)
            }
        } else if split.isCharacter {
            // What is no UTF-8 becomes U+FFFD, one for each part that could have begun a character, as in TensorFlow.
            let decoded = String(decoding: text[start...], as: UTF8.self)
            text.removeLast(text.count - start)
            for scalar in decoded.unicodeScalars {
                let place = text.count
                text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                words.append(place..<text.count)
            }
        } else {
            var place = start
            while place < text.count {
                if Self.isSpace(text[place]) {
                    place += 1
                    continue
                }
                let begin = place
                while place < text.count, !Self.isSpace(text[place]) { place += 1 }
                words.append(begin..<place)
            }
        }
    }

    /// Appends a string as it is standardized.
    private mutating func append(_ string: UnsafeBufferPointer<UInt8>) {
        let (lowers, strips) = (standardize?.lowers ?? false, standardize?.strips ?? false)
        for byte in string {
            if strips && Self.isPunctuation(byte) { continue }
            text.append(lowers && (0x41...0x5A).contains(byte) ? byte + 0x20 : byte)
        }
    }

    /// The space, and from the tab to the carriage return.
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isPunctuation(_ byte: UInt8) -> Bool {
        (0x21...0x2F).contains(byte) || (0x3A...0x40).contains(byte) || (0x5B...0x60).contains(byte)
            || (0x7B...0x7E).contains(byte)
    }
}
