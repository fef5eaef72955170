import CitiusPlatform

/// Words by their bytes, numbered in the order in which they came.
///
/// The bytes of all lie one behind the other; slots of open addressing hold the numbers. Words are told apart by their
/// bytes, not as Swift's strings are, which takes "é" and "e\u{301}" for one.
struct WordTable: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    /// Numbers of words, or −1; a power of two of them.
    private var slots = [Int32](repeating: -1, count: 16)

    init() {}

    init(_ words: some Sequence<String>) {
        for var word in words { word.withUTF8 { _ = insert(UnsafeRawBufferPointer($0)) } }
    }

    var count: Int { ends.count }

    private func range(_ number: Int) -> Range<Int> { (number == 0 ? 0 : ends[number - 1])..<ends[number] }

    /// The bytes of a word, valid within `body`.
    func withBytes<R>(of number: Int, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range(number)])) }
    }

    /// The word, if its bytes are valid UTF-8.
    func word(_ number: Int) -> String? { String(validating: bytes[range(number)], as: UTF8.self) }

    /// Whether a word comes before another by its bytes.
    func precedes(_ a: Int, _ b: Int) -> Bool {
        bytes[range(a)].lexicographicallyPrecedes(bytes[range(b)])
    }

    /// The number of a word; nil if it is not there.
    func number(of word: UnsafeRawBufferPointer) -> Int? {
        let number = slots[slot(of: word)]
        return number < 0 ? nil : Int(number)
    }

    /// The number of a word, which is added if it is not there.
    mutating func insert(_ word: UnsafeRawBufferPointer) -> Int {
        let slot = slot(of: word)
        if slots[slot] >= 0 { return Int(slots[slot]) }
        let number = ends.count
        require(number < Int(Int32.max), "WordTable: more than \(Int32.max) different words")
        slots[slot] = Int32(number)
        bytes.append(contentsOf: word)
        ends.append(bytes.count)
        if ends.count * 2 > slots.count { grow() }
        return number
    }

    /// Where a word is, or would be.
    private func slot(of word: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: word)
        var slot = hasher.finalize() & (slots.count - 1)
        while slots[slot] >= 0 {
            let isFound = withBytes(of: Int(slots[slot])) { known in
                known.count == word.count && known.elementsEqual(word)
            }
            if isFound { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        for number in ends.indices {
            let place = withBytes(of: number) { slot(of: $0) }
            slots[place] = Int32(number)
        }
    }
}

/// How often words occur, and in how many samples.
struct WordCounts {
    private(set) var words = WordTable()
    private var counts: [Int] = []
    private var sampleCounts: [Int] = []
    private var lastSamples: [Int] = []
    /// The number of samples.
    private(set) var samples = 0

    /// The words that follow are of another sample.
    mutating func beginSample() { samples += 1 }

    mutating func add(_ word: UnsafeRawBufferPointer) {
        let number = words.insert(word)
        if number == counts.count {
            counts.append(0)
            sampleCounts.append(0)
            lastSamples.append(0)
        }
        counts[number] += 1
        if lastSamples[number] != samples {
            lastSamples[number] = samples
            sampleCounts[number] += 1
        }
    }

    /// The words, the most frequent first; of equal counts, the last by its bytes first, as in Keras. Without bytes that
    /// are no UTF-8.
    func ranked(without special: [String]) -> [(token: String, sampleCount: Int)] {
        let left = WordTable(special)
        let numbers = (0..<words.count).filter { number in
            words.withBytes(of: number) { left.number(of: $0) } == nil
        }.sorted {
            counts[$0] != counts[$1] ? counts[$0] > counts[$1] : words.precedes($1, $0)
        }
        return numbers.compactMap { number in words.word(number).map { ($0, sampleCounts[number]) } }
    }
}
