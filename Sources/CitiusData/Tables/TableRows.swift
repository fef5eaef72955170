import CitiusPlatform
import CitiusTensor

/// Where rows of numbers go.
protocol RowSink: AnyObject {
    func append(_ row: UnsafeBufferPointer<Double>) throws(DataError)
}

/// Rows of numbers in memory: bytes as long as all are whole numbers from 0 to 255, then what they are to become.
///
/// The memory grows in place where the system can (`mremap` of large blocks) and becomes the tensor's.
final class MemoryRows: RowSink {
    private let width: Int
    private let dtype: DType
    private let file: String
    private let byteLimit: Int
    private var memory = GrowingMemory()
    private var holdsBytes: Bool
    private(set) var count = 0

    /// - Parameters:
    ///   - width: numbers in a row.
    ///   - dtype: what the tensor has, where it does not have bytes.
    ///   - allowsBytes: whether it may.
    ///   - byteLimit: what may be held.
    init(width: Int, dtype: DType, allowsBytes: Bool, byteLimit: Int, file: String) {
        self.width = width
        self.dtype = dtype
        self.byteLimit = byteLimit
        self.file = file
        holdsBytes = allowsBytes
    }

    func append(_ row: UnsafeBufferPointer<Double>) throws(DataError) {
        if holdsBytes {
            let out = try room(for: 1)
            // Without a branch for each number: the conversion saturates neither, so the range is checked on the number.
            var isByte = true
            for index in row.indices {
                let number = row[index]
                let byte = UInt8(truncatingIfNeeded: Int32(max(-1, min(256, number.isNaN ? -1 : number))))
                isByte = isByte && Double(byte) == number
                out.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
            }
            if isByte {
                count += 1
                return
            }
            try widen()
        }
        switch dtype {
        case .float64: try store(row, Double.self) { $0 }
        case .int64: try store(row, Int64.self) { Int64($0) }
        default: try store(row, Float.self) { Float($0) }
        }
        count += 1
    }

    @inline(__always)
    private func store<T: BitwiseCopyable>(
        _ row: UnsafeBufferPointer<Double>, _ type: T.Type, _ convert: (Double) -> T
    ) throws(DataError) {
        let out = try room(for: MemoryLayout<T>.size).assumingMemoryBound(to: T.self)
        for index in row.indices { out[index] = convert(row[index]) }
    }

    /// Where the next row goes.
    private func room(for elementByteCount: Int) throws(DataError) -> UnsafeMutableRawPointer {
        let rowByteCount = width * elementByteCount
        guard (count + 1) * rowByteCount <= byteLimit else {
            throw DataError(
                .tooLarge,
                "\(file) has more than the limit of \(byteLimit) bytes of numbers, by its row \(count + 1) of \(width). "
                    + "If the file is trusted, raise the limit, or convert it to a file that is mapped.")
        }
        memory.reserve((count + 1) * rowByteCount)
        return memory.pointer + count * rowByteCount
    }

    /// From bytes to the final type, from the end on: what is written never reaches what is still unread.
    private func widen() throws(DataError) {
        holdsBytes = false
        let elements = count * width
        guard elements * dtype.byteCount <= byteLimit else { _ = try room(for: dtype.byteCount); return }
        memory.reserve(elements * dtype.byteCount)
        let pointer = memory.pointer
        for index in stride(from: elements - 1, through: 0, by: -1) {
            let byte = pointer.load(fromByteOffset: index, as: UInt8.self)
            switch dtype {
            case .float64: pointer.storeBytes(of: Double(byte), toByteOffset: 8 * index, as: Double.self)
            case .int64: pointer.storeBytes(of: Int64(byte), toByteOffset: 8 * index, as: Int64.self)
            default: pointer.storeBytes(of: Float(byte), toByteOffset: 4 * index, as: Float.self)
            }
        }
    }

    /// The tensor [rows, numbers in a row], or [rows]; the end of this.
    func finish(flat: Bool = false) -> Tensor {
        let dtype = holdsBytes ? .uint8 : dtype
        let shape: Shape = flat ? [count] : [count, width]
        memory.trim(shape.byteCount(of: dtype))
        guard count > 0 else { return Tensor(uninitialized: shape, dtype: dtype) }
        return Tensor(
            storage: Storage(
                memory.pointer, byteCount: shape.byteCount(of: dtype), owner: memory, isWritable: true),
            offset: 0, shape: shape, dtype: dtype)
    }
}

/// A block of memory that grows by doubling.
private final class GrowingMemory: @unchecked Sendable {
    private(set) var pointer = UnsafeMutableRawPointer.allocate(byteCount: 0, alignment: 1)
    private var byteCount = 0
    private var isSystems = false

    deinit { release() }

    private func release() { if isSystems { free(pointer) } else { pointer.deallocate() } }

    func reserve(_ needed: Int) {
        if needed > byteCount { resize(max(needed, 2 * byteCount, 1 << 12)) }
    }

    func trim(_ needed: Int) { if needed < byteCount, needed > 0 { resize(needed) } }

    private func resize(_ count: Int) {
        guard let grown = realloc(isSystems ? pointer : nil, count) else {
            fail("The system has no \(count) bytes for the rows of a table")
        }
        if !isSystems { pointer.deallocate() }
        isSystems = true
        pointer = grown
        byteCount = count
    }
}

/// The texts of a column.
final class TextRows {
    private(set) var texts: [String] = []
    func append(_ text: String) { texts.append(text) }
}

/// The rows of a table, laid out one by one.
final class TableRows {
    private let source: any TableSource
    private let plan: TablePlan
    /// What takes the place of a missing value of each column.
    private let replacements: [Double]
    private let values: UnsafeMutableBufferPointer<Double>
    private let row: UnsafeMutableBufferPointer<Double>

    init(_ source: any TableSource, _ plan: TablePlan, replacements: [Double]) {
        self.source = source
        self.plan = plan
        self.replacements = replacements
        values = .allocate(capacity: plan.columns.count)
        row = .allocate(capacity: plan.width)
    }

    deinit {
        values.deallocate()
        row.deallocate()
    }

    /// What takes the place of missing values. Reads the table where that is their mean.
    static func replacements(
        _ plan: TablePlan, _ open: () throws(DataError) -> any TableSource
    ) throws(DataError) -> [Double] {
        var replacements = [Double](repeating: .nan, count: plan.columns.count)
        switch plan.missing {
        case .mean: replacements = try columnMeans(open, plan)
        case .replaced(let number):
            for feature in plan.features { replacements[feature.column] = number }
        case .refused, .dropped, .kept: break
        }
        return replacements
    }

    /// Reads a row that is one of the data's; false at the end.
    ///
    /// - Parameters:
    ///   - inputs: takes the features.
    ///   - targets: take a target each.
    ///   - texts: take a text each.
    func next(
        inputs: any RowSink, targets: [any RowSink], texts: [TextRows]
    ) throws(DataError) -> Bool {
        repeat {
            guard try source.next(into: values) else { return false }
        } while try !takes(values, plan, source)
        for (sink, target) in zip(targets, plan.targets) {
            try sink.append(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(values)[target...target]))
        }
        for (sink, column) in zip(texts, plan.texts) { sink.append(try text(of: column)) }
        if let range = plan.featureRange, plan.missing == .refused || plan.missing == .dropped {
            try inputs.append(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(values)[range]))
        } else {
            lay(values, plan, replacements, into: row)
            try inputs.append(UnsafeBufferPointer(row))
        }
        return true
    }

    private func text(of column: Int) throws(DataError) -> String {
        if case .category(let names) = plan.columns[column].kind {
            return values[column].isNaN ? "" : names[Int(values[column])]
        }
        guard let text = source.text(of: column) else {
            throw DataError(
                .malformed,
                "\(source.name), line \(source.line): the value of \"\(plan.columns[column].name.prefix(60))\" is no "
                    + "UTF-8. Convert the file, for instance by iconv -t utf-8.")
        }
        return text
    }
}

/// Whether a row is one of the data's: false if it is to be dropped for what is missing.
private func takes(
    _ values: UnsafeMutableBufferPointer<Double>, _ plan: TablePlan, _ source: any TableSource
) throws(DataError) -> Bool {
    func refuse(_ column: Int, _ advice: String) -> DataError {
        DataError(
            .malformed,
            "\(source.name), line \(source.line): the value of \"\(plan.columns[column].name.prefix(60))\" is missing. "
                + advice)
    }
    for target in plan.targets where values[target].isNaN {
        if plan.missing == .dropped { return false }
        throw refuse(target, "A target must not be: pass missing: .dropped to leave such rows out.")
    }
    guard plan.missing == .refused || plan.missing == .dropped else { return true }
    for feature in plan.features where values[feature.column].isNaN {
        if plan.missing == .dropped { return false }
        throw refuse(
            feature.column,
            "Pass missing: .mean, .replaced(by:), .dropped or .kept to say what becomes of it.")
    }
    return true
}

/// Lays a row's features out, one-hot ones too.
private func lay(
    _ values: UnsafeMutableBufferPointer<Double>, _ plan: TablePlan, _ replacements: [Double],
    into row: UnsafeMutableBufferPointer<Double>
) {
    var place = 0
    for feature in plan.features {
        let value = values[feature.column]
        if feature.isOneHot {
            for index in 0..<feature.width { row[place + index] = Double(index) == value ? 1 : 0 }
        } else if case .category = plan.columns[feature.column].kind {
            row[place] = value
        } else {
            row[place] = value.isNaN ? replacements[feature.column] : value
        }
        place += feature.width
    }
}

/// The mean of what is there of each feature's column.
private func columnMeans(
    _ open: () throws(DataError) -> any TableSource, _ plan: TablePlan
) throws(DataError) -> [Double] {
    let source = try open()
    var sums = [Double](repeating: 0, count: plan.columns.count)
    var counts = sums
    let values = UnsafeMutableBufferPointer<Double>.allocate(capacity: plan.columns.count)
    defer { values.deallocate() }
    while try source.next(into: values) {
        for feature in plan.features where !values[feature.column].isNaN {
            sums[feature.column] += values[feature.column]
            counts[feature.column] += 1
        }
    }
    for feature in plan.features where counts[feature.column] == 0 {
        if case .category = plan.columns[feature.column].kind { continue }
        throw DataError(
            .empty,
            "\(source.name): all values of \"\(plan.columns[feature.column].name.prefix(60))\" are missing, so that they "
                + "have no mean. Leave the column out of the features.")
    }
    return zip(sums, counts).map { $0 / $1 }
}

/// Reads a table into memory.
func readTable(
    _ open: () throws(DataError) -> any TableSource, _ plan: TablePlan, metadata: Metadata, byteLimit: Int,
    file: String
) throws(DataError) -> Dataset {
    require(byteLimit >= 0, "\(file): the limit is \(byteLimit) bytes, expected at least 0")
    let (inputs, targets) = plan.sinks(allowsBytes: true, byteLimit: byteLimit, file: file)
    let texts = plan.texts.map { _ in TextRows() }
    let rows = TableRows(
        try open(), plan, replacements: try TableRows.replacements(plan, open))
    while try rows.next(inputs: inputs, targets: targets, texts: texts) {}
    var metadata = metadata
    metadata.featureNames = plan.featureNames
    metadata.classNames = plan.classNames
    return Dataset(
        inputs: (plan.width > 0 ? [inputs.finish()] : []) + texts.map { Tensor(utf8: $0.texts) },
        targets: targets.map { $0.finish(flat: true) }, metadata: metadata)
}

/// A table whose rows are read as they are used. ``CSV/stream(contentsOf:layout:options:)`` and
/// ``ARFF/stream(contentsOf:layout:)`` make one.
public struct TableStream: SampleStream {
    /// What is known about the samples.
    public let metadata: Metadata
    private let plan: TablePlan
    private let replacements: [Double]
    private let open: @Sendable () throws(DataError) -> any TableSource

    init(
        _ plan: TablePlan, metadata: Metadata,
        _ open: @escaping @Sendable () throws(DataError) -> any TableSource
    ) throws(DataError) {
        require(
            plan.texts.isEmpty,
            "TableStream: the layout has texts, whose tensor is as wide as the longest; read the table into memory"
        )
        self.plan = plan
        self.open = open
        replacements = try TableRows.replacements(plan, open)
        var metadata = metadata
        metadata.featureNames = plan.featureNames
        metadata.classNames = plan.classNames
        self.metadata = metadata
    }

    public func makeReader() throws(DataError) -> any SampleReader {
        Reader(TableRows(try open(), plan, replacements: replacements), plan, metadata)
    }

    private final class Reader: SampleReader {
        private let rows: TableRows
        private let plan: TablePlan
        private let metadata: Metadata

        init(_ rows: TableRows, _ plan: TablePlan, _ metadata: Metadata) {
            self.rows = rows
            self.plan = plan
            self.metadata = metadata
        }

        func next() throws(DataError) -> Dataset? {
            let (inputs, targets) = plan.sinks(
                allowsBytes: false, byteLimit: .max >> 8, file: metadata.origin)
            while inputs.count < 1_024, try rows.next(inputs: inputs, targets: targets, texts: []) {}
            guard inputs.count > 0 else { return nil }
            return Dataset(
                inputs: [inputs.finish()], targets: targets.map { $0.finish(flat: true) }, metadata: metadata)
        }
    }
}

extension TablePlan {
    /// What takes the rows of features, and each target.
    fileprivate func sinks(
        allowsBytes: Bool, byteLimit: Int, file: String
    ) -> (inputs: MemoryRows, targets: [MemoryRows]) {
        (
            MemoryRows(
                width: width, dtype: dtype, allowsBytes: allowsBytes && dtype == .float32,
                byteLimit: byteLimit, file: file),
            targets.map {
                MemoryRows(
                    width: 1, dtype: targetDType($0), allowsBytes: false, byteLimit: byteLimit, file: file)
            }
        )
    }
}
