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

/// Reads a table.
///
/// - Parameters:
///   - open: gives the table from its start.
///   - plan: which columns become what.
///   - inputs: takes the features of each row.
///   - targets: take a target of each row.
func readRows(
    _ open: () throws(DataError) -> any TableSource, _ plan: TablePlan, inputs: any RowSink,
    targets: [any RowSink]
) throws(DataError) {
    var replacements = [Double](repeating: .nan, count: plan.columns.count)
    switch plan.missing {
    case .mean: replacements = try columnMeans(open, plan)
    case .replaced(let number):
        for feature in plan.features { replacements[feature.column] = number }
    case .refused, .dropped, .kept: break
    }
    let source = try open()
    var failure: DataError?
    var values = [Double](repeating: 0, count: plan.columns.count)
    var row = [Double](repeating: 0, count: plan.width)
    values.withUnsafeMutableBufferPointer { values in
        row.withUnsafeMutableBufferPointer { row in
            do throws(DataError) {
                while try source.next(into: values) {
                    guard try takes(values, plan, source) else { continue }
                    for (sink, target) in zip(targets, plan.targets) {
                        try sink.append(UnsafeBufferPointer(rebasing: values[target...target]))
                    }
                    if let range = plan.featureRange, plan.missing == .refused || plan.missing == .dropped {
                        try inputs.append(UnsafeBufferPointer(rebasing: values[range]))
                    } else {
                        lay(values, plan, replacements, into: row)
                        try inputs.append(UnsafeBufferPointer(row))
                    }
                }
            } catch {
                failure = error
            }
        }
    }
    if let failure { throw failure }
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
    let inputs = MemoryRows(
        width: plan.width, dtype: plan.dtype, allowsBytes: plan.dtype == .float32, byteLimit: byteLimit,
        file: file)
    let targets = plan.targets.map {
        MemoryRows(
            width: 1, dtype: plan.targetDType($0), allowsBytes: false, byteLimit: byteLimit, file: file)
    }
    try readRows(open, plan, inputs: inputs, targets: targets)
    var metadata = metadata
    metadata.featureNames = plan.featureNames
    metadata.classNames = plan.classNames
    return Dataset(
        inputs: [inputs.finish()], targets: targets.map { $0.finish(flat: true) }, metadata: metadata)
}
