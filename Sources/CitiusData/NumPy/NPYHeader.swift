import CitiusPlatform
import CitiusTensor

/// The types of elements of NumPy's that a tensor can take.
enum NPYType: Equatable {
    case bool, int8, uint8, int16, uint16, int32, uint32, int64, uint64, float16, float32, float64
    /// Strings of so many bytes.
    case bytes(Int)
    /// Strings of so many Unicode scalars, four bytes each.
    case text(Int)

    /// - Parameter code: NumPy's, without the byte order: `f4`, `S10`, ….
    init?(_ code: Substring) {
        switch code {
        case "b1", "?": self = .bool
        case "i1", "b": self = .int8
        case "u1", "B": self = .uint8
        case "i2": self = .int16
        case "u2": self = .uint16
        case "i4": self = .int32
        case "u4": self = .uint32
        case "i8": self = .int64
        case "u8": self = .uint64
        case "f2": self = .float16
        case "f4": self = .float32
        case "f8": self = .float64
        default:
            // Digits alone: Int takes a sign too.
            guard let kind = code.first, let count = Int(code.dropFirst()), count <= Int32.max / 4,
                code.utf8.dropFirst().allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
            else { return nil }
            switch kind {
            case "S", "a": self = .bytes(count)
            case "U": self = .text(count)
            default: return nil
            }
        }
    }

    /// Bytes per element in the file.
    var byteCount: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16, .float16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        case .bytes(let count): count
        case .text(let count): 4 * count
        }
    }

    /// What a tensor of such elements has.
    var dtype: DType {
        switch self {
        case .bool: .bool
        case .uint8, .bytes, .text: .uint8
        case .int8, .int16, .uint16, .int32: .int32
        case .uint32, .int64, .uint64: .int64
        case .float16, .float32: .float32
        case .float64: .float64
        }
    }

    /// How the elements lie in the file; nil of strings, and of numbers of which no tensor has some.
    var kind: ElementEncoding.Kind? {
        switch self {
        case .bool: .bool
        case .int8: .int8
        case .uint8: .uint8
        case .int16: .int16
        case .uint16: .uint16
        case .int32: .int32
        case .uint32: .uint32
        case .int64: .int64
        case .float16: .float16
        case .float32: .float32
        case .float64: .float64
        case .uint64, .bytes, .text: nil
        }
    }
}

/// What a `.npy` file says before its elements.
///
/// Magic `\x93NUMPY`, version, length, and a Python dictionary of `descr`, `fortran_order` and `shape` in any order:
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
struct NPYHeader {
    var type = NPYType.float32
    var isBigEndian = false
    var isFortranOrder = false
    var sizes: [Int] = []
    /// Bytes before the first element.
    let dataStart: Int

    /// NumPy's own limit, as it holds where objects are not allowed.
    static let headerLimit = 10_000
    /// NumPy's own limit.
    private static let rankLimit = 64

    /// Reads up to the first element.
    init(_ source: any ByteSource) throws(DataError) {
        let start = try source.readBytes(8)
        guard start.starts(with: [0x93] + Array("NUMPY".utf8)) else {
            let found = start.map { hexadecimal($0) }.joined(separator: " ")
            throw DataError(
                .malformed,
                "\(source.name) is no .npy file: it starts with [\(found)], expected 93 and NUMPY. "
                    + "Save it by numpy.save.")
        }
        guard start.count == 8, (1...3).contains(start[6]), start[7] == 0 else {
            throw DataError(
                .malformed,
                "\(source.name) has version \(start.dropFirst(6).map { "\($0)" }.joined(separator: ".")) of the .npy "
                    + "format, expected 1.0, 2.0 or 3.0. Save it again, by numpy.save.")
        }
        let lengthBytes = try source.readBytes(start[6] == 1 ? 2 : 4)
        let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard lengthBytes.count == (start[6] == 1 ? 2 : 4) else { throw Self.truncated(source.name) }
        guard length <= Self.headerLimit else {
            throw DataError(
                .tooLarge,
                "\(source.name) claims a header of \(length) bytes; at most \(Self.headerLimit) are read, as in NumPy. "
                    + "Its elements have fields, or it is damaged.")
        }
        let text = try source.readBytes(length)
        guard text.count == length else { throw Self.truncated(source.name) }
        dataStart = 8 + lengthBytes.count + length
        var literal = PythonLiteral(text, file: source.name)
        try readDictionary(&literal, source.name)
    }

    private static func truncated(_ name: String) -> DataError {
        DataError(.malformed, "\(name) is truncated: it ends within its header. Get the file again.")
    }

    private mutating func readDictionary(_ text: inout PythonLiteral, _ name: String) throws(DataError) {
        var missing: Set = ["descr", "fortran_order", "shape"]
        try text.expect("{")
        while !text.skip("}") {
            let key = try text.string()
            guard missing.remove(key) != nil else {
                throw text.malformed(
                    "has the key '\(key.prefix(40))', expected descr, fortran_order and shape, each once")
            }
            try text.expect(":")
            switch key {
            case "descr": try readType(&text, name)
            case "fortran_order": isFortranOrder = try text.bool()
            default: sizes = try text.tuple(upTo: Self.rankLimit)
            }
            if !text.skip(",") {
                try text.expect("}")
                break
            }
        }
        guard missing.isEmpty else {
            throw text.malformed("has no \(missing.sorted().joined(separator: " and no "))")
        }
        try text.end()
    }

    private mutating func readType(_ text: inout PythonLiteral, _ name: String) throws(DataError) {
        func unsupported(_ what: String) -> DataError {
            DataError(
                .unsupportedType,
                "\(name): its elements are \(what), which no Tensor holds. Save them as numbers, by astype, or as "
                    + "strings of one length.")
        }
        // A list of fields, or a tuple.
        if text.skip("[") || text.skip("(") { throw unsupported("records with fields") }
        let descr = try text.string()
        var code = Substring(descr)
        var order = Character("=")
        if let first = code.first, "<>|=".contains(first) {
            order = first
            code.removeFirst()
        }
        guard let type = NPYType(code) else {
            throw unsupported(code.first == "O" ? "Python objects" : "of type '\(descr.prefix(40))'")
        }
        self.type = type
        isBigEndian = order == ">" || (order == "=" && 1.bigEndian == 1)
    }

    /// The tensor's shape: that of strings has their bytes as its last axis.
    func shape(stringByteCount: Int? = nil) -> Shape {
        switch type {
        case .bytes(let count): Shape(sizes + [count])
        case .text: Shape(sizes + [stringByteCount ?? 0])
        default: Shape(sizes)
        }
    }

    /// Bytes of the elements in the file, after a check that they, and the tensor's, can be counted and are within a
    /// limit. Sizes beside a zero count too: strides are their products.
    func byteCount(upTo limit: Int, _ name: String) throws(DataError) -> Int {
        var product = max(type.byteCount, type.dtype.byteCount)
        for size in sizes {
            let (next, overflows) = product.multipliedReportingOverflow(by: max(size, 1))
            guard !overflows, next <= limit else {
                throw DataError(
                    .tooLarge,
                    "\(name) claims the shape \(sizes), more than the limit of \(limit) bytes. If the file is trusted, "
                        + "raise the limit; else its header is corrupt.")
            }
            product = next
        }
        return sizes.reduce(type.byteCount, *)
    }
}

/// Reads the few forms of Python's literals that a header has.
private struct PythonLiteral {
    private let bytes: [UInt8]
    private let file: String
    private var offset = 0

    init(_ bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
    }

    private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipWhiteSpace() {
        while let byte = current, byte == 0x20 || (0x09...0x0D).contains(byte) { offset += 1 }
    }

    /// Moves over the character if it comes next.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipWhiteSpace()
        guard current == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar) throws(DataError) {
        guard skip(character) else { throw unexpected("\"\(character)\"") }
    }

    mutating func end() throws(DataError) {
        skipWhiteSpace()
        if current != nil { throw unexpected("its end") }
    }

    var isAtString: Bool {
        mutating get {
            skipWhiteSpace()
            return current == UInt8(ascii: "'") || current == UInt8(ascii: "\"")
        }
    }

    /// A string in either quotes. Those of headers have no escapes.
    mutating func string() throws(DataError) -> String {
        guard isAtString, let quote = current else { throw unexpected("a string in quotes") }
        let start = offset + 1
        guard let end = bytes[start...].firstIndex(of: quote) else { throw unexpected("a closing quote") }
        offset = end + 1
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    mutating func bool() throws(DataError) -> Bool {
        skipWhiteSpace()
        for (word, value) in [("True", true), ("False", false)] where bytes[offset...].starts(with: word.utf8)
        {
            offset += word.utf8.count
            return value
        }
        throw unexpected("True or False")
    }

    /// A tuple of sizes: `()`, `(3,)`, `(3, 4)`. Python 2 wrote `3L`.
    mutating func tuple(upTo limit: Int) throws(DataError) -> [Int] {
        try expect("(")
        var sizes: [Int] = []
        while !skip(")") {
            guard sizes.count < limit else { throw malformed("has a shape of more than \(limit) axes") }
            skipWhiteSpace()
            var size = 0
            let start = offset
            while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                let (tens, overflows) = size.multipliedReportingOverflow(by: 10)
                let (sum, overflowsToo) = tens.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
                guard !overflows, !overflowsToo else {
                    throw malformed("has an axis longer than 64 bits say")
                }
                size = sum
                offset += 1
            }
            guard offset > start else { throw unexpected("an axis of the shape, a number from 0") }
            _ = skip("L")
            sizes.append(size)
            if !skip(",") {
                try expect(")")
                break
            }
        }
        return sizes
    }

    private func unexpected(_ expected: String) -> DataError {
        let found =
            current.map { $0 > 0x20 && $0 < 0x7F ? "\"\(Unicode.Scalar($0))\"" : "the byte \($0)" }
            ?? "its end"
        return malformed("has \(found) at byte \(offset), expected \(expected)")
    }

    func malformed(_ what: String) -> DataError {
        DataError(.malformed, "\(file): its header \(what). Save it again, by numpy.save.")
    }
}
