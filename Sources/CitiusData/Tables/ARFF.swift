import CitiusPlatform
import CitiusTensor

/// Weka's format of tables, which OpenML serves: attributes with their types, then a row per line, dense or sparse.
///
/// ```
/// @relation iris
/// @attribute 'petal length' numeric
/// @attribute class {setosa, versicolor, virginica}
/// @data
/// 1.4, setosa
/// {0 4.7, 1 versicolor}
/// ```
///
/// ```swift
/// let iris = try ARFF.read(contentsOf: "iris.arff", layout: TableLayout(target: "class"))
/// ```
///
/// Keywords come in any case, names and values in either quotes with backslashes, `?` is a missing value, and what a
/// sparse row leaves out is 0, of a nominal attribute its first value. Files may be gzipped. Strings and dates are texts,
/// which a layout may ask for; relations within a table are refused. Source:
/// https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/.
public enum ARFF {
    /// Reads a file into memory, in one pass. The target is the last attribute, unless the layout says another.
    ///
    /// - Parameter byteLimit: the most bytes of numbers to accept, of inputs and of targets.
    /// - Throws: a ``DataError`` that names the line, if the file cannot be read or is no such file, or the layout does
    ///   not fit it.
    public static func read(
        contentsOf path: String, layout: TableLayout = TableLayout(),
        upTo byteLimit: Int = IDX.defaultByteLimit
    ) throws(DataError) -> Dataset {
        try read(layout, byteLimit, path) { () throws(DataError) in try FileSource(path: path) }
    }

    /// Reads the contents of such a file from memory. Throws as ``read(contentsOf:layout:upTo:)``.
    public static func parse(
        _ bytes: [UInt8], layout: TableLayout = TableLayout(), upTo byteLimit: Int = IDX.defaultByteLimit
    ) throws(DataError) -> Dataset {
        try read(layout, byteLimit, "the ARFF data") { MemorySource(bytes, name: "the ARFF data") }
    }

    /// A file whose rows are read as they are used, so that it may be larger than memory; it is read once before where
    /// missing values become means.
    ///
    /// - Throws: a ``DataError`` as ``read(contentsOf:layout:upTo:)`` does; what is wrong in the rows is thrown as they are
    ///   read.
    ///
    /// Traps if the layout has texts.
    public static func stream(
        contentsOf path: String, layout: TableLayout = TableLayout()
    ) throws(DataError) -> TableStream {
        let open = { @Sendable () throws(DataError) -> ARFFReader in
            try ARFFReader(plainSource { () throws(DataError) in try FileSource(path: path) })
        }
        let header = try open()
        return try TableStream(
            TablePlan(header.columns, layout, file: header.name),
            metadata: Metadata(name: header.relation, origin: path)
        ) { () throws(DataError) in try open() }
    }

    /// The attributes of a file, of which the header alone is read.
    ///
    /// - Throws: a ``DataError`` as ``read(contentsOf:layout:upTo:)`` does.
    public static func columns(contentsOf path: String) throws(DataError) -> [TableColumn] {
        let open = { () throws(DataError) -> any ByteSource in try FileSource(path: path) }
        return try ARFFReader(plainSource(open)).columns
    }

    /// Reads a file whose columns somebody else describes.
    ///
    /// - Parameters:
    ///   - columns: of the file, under names that may be others.
    ///   - targets: what becomes targets, where the layout names none.
    ///   - features: what becomes inputs, where the layout names none.
    package static func read(
        contentsOf path: String, columns: [TableColumn], targets: [Int], features: [Int], layout: TableLayout,
        metadata: Metadata
    ) throws(DataError) -> Dataset {
        let plan = try TablePlan(columns, layout, targets: targets, features: features, file: path)
        let open = { () throws(DataError) -> any ByteSource in try FileSource(path: path) }
        return try readTable(
            { () throws(DataError) in try ARFFReader(plainSource(open)) }, plan, metadata: metadata,
            byteLimit: IDX.defaultByteLimit, file: path)
    }

    private static func read(
        _ layout: TableLayout, _ byteLimit: Int, _ origin: String,
        from open: () throws(DataError) -> any ByteSource
    ) throws(DataError) -> Dataset {
        let header = try ARFFReader(plainSource(open))
        return try readTable(
            { () throws(DataError) in try ARFFReader(plainSource(open)) },
            TablePlan(header.columns, layout, file: header.name),
            metadata: Metadata(name: header.relation, origin: origin), byteLimit: byteLimit, file: header.name
        )
    }
}

/// An ARFF file whose header is read and whose rows wait.
final class ARFFReader: TableSource {
    let name: String
    /// The name of the table.
    private(set) var relation = ""
    private(set) var columns: [TableColumn] = []
    private(set) var line = 0
    private let lines: LineReader
    /// The indices of each nominal attribute's values.
    private var indices: [[String: Int]] = []
    /// The texts of the last row by their columns, as they stand in its line.
    private var texts: [Int: (bytes: UnsafeBufferPointer<UInt8>, isQuoted: Bool)] = [:]

    init(_ source: any ByteSource) throws(DataError) {
        name = source.name
        lines = LineReader(source)
        try readHeader()
    }

    // MARK: Header

    private func readHeader() throws(DataError) {
        while let bytes = try lines.line() {
            line = lines.number
            var text = ARFFCursor(bytes)
            text.skipSpaces()
            if text.isAtEnd || text.current == UInt8(ascii: "%") { continue }
            let keyword = text.word().lowercased()
            switch keyword {
            case "@relation": relation = try value(&text, "the relation's name") ?? ""
            case "@attribute": try readAttribute(&text)
            case "@data":
                guard !columns.isEmpty else { throw malformed("@data follows no @attribute") }
                return
            default:
                throw malformed(
                    "\"\(keyword.prefix(40))\" is no declaration, expected @relation, @attribute, @data or a comment (%). "
                        + "Is it an ARFF file?")
            }
        }
        throw DataError(
            .malformed, "\(name) is no ARFF file, or is truncated: it has no @data. Get the file again.")
    }

    private func readAttribute(_ text: inout ARFFCursor) throws(DataError) {
        guard let name = try value(&text, "the attribute's name", endsAtSpace: true) else {
            throw malformed("an attribute is called ?, which is a missing value")
        }
        text.skipSpaces()
        var kind = TableColumn.Kind.real
        var values: [String: Int] = [:]
        if text.skip("{") {
            var names: [String] = []
            text.skipSpaces()
            while !text.skip("}") {
                guard let value = try value(&text, "a value of \"\(name.prefix(60))\"", endsAtBrace: true)
                else {
                    throw malformed("a value of \"\(name.prefix(60))\" is ?, which is a missing one")
                }
                guard values.updateValue(names.count, forKey: value) == nil else {
                    throw malformed("\"\(name.prefix(60))\" has the value \"\(value.prefix(60))\" twice")
                }
                names.append(value)
                text.skipSpaces()
                if !text.skip(",") {
                    text.skipSpaces()
                    guard text.skip("}") else {
                        throw malformed("the values of \"\(name.prefix(60))\" do not end with \"}\"")
                    }
                    break
                }
                text.skipSpaces()
            }
            kind = .category(names)
        } else {
            let type = text.word().lowercased()
            switch type {
            case "numeric", "real": kind = .real
            case "integer": kind = .integer
            case "string", "date": kind = .text
            default:
                throw malformed(
                    "\"\(name.prefix(60))\" is of the type \"\(type.prefix(40))\", expected numeric, real, integer, string, "
                        + "date or {values}")
            }
        }
        columns.append(TableColumn(name: name, kind: kind))
        indices.append(values)
    }

    /// A value in quotes or bare; nil for a bare `?`.
    private func value(
        _ text: inout ARFFCursor, _ what: String, endsAtSpace: Bool = false, endsAtBrace: Bool = false
    ) throws(DataError) -> String? {
        text.skipSpaces()
        guard let (bytes, isQuoted) = text.token(endsAtSpace: endsAtSpace, endsAtBrace: endsAtBrace) else {
            throw malformed("\(what) has no closing quote")
        }
        guard isQuoted || !bytes.isEmpty else { throw malformed("\(what) is missing") }
        guard let value = isQuoted ? ARFFCursor.unescaped(bytes) : String(validating: bytes, as: UTF8.self)
        else { throw malformed("\(what) is no UTF-8") }
        return !isQuoted && value == "?" ? nil : value
    }

    // MARK: Rows

    func next(into values: UnsafeMutableBufferPointer<Double>) throws(DataError) -> Bool {
        while let bytes = try lines.line() {
            line = lines.number
            texts.removeAll(keepingCapacity: true)
            var text = ARFFCursor(bytes)
            text.skipSpaces()
            if text.isAtEnd || text.current == UInt8(ascii: "%") { continue }
            if text.skip("{") { try readSparse(&text, values) } else { try readDense(&text, values) }
            return true
        }
        return false
    }

    func text(of column: Int) -> String? {
        guard let (bytes, isQuoted) = texts[column] else { return "" }
        return isQuoted ? ARFFCursor.unescaped(bytes) : String(validating: bytes, as: UTF8.self)
    }

    private func readDense(
        _ text: inout ARFFCursor, _ values: UnsafeMutableBufferPointer<Double>
    ) throws(DataError) {
        for column in 0..<columns.count {
            if column > 0, !text.skip(",") {
                throw malformed(
                    text.isAtEnd
                        ? "the row has \(column) values, expected \(columns.count)"
                        : "the value of \"\(columns[column - 1].name.prefix(60))\" is followed by more than a comma"
                )
            }
            // Whole numbers of few digits are most of what there is.
            if let digits = text.digits() {
                if case .real = columns[column].kind {
                    values[column] = digits.number
                    continue
                }
                text = digits.start
            }
            text.skipSpaces()
            values[column] = try number(&text, column, endsAtBrace: false)
            text.skipSpaces()
        }
        guard text.isAtEnd else { throw malformed("the row has more than \(columns.count) values") }
    }

    private func readSparse(
        _ text: inout ARFFCursor, _ values: UnsafeMutableBufferPointer<Double>
    ) throws(DataError) {
        values.update(repeating: 0)
        for column in columns.indices { if case .text = columns[column].kind { values[column] = .nan } }
        // Indices must grow, so that none comes twice.
        var last = -1
        text.skipSpaces()
        while !text.skip("}") {
            guard let index = text.index(), index < columns.count, index > last else {
                throw malformed(
                    "the sparse row has no index after \(last) and below \(columns.count) where one should be"
                )
            }
            last = index
            text.skipSpaces()
            values[index] = try number(&text, index, endsAtBrace: true)
            text.skipSpaces()
            if !text.skip(",") {
                guard text.skip("}") else { throw malformed("the sparse row does not end with \"}\"") }
                break
            }
            text.skipSpaces()
        }
        text.skipSpaces()
        guard text.isAtEnd else { throw malformed("the sparse row is followed by more") }
    }

    /// The number that the next value stands for.
    private func number(
        _ text: inout ARFFCursor, _ column: Int, endsAtBrace: Bool
    ) throws(DataError) -> Double {
        guard let (bytes, isQuoted) = text.token(endsAtSpace: endsAtBrace, endsAtBrace: endsAtBrace) else {
            throw malformed("the value of \"\(columns[column].name.prefix(60))\" has no closing quote")
        }
        if columns[column].kind == .text {
            texts[column] = (bytes, isQuoted)
            return .nan
        }
        if !isQuoted, bytes.count == 1, bytes[0] == UInt8(ascii: "?") { return .nan }
        func refuse(_ expected: String) -> DataError {
            malformed(
                "the value of \"\(columns[column].name.prefix(60))\" is "
                    + "\"\(String(decoding: bytes.prefix(60), as: UTF8.self))\", expected \(expected)")
        }
        switch columns[column].kind {
        case .real, .integer:
            guard let number = CitiusData.number(in: bytes) else { throw refuse("a number or ?") }
            if columns[column].kind == .integer, !number.isNaN, !isWhole(number) {
                throw refuse("a whole number or ?")
            }
            return number
        case .category:
            let value = isQuoted ? ARFFCursor.unescaped(bytes) : String(validating: bytes, as: UTF8.self)
            guard let index = value.flatMap({ indices[column][$0] }) else {
                throw refuse("one of the attribute's \(indices[column].count) values or ?")
            }
            return Double(index)
        case .text: return .nan
        }
    }

    private func malformed(_ what: String) -> DataError {
        DataError(.malformed, "\(name), line \(line): \(what).")
    }
}

/// Whether a number is one that int64 and double both have exactly, with its neighbours.
func isWhole(_ number: Double) -> Bool { number.magnitude <= 0x1p53 && number == number.rounded() }

/// A place in a line.
private struct ARFFCursor {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var offset = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }
    var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    @inline(__always)
    mutating func skipSpaces() {
        while offset < bytes.count, bytes[offset] == 0x20 || bytes[offset] == 0x09 { offset += 1 }
    }

    @inline(__always)
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    /// What comes before the next space.
    mutating func word() -> String {
        let start = offset
        while offset < bytes.count, bytes[offset] != 0x20, bytes[offset] != 0x09 { offset += 1 }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    /// A number of up to nine digits that ends at a comma or the line's end, and where it began; else nothing is read.
    @inline(__always)
    mutating func digits() -> (number: Double, start: ARFFCursor)? {
        let start = self
        var index = offset
        let end = min(bytes.count, offset + 9)
        var number: UInt32 = 0
        while index < end, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
            number = number &* 10 &+ UInt32(digit)
            index += 1
        }
        guard index > offset, index == bytes.count || bytes[index] == UInt8(ascii: ",") else { return nil }
        offset = index
        return (Double(number), start)
    }

    /// The index of a sparse value.
    mutating func index() -> Int? {
        let start = offset
        var number = 0
        while offset < bytes.count, offset < start + 9, case let digit = bytes[offset] &- UInt8(ascii: "0"),
            digit < 10
        {
            number = number * 10 + Int(digit)
            offset += 1
        }
        return offset > start ? number : nil
    }

    /// The bytes within quotes, escapes as they are, or up to a comma or what else ends a bare value, without the spaces
    /// at the end. Nil if a quote is not closed.
    mutating func token(
        endsAtSpace: Bool, endsAtBrace: Bool
    ) -> (bytes: UnsafeBufferPointer<UInt8>, isQuoted: Bool)? {
        if let quote = current, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") {
            offset += 1
            let start = offset
            while offset < bytes.count, bytes[offset] != quote {
                offset += bytes[offset] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard offset < bytes.count else {
                offset = bytes.count
                return nil
            }
            offset += 1
            return (UnsafeBufferPointer(rebasing: bytes[start..<offset - 1]), true)
        }
        let start = offset
        while offset < bytes.count, bytes[offset] != UInt8(ascii: ",") || endsAtSpace && !endsAtBrace,
            !(endsAtBrace && bytes[offset] == UInt8(ascii: "}")),
            !(endsAtSpace && (bytes[offset] == 0x20 || bytes[offset] == 0x09))
        { offset += 1 }
        var end = offset
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return (UnsafeBufferPointer(rebasing: bytes[start..<end]), false)
    }

    /// The text of bytes within quotes; nil if it is no UTF-8.
    static func unescaped(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard bytes.contains(UInt8(ascii: "\\")) else { return String(validating: bytes, as: UTF8.self) }
        var plain: [UInt8] = []
        var index = 0
        while index < bytes.count {
            var byte = bytes[index]
            if byte == UInt8(ascii: "\\"), index + 1 < bytes.count {
                index += 1
                byte = bytes[index]
                switch byte {
                case UInt8(ascii: "n"): byte = 0x0A
                case UInt8(ascii: "r"): byte = 0x0D
                case UInt8(ascii: "t"): byte = 0x09
                default: break
                }
            }
            plain.append(byte)
            index += 1
        }
        return String(validating: plain, as: UTF8.self)
    }
}
