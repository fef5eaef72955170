import CitiusPlatform
import CitiusTensor

/// Tables as text: a row per line, values between commas (RFC 4180), the columns' names in the first line.
///
/// ```
/// species,island,bill_length_mm,"body mass, g"
/// Adelie,Torgersen,39.1,3750
/// Adelie,Torgersen,NA,NA
/// ```
///
/// ```swift
/// let penguins = try CSV.read(
///     contentsOf: "penguins.csv", layout: TableLayout(target: "species", missing: .mean))
/// let clicks = try CSV.stream(contentsOf: "clicks.csv", layout: TableLayout(target: "clicked"))
/// try model.fit(clicks.batched(256).shuffled(), epochs: 3)   // larger than memory
/// ```
///
/// What a column holds shows in its values, as in pandas: numbers (whole or not), or else categories, in the order of
/// their names, or texts where these are many. ``Options/kinds`` says otherwise, and gives several files the same
/// categories. ``TableLayout`` says what becomes of the columns.
///
/// Values with commas, quotes or line ends stand in quotes, in which a quote is doubled; lines end in LF or CRLF, empty
/// ones are skipped, a byte order mark too. Files may be gzipped.
public enum CSV {
    /// How a file is written.
    public struct Options: Sendable {
        /// What stands between two values: a comma, a semicolon, a tab.
        public var delimiter: Unicode.Scalar
        /// Whether the first line has the columns' names. If not, they are called `column_0`, `column_1`, ….
        public var hasHeader: Bool
        /// What stands for a value that is missing, in quotes or not. By default what pandas takes for it.
        public var missing: Set<String>
        /// What columns hold, by their names; of others, their values tell.
        public var kinds: [String: TableColumn.Kind]
        /// The most different values of a column of categories. One with more holds texts.
        public var categoryLimit: Int
        /// How many rows tell what columns hold; nil: all, so that a file is read once more for it.
        public var inferenceRows: Int?

        /// Traps if the delimiter is a quote, a line end or no ASCII character, or a number is negative.
        public init(
            delimiter: Unicode.Scalar = ",", hasHeader: Bool = true,
            missing: Set<String> = Options.pandasMissing, kinds: [String: TableColumn.Kind] = [:],
            categoryLimit: Int = 1_000, inferenceRows: Int? = nil
        ) {
            require(
                delimiter.isASCII && !"\"\n\r".unicodeScalars.contains(delimiter),
                "CSV.Options: the delimiter is \"\(delimiter)\", expected an ASCII character other than quotes and line ends"
            )
            require(
                categoryLimit >= 0 && inferenceRows ?? 0 >= 0,
                "CSV.Options: categoryLimit is \(categoryLimit) and inferenceRows \(inferenceRows ?? 0), expected at least 0"
            )
            self.delimiter = delimiter
            self.hasHeader = hasHeader
            self.missing = missing
            self.kinds = kinds
            self.categoryLimit = categoryLimit
            self.inferenceRows = inferenceRows
        }

        /// The strings that `pandas.read_csv` takes for missing values.
        public static let pandasMissing: Set<String> = [
            "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN",
            "<NA>",
            "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
        ]
    }

    /// Reads a file into memory. The target is the last column, unless the layout says another.
    ///
    /// - Parameter byteLimit: the most bytes of numbers to accept, of inputs and of targets.
    /// - Throws: a ``DataError`` that names the line, if the file cannot be read or is no such table, or the layout does
    ///   not fit it.
    public static func read(
        contentsOf path: String, layout: TableLayout = TableLayout(), options: Options = Options(),
        upTo byteLimit: Int = IDX.defaultByteLimit
    ) throws(DataError) -> Dataset {
        try CSVTable(path, layout, options).read(byteLimit)
    }

    /// Reads the contents of such a file from memory. Throws as ``read(contentsOf:layout:options:upTo:)``.
    public static func parse(
        _ bytes: [UInt8], layout: TableLayout = TableLayout(), options: Options = Options(),
        upTo byteLimit: Int = IDX.defaultByteLimit
    ) throws(DataError) -> Dataset {
        try CSVTable(bytes, layout, options).read(byteLimit)
    }

    /// The columns of a file, and what they hold.
    ///
    /// - Throws: a ``DataError`` as ``read(contentsOf:layout:options:upTo:)`` does.
    public static func columns(
        contentsOf path: String, options: Options = Options()
    ) throws(DataError) -> [TableColumn] {
        try CSVReader.inferredColumns(options, texts: []) { () throws(DataError) in
            try plainSource { () throws(DataError) in try FileSource(path: path) }
        }
    }

    /// A file whose rows are read as they are used, so that it may be larger than memory. It is read once before, for
    /// what its columns hold (``Options/inferenceRows``), and again where missing values become means.
    ///
    /// - Throws: a ``DataError`` as ``read(contentsOf:layout:options:upTo:)`` does; what is wrong in later rows is thrown
    ///   as they are read.
    ///
    /// Traps if the layout has texts.
    public static func stream(
        contentsOf path: String, layout: TableLayout = TableLayout(), options: Options = Options()
    ) throws(DataError) -> TableStream {
        let table = try CSVTable(path, layout, options)
        return try TableStream(table.plan, metadata: table.metadata) { () throws(DataError) in
            try table.reader()
        }
    }
}

/// A file with its columns known.
private struct CSVTable: Sendable {
    let plan: TablePlan
    private let options: CSV.Options
    /// The file, or what is in its place.
    private let path: String?
    private let bytes: [UInt8]

    init(_ path: String, _ layout: TableLayout, _ options: CSV.Options) throws(DataError) {
        try self.init(path, [], layout, options)
    }

    init(_ bytes: [UInt8], _ layout: TableLayout, _ options: CSV.Options) throws(DataError) {
        try self.init(nil, bytes, layout, options)
    }

    private init(
        _ path: String?, _ bytes: [UInt8], _ layout: TableLayout, _ options: CSV.Options
    ) throws(DataError) {
        self.path = path
        self.bytes = bytes
        self.options = options
        let columns = try CSVReader.inferredColumns(options, texts: Set(layout.texts)) {
            () throws(DataError) in try Self.open(path, bytes)
        }
        plan = try TablePlan(columns, layout, file: path ?? Self.name)
    }

    private static let name = "the CSV data"

    private static func open(_ path: String?, _ bytes: [UInt8]) throws(DataError) -> any ByteSource {
        try plainSource { () throws(DataError) in
            if let path { try FileSource(path: path) } else { MemorySource(bytes, name: name) }
        }
    }

    var metadata: Metadata { Metadata(origin: path ?? Self.name) }

    func reader() throws(DataError) -> any TableSource {
        try CSVReader(Self.open(path, bytes), options, columns: plan.columns)
    }

    func read(_ byteLimit: Int) throws(DataError) -> Dataset {
        try readTable(
            { () throws(DataError) in try reader() }, plan, metadata: metadata, byteLimit: byteLimit,
            file: path ?? Self.name)
    }
}

/// A CSV file whose header is read and whose rows wait.
final class CSVReader: TableSource {
    let name: String
    private(set) var columns: [TableColumn]
    private(set) var line = 0
    private let lines: LineReader
    private let delimiter: UInt8
    private let missing: Set<[UInt8]>
    /// The longest of `missing`.
    private let missingLimit: Int
    /// The indices of each category's values.
    private var indices: [[String: Int]] = []
    /// The record that was read last, and its fields.
    private var record = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    private var fields: [Field] = []

    private struct Field {
        /// Without the quotes.
        var range: Range<Int>
        var hasDoubledQuotes = false
    }

    /// - Parameter columns: as the file has them; nil: the header alone tells their names.
    init(_ source: any ByteSource, _ options: CSV.Options, columns: [TableColumn]?) throws(DataError) {
        name = source.name
        lines = LineReader(source)
        delimiter = UInt8(ascii: options.delimiter)
        missing = Set(options.missing.map { Array($0.utf8) })
        missingLimit = missing.map(\.count).max() ?? -1
        self.columns = []
        try readHeader(options.hasHeader)
        if let columns {
            self.columns = columns
            indices = columns.map { column in
                guard case .category(let names) = column.kind else { return [:] }
                return Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
            }
        }
    }

    // MARK: Header

    private func readHeader(_ hasHeader: Bool) throws(DataError) {
        guard try readRecord() else {
            throw DataError(.empty, "\(name) is empty, expected a table. Get the file again.")
        }
        var seen: Set<String> = []
        for column in fields.indices {
            var name = "column_\(column)"
            if hasHeader {
                guard let text = text(of: column) else { throw notUTF8("the name of column \(column)") }
                if !text.isEmpty { name = text }
            }
            guard seen.insert(name).inserted else {
                throw malformed("two columns are called \"\(name.prefix(60))\"")
            }
            columns.append(TableColumn(name: name, kind: .text))
        }
        isAtFirstRow = !hasHeader
    }

    /// Whether the record that was read last is the first row, since there is no header.
    private var isAtFirstRow = false

    // MARK: Columns

    /// What the columns of a file hold.
    ///
    /// - Parameter texts: the columns that hold texts, whatever they look like.
    static func inferredColumns(
        _ options: CSV.Options, texts: Set<String>, _ open: () throws(DataError) -> any ByteSource
    ) throws(DataError) -> [TableColumn] {
        let reader = try CSVReader(open(), options, columns: nil)
        for name in options.kinds.keys where !reader.columns.contains(where: { $0.name == name }) {
            throw DataError(
                .missing, "\(reader.name) has no column \"\(name.prefix(60))\", whose kind is given.")
        }
        var kinds = reader.columns.map { column in
            texts.contains(column.name) ? TableColumn.Kind.text : options.kinds[column.name]
        }
        let open = kinds.indices.filter { kinds[$0] == nil }
        var guesses = open.map { _ in ColumnGuess(categoryLimit: options.categoryLimit) }
        var rows = 0
        while rows < options.inferenceRows ?? .max, !open.isEmpty, try reader.nextRecord() {
            rows += 1
            for (index, column) in open.enumerated() {
                let bytes = reader.value(of: column)
                if reader.isMissing(bytes) { continue }
                guard guesses[index].see(bytes) else {
                    throw reader.notUTF8("the value of \"\(reader.columns[column].name.prefix(60))\"")
                }
            }
        }
        for (index, column) in open.enumerated() { kinds[column] = guesses[index].kind }
        return zip(reader.columns, kinds).map { TableColumn(name: $0.name, kind: $1 ?? .text) }
    }

    // MARK: Rows

    func next(into values: UnsafeMutableBufferPointer<Double>) throws(DataError) -> Bool {
        guard try nextRecord() else { return false }
        for column in columns.indices {
            let bytes = value(of: column)
            switch columns[column].kind {
            case .text: values[column] = .nan
            case .real, .integer:
                // Most values are numbers; what is none may be missing.
                guard let number = Self.number(bytes) else {
                    guard isMissing(bytes) else { throw refuse(column, "a number") }
                    values[column] = .nan
                    continue
                }
                if columns[column].kind == .integer, !number.isNaN, !isWhole(number) {
                    throw refuse(column, "a whole number")
                }
                values[column] = number
            case .category:
                if let index = String(validating: bytes, as: UTF8.self).flatMap({ indices[column][$0] }) {
                    values[column] = Double(index)
                } else {
                    guard isMissing(bytes) else {
                        throw refuse(column, "one of its \(indices[column].count) categories")
                    }
                    values[column] = .nan
                }
            }
        }
        return true
    }

    func text(of column: Int) -> String? { String(validating: value(of: column), as: UTF8.self) }

    /// Reads the next row, and checks that it has as many values as there are columns.
    private func nextRecord() throws(DataError) -> Bool {
        if isAtFirstRow {
            isAtFirstRow = false
        } else if try !readRecord() {
            return false
        }
        guard fields.count == columns.count else {
            throw malformed("the row has \(fields.count) values, expected \(columns.count)")
        }
        return true
    }

    /// Reads the next record that is no empty line; false at the end.
    private func readRecord() throws(DataError) -> Bool {
        repeat {
            guard let bytes = try lines.line() else { return false }
            line = lines.number
            record = bytes
            if line == 1, record.starts(with: [0xEF, 0xBB, 0xBF]) {
                try split(from: 3)
            } else {
                try split(from: 0)
            }
        } while record.isEmpty || record.count == 3 && line == 1 && fields[0].range.isEmpty
        return true
    }

    /// Finds the fields of the record, which goes on over line ends within quotes.
    private func split(from start: Int) throws(DataError) {
        fields.removeAll(keepingCapacity: true)
        let quote = UInt8(ascii: "\"")
        var offset = start
        while true {
            if offset < record.count, record[offset] == quote {
                offset += 1
                var field = Field(range: offset..<offset)
                while true {
                    while offset < record.count, record[offset] != quote { offset += 1 }
                    if offset == record.count {
                        // Places within the record stay as lines are added, but for the one before the line's end.
                        guard let longer = try lines.extended() else {
                            throw malformed("a value has no closing quote")
                        }
                        record = longer
                    } else if offset + 1 < record.count, record[offset + 1] == quote {
                        field.hasDoubledQuotes = true
                        offset += 2
                    } else {
                        break
                    }
                }
                field.range = field.range.lowerBound..<offset
                fields.append(field)
                offset += 1
                guard offset == record.count || record[offset] == delimiter else {
                    throw malformed("a value goes on after its closing quote")
                }
            } else {
                let begin = offset
                while offset < record.count, record[offset] != delimiter { offset += 1 }
                fields.append(Field(range: begin..<offset))
            }
            if offset == record.count { return }
            offset += 1
        }
    }

    /// The bytes of a value, valid until the next row is read.
    private func value(of column: Int) -> UnsafeBufferPointer<UInt8> {
        let field = fields[column]
        let bytes = UnsafeBufferPointer(rebasing: record[field.range])
        guard field.hasDoubledQuotes else { return bytes }
        return scratch.fill(bytes)
    }

    private let scratch = Scratch()

    /// Room for one value at a time.
    private final class Scratch {
        private var buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 64)
        deinit { buffer.deallocate() }

        /// The bytes with every other quote of a pair left out.
        func fill(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
            if bytes.count > buffer.count {
                buffer.deallocate()
                buffer = .allocate(capacity: 2 * bytes.count)
            }
            var (from, to) = (0, 0)
            while from < bytes.count {
                buffer[to] = bytes[from]
                from += bytes[from] == UInt8(ascii: "\"") ? 2 : 1
                to += 1
            }
            return UnsafeBufferPointer(rebasing: UnsafeBufferPointer(buffer)[..<to])
        }
    }

    private func isMissing(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.count <= missingLimit && missing.contains(Array(bytes))
    }

    /// The number that a value is, spaces around it aside. What is written as NaN is missing.
    @inline(__always)
    fileprivate static func number(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        var (start, end) = (0, bytes.count)
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return CitiusData.number(in: UnsafeBufferPointer(rebasing: bytes[start..<end]))
    }

    // MARK: Errors

    private func refuse(_ column: Int, _ expected: String) -> DataError {
        malformed(
            "the value of \"\(columns[column].name.prefix(60))\" is "
                + "\"\(String(decoding: value(of: column).prefix(60), as: UTF8.self))\", expected \(expected). Say otherwise by kinds, or let more rows tell (inferenceRows)"
        )
    }

    fileprivate func notUTF8(_ what: String) -> DataError {
        malformed("\(what) is no UTF-8. Convert the file, for instance by iconv -t utf-8")
    }

    private func malformed(_ what: String) -> DataError {
        DataError(.malformed, "\(name), line \(line): \(what).")
    }
}

/// What a column's values look like.
private struct ColumnGuess {
    let categoryLimit: Int
    private var hasOnlyNumbers = true
    private var hasOnlyWholeNumbers = true
    private var hasValues = false
    /// The different values, up to one more than may be categories.
    private var values: Set<String> = []

    init(categoryLimit: Int) { self.categoryLimit = categoryLimit }

    /// False if the value is no UTF-8.
    mutating func see(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        hasValues = true
        if hasOnlyNumbers {
            if let number = CSVReader.number(bytes) {
                hasOnlyWholeNumbers = hasOnlyWholeNumbers && isWhole(number)
            } else {
                hasOnlyNumbers = false
            }
        }
        if values.count <= categoryLimit {
            guard let text = String(validating: bytes, as: UTF8.self) else { return hasOnlyNumbers }
            values.insert(text)
        }
        return true
    }

    var kind: TableColumn.Kind {
        if hasOnlyNumbers { return hasOnlyWholeNumbers && hasValues ? .integer : .real }
        if values.count > categoryLimit { return .text }
        return .category(values.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }
}
