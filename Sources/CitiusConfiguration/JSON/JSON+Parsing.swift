extension JSON {
    /// How a text is read.
    public struct ParsingOptions: Sendable {
        /// Whether the tokens `NaN`, `Infinity` and `-Infinity`, which Python writes and JSON does not have, are numbers.
        public var acceptsNonFiniteNumbers: Bool
        /// The most arrays and objects within each other.
        public var depthLimit: Int

        public init(acceptsNonFiniteNumbers: Bool = false, depthLimit: Int = 128) {
            self.acceptsNonFiniteNumbers = acceptsNonFiniteNumbers
            self.depthLimit = depthLimit
        }
    }

    /// Reads a JSON text, strictly by RFC 8259.
    ///
    /// - Throws: a `ParsingError` for what the grammar does not have, bytes that are no UTF-8, a key that occurs twice in
    ///   an object, half a surrogate pair, an integer beyond 64 bits, a number beyond a double, nesting beyond
    ///   the limit, and anything but white space behind the value.
    public init(parsing text: String, options: ParsingOptions = ParsingOptions()) throws(ParsingError) {
        try self.init(parsing: Array(text.utf8), options: options)
    }

    /// Reads a JSON text in UTF-8, without a byte order mark. Throws as `init(parsing:options:)` does.
    public init(parsing bytes: [UInt8], options: ParsingOptions = ParsingOptions()) throws(ParsingError) {
        self = try bytes.withUnsafeBufferPointer { buffer throws(ParsingError) in
            var reader = JSONReader(buffer, options: options)
            let value = try reader.value()
            try reader.end()
            return value
        }
    }

    /// Why a text is no JSON, and where.
    public struct ParsingError: Error, Sendable, Equatable, CustomStringConvertible {
        public enum Kind: Sendable, Equatable {
            /// The text ends too early.
            case truncated
            /// A character that the grammar does not have there.
            case unexpected
            /// Something follows the value.
            case trailing
            /// The bytes are no UTF-8.
            case invalidUTF8
            /// An escape names half a surrogate pair.
            case loneSurrogate
            /// A key occurs twice in one object.
            case duplicateKey
            /// An integer beyond 64 bits, a number beyond a double, or one of more than a thousand characters.
            case numberOutOfRange
            /// Arrays and objects within each other beyond the limit.
            case tooDeep
        }

        public let kind: Kind
        /// Bytes before the place.
        public let offset: Int
        /// From 1.
        public let line: Int
        /// In Unicode scalars, from 1.
        public let column: Int
        public let found: String
        public let expected: String

        public var description: String {
            "line \(line), column \(column) (byte \(offset)): found \(found), expected \(expected)"
        }
    }
}

/// Reads JSON piece by piece from bytes that outlive it. Formats with a fixed schema read by it directly, so that a
/// hostile text is refused where it leaves the schema, before a value of it is made.
package struct JSONReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let options: JSON.ParsingOptions
    private var depth = 0
    /// Bytes read.
    package private(set) var offset = 0

    package init(_ bytes: UnsafeBufferPointer<UInt8>, options: JSON.ParsingOptions = JSON.ParsingOptions()) {
        self.bytes = bytes
        self.options = options
    }

    // MARK: Pieces

    /// A value of any type.
    package mutating func value() throws(JSON.ParsingError) -> JSON {
        skipWhiteSpace()
        switch current {
        case UInt8(ascii: "{"):
            try openObject()
            var object = JSON.Object()
            while let (key, keyOffset) = try nextKey(isFirst: object.isEmpty) {
                // The value is read first: the error for a doubled key is about the key.
                guard object.append(try value(), forKey: key) else { throw duplicate(key, at: keyOffset) }
            }
            return .object(object)
        case UInt8(ascii: "["):
            try openArray()
            var array: [JSON] = []
            while try nextElement(isFirst: array.isEmpty) { array.append(try value()) }
            return .array(array)
        case UInt8(ascii: "\""):
            return .string(try string())
        case let byte? where byte == UInt8(ascii: "-") || isDigit(byte):
            return try number()
        case UInt8(ascii: "t") where skip("true"): return .bool(true)
        case UInt8(ascii: "f") where skip("false"): return .bool(false)
        case UInt8(ascii: "n") where skip("null"): return .null
        case UInt8(ascii: "N") where options.acceptsNonFiniteNumbers && skip("NaN"): return .number(.nan)
        case UInt8(ascii: "I") where options.acceptsNonFiniteNumbers && skip("Infinity"):
            return .number(.infinity)
        default: throw unexpected("a value")
        }
    }

    /// The start of an object; its members follow by `nextKey`.
    package mutating func openObject() throws(JSON.ParsingError) {
        try open(UInt8(ascii: "{"), "\"{\"")
    }

    /// The next member's key and where it lies, after which its value follows; nil at the object's end.
    package mutating func nextKey(isFirst: Bool) throws(JSON.ParsingError) -> (key: String, offset: Int)? {
        skipWhiteSpace()
        if skip(UInt8(ascii: "}")) {
            depth -= 1
            return nil
        }
        if !isFirst {
            guard skip(UInt8(ascii: ",")) else { throw unexpected("\",\" or \"}\"") }
            skipWhiteSpace()
        }
        guard current == UInt8(ascii: "\"") else {
            throw unexpected(isFirst ? "a key in quotes or \"}\"" : "a key in quotes")
        }
        let keyOffset = offset
        let key = try string()
        skipWhiteSpace()
        guard skip(UInt8(ascii: ":")) else { throw unexpected("\":\"") }
        return (key, keyOffset)
    }

    /// The start of an array; its elements follow by `nextElement`.
    package mutating func openArray() throws(JSON.ParsingError) {
        try open(UInt8(ascii: "["), "\"[\"")
    }

    /// Whether another element follows; false at the array's end.
    package mutating func nextElement(isFirst: Bool) throws(JSON.ParsingError) -> Bool {
        skipWhiteSpace()
        if skip(UInt8(ascii: "]")) {
            depth -= 1
            return false
        }
        if !isFirst {
            guard skip(UInt8(ascii: ",")) else { throw unexpected("\",\" or \"]\"") }
            skipWhiteSpace()
        }
        return true
    }

    /// Only white space may follow.
    package mutating func end() throws(JSON.ParsingError) {
        skipWhiteSpace()
        if current != nil { throw failure(.trailing, at: offset, expected: "the end of the text") }
    }

    private mutating func open(_ byte: UInt8, _ name: String) throws(JSON.ParsingError) {
        skipWhiteSpace()
        guard current == byte else { throw unexpected(name) }
        guard depth < options.depthLimit else {
            throw failure(
                .tooDeep, at: offset,
                expected: "at most \(options.depthLimit) arrays and objects within each other")
        }
        depth += 1
        offset += 1
    }

    // MARK: Numbers

    /// -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?
    private mutating func number() throws(JSON.ParsingError) -> JSON {
        let start = offset
        if skip(UInt8(ascii: "-")), options.acceptsNonFiniteNumbers, skip("Infinity") {
            return .number(-.infinity)
        }
        if !skip(UInt8(ascii: "0")) { try digits() }
        var isInteger = true
        if skip(UInt8(ascii: ".")) {
            isInteger = false
            try digits()
        }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            isInteger = false
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            try digits()
        }
        let text = String(decoding: bytes[start..<min(offset, start + 1_001)], as: UTF8.self)
        guard offset - start <= 1_000 else {
            throw failure(.numberOutOfRange, at: start, expected: "a number of at most 1000 characters")
        }
        if isInteger {
            guard let integer = Int64(text) else {
                throw failure(.numberOutOfRange, at: start, expected: "an integer of at most 64 bits")
            }
            return .integer(integer)
        }
        guard let number = Double(text), number.isFinite else {
            throw failure(.numberOutOfRange, at: start, expected: "a number that a double holds")
        }
        return .number(number)
    }

    private mutating func digits() throws(JSON.ParsingError) {
        let start = offset
        while let byte = current, isDigit(byte) { offset += 1 }
        if offset == start { throw unexpected("a digit") }
    }

    // MARK: Strings

    /// A string in quotes.
    package mutating func string() throws(JSON.ParsingError) -> String {
        skipWhiteSpace()
        guard skip(UInt8(ascii: "\"")) else { throw unexpected("a string") }
        let start = offset
        // What came before `plainStart`, without its escapes.
        var unescaped: [UInt8] = []
        var plainStart = offset
        while true {
            guard let byte = current else { throw unexpected("the string's closing quote") }
            if byte == UInt8(ascii: "\"") { break }
            if byte == UInt8(ascii: "\\") {
                unescaped += bytes[plainStart..<offset]
                unescaped += try escape()
                plainStart = offset
            } else if byte < 0x20 {
                throw unexpected("no control character within a string; write it as an escape")
            } else {
                offset += 1
            }
        }
        let content = bytes[plainStart..<offset]
        let text =
            plainStart == start
            ? String(validating: content, as: UTF8.self)
            : String(validating: unescaped + content, as: UTF8.self)
        guard let text else { throw invalidUTF8(in: start..<offset) }
        offset += 1
        return text
    }

    /// What an escape stands for, in UTF-8.
    private mutating func escape() throws(JSON.ParsingError) -> [UInt8] {
        let start = offset
        offset += 1
        guard let byte = current else { throw unexpected("the rest of an escape") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"):
            var code = try fourHexadecimalDigits()
            if code & 0xFC00 == 0xD800, skip("\\u") {
                let low = try fourHexadecimalDigits()
                guard low & 0xFC00 == 0xDC00 else { throw loneSurrogate(at: start) }
                code = 0x1_0000 + (code & 0x3FF) << 10 + low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(code) else { throw loneSurrogate(at: start) }
            return Array(String(Character(scalar)).utf8)
        default:
            offset -= 1
            throw unexpected("one of \" \\ / b f n r t u after a backslash")
        }
    }

    private mutating func fourHexadecimalDigits() throws(JSON.ParsingError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw unexpected("four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
            offset += 1
        }
        return code
    }

    // MARK: Bytes

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

    private mutating func skipWhiteSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    /// Moves over the byte if it comes next.
    private mutating func skip(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        offset += 1
        return true
    }

    /// Moves over the token if it comes next.
    private mutating func skip(_ token: StaticString) -> Bool {
        let length = token.utf8CodeUnitCount
        guard bytes.count - offset >= length else { return false }
        for index in 0..<length where bytes[offset + index] != token.utf8Start[index] { return false }
        offset += length
        return true
    }

    // MARK: Errors

    private func unexpected(_ expected: String) -> JSON.ParsingError {
        failure(current == nil ? .truncated : .unexpected, at: offset, expected: expected)
    }

    private func loneSurrogate(at offset: Int) -> JSON.ParsingError {
        failure(
            .loneSurrogate, at: offset, found: "half a surrogate pair", expected: "both halves, high and low")
    }

    package func duplicate(_ key: String, at offset: Int) -> JSON.ParsingError {
        failure(
            .duplicateKey, at: offset, found: "the key \(JSON.string(key).text()) a second time",
            expected: "each key once in an object")
    }

    private func invalidUTF8(in range: Range<Int>) -> JSON.ParsingError {
        var place = range.lowerBound
        var decoder = UTF8()
        var iterator = bytes[range].makeIterator()
        decoding: while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): place += UTF8.width(scalar)
            case .emptyInput, .error: break decoding
            }
        }
        return failure(.invalidUTF8, at: min(place, range.upperBound), expected: "text in UTF-8")
    }

    /// An error about the bytes at a place.
    package func failure(
        _ kind: JSON.ParsingError.Kind, at offset: Int, found: String? = nil, expected: String
    ) -> JSON.ParsingError {
        let before = bytes[..<offset]
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        // A UTF-8 scalar has one byte that is no continuation.
        let column = bytes[lineStart..<offset].count { $0 & 0xC0 != 0x80 } + 1
        return JSON.ParsingError(
            kind: kind, offset: offset, line: before.count { $0 == 0x0A } + 1, column: column,
            found: found ?? token(at: offset), expected: expected)
    }

    /// What a message calls the bytes at a place: a word or number, a character, a byte that is none, or the end.
    private func token(at offset: Int) -> String {
        guard offset < bytes.count else { return "the end of the text" }
        let word = bytes[offset...].prefix(24).prefix { byte in
            isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "+")
                || byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
        }
        if !word.isEmpty { return "\"\(String(decoding: word, as: UTF8.self))\"" }
        let byte = bytes[offset]
        return byte > 0x20 && byte < 0x7F
            ? "\"\(Character(Unicode.Scalar(byte)))\""
            : "the byte 0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16))"
    }
}
