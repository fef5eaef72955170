/// Changes bytes at random, as a damaged or hostile file would have them.
public struct Mutation<Random: RandomNumberGenerator> {
    public var random: Random

    public init(random: Random) { self.random = random }

    /// What texts break at: ends of ranges, brackets, escapes.
    private static var pieces: [String] {
        [
            "0", "-1", "1e9", "18446744073709551615", "9223372036854775807", "4294967296", "0.5", "null",
            "true", "\"",
            "\\", "\\u0000", "\\ud800", "{", "}", "[", "]", "[[[[[[", ",", ":", " ", "\u{0}", "é", "NaN",
        ]
    }

    /// A number below the bound, which is positive.
    public mutating func number(below bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }

    /// The bytes after one to four changes, of few bytes or of many.
    public mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...number(below: 4) { change(&bytes) }
        return bytes
    }

    /// The bytes after one to three changes of numbers in binary: sizes, counts and addresses, in one to eight bytes, that
    /// become other ones, near or far.
    public mutating func withMutatedFields(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0...number(below: 3) {
            let width = [1, 2, 4, 8, 8][number(below: 5)]
            guard bytes.count >= 2 * width else { break }
            // Half of the time where there is something: binary files are full of zeros.
            var place = number(below: bytes.count / width) * width
            if number(below: 2) == 0, let next = bytes[place...].firstIndex(where: { $0 != 0 }) {
                place = min(next / width * width, bytes.count - width)
            }
            var value = bytes[place..<place + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
            switch number(below: 8) {
            case 0: value &+= 1
            case 1: value &-= 1
            case 2: value = 0
            case 3: value = .max
            case 4: value = 1 << UInt64(number(below: 64))
            case 5: value = UInt64(bytes.count) &- UInt64(number(below: 64))
            default:
                // Another one of the file: cycles, shared places.
                let other = number(below: bytes.count / width) * width
                value = bytes[other..<other + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
            for index in 0..<width {
                bytes[place + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
            }
        }
        return bytes
    }

    /// The text after one to four changes of numbers in digits.
    public mutating func withMutatedNumbers(_ text: [UInt8]) -> [UInt8] {
        var text = text
        for _ in 0...number(below: 4) where !text.isEmpty {
            changeNumber(at: number(below: text.count), of: &text)
        }
        return text
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else {
            bytes.append(UInt8.random(in: 0 ... .max, using: &random))
            return
        }
        let place = number(below: bytes.count)
        let length = min(bytes.count - place, 1 << number(below: 7))
        switch number(below: 12) {
        case 0: bytes[place] ^= 1 << UInt8(number(below: 8))
        case 1: bytes[place] = UInt8.random(in: 0 ... .max, using: &random)
        case 2: bytes[place] = [0, 1, 0x7F, 0x80, 0xFF][number(below: 5)]
        case 3: bytes.removeSubrange(place..<place + length)
        case 4: bytes.insert(contentsOf: bytes[place..<place + length], at: number(below: bytes.count + 1))
        case 5: bytes.removeSubrange(place...)
        case 6:
            let piece = Self.pieces[number(below: Self.pieces.count)]
            bytes.replaceSubrange(place..<min(bytes.count, place + number(below: 3)), with: piece.utf8)
        case 7, 8, 9: changeNumber(at: place, of: &bytes)
        default:
            let other = number(below: bytes.count - length + 1)
            bytes.replaceSubrange(other..<other + length, with: Array(bytes[place..<place + length]))
        }
    }

    /// Another number in place of the next one in digits.
    private mutating func changeNumber(at place: Int, of bytes: inout [UInt8]) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let start = bytes[place...].firstIndex(where: digits.contains) else { return }
        let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
        let old = Int(String(decoding: bytes[start..<end], as: UTF8.self)) ?? 0
        let new = [old &+ 1, old &- 1, old &* 2, old / 2, old &+ 8, old &* 1_000_003, old &+ 1 << 62][
            number(below: 7)]
        bytes.replaceSubrange(start..<end, with: "\(new)".utf8)
    }
}
