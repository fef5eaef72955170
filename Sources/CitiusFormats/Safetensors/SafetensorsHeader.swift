import CitiusConfiguration
import CitiusTensor

/// The header of a safetensors file, checked by the format's rules: every byte behind it belongs to one tensor.
///
/// It is read piece by piece, so that a text that leaves the format is refused there: what is held is in proportion
/// to the header's bytes, of which there are a hundred million at most.
struct SafetensorsHeader {
    var metadata: [String: String] = [:]
    var tensors: [(name: String, entry: Safetensors.Entry)] = []
    /// Bytes before the first tensor.
    let dataStart: Int

    /// No tensor needs more axes, NumPy's have 64 at most.
    private static let rankLimit = 64

    private let file: String
    private var reader: JSONReader

    init(_ bytes: UnsafeRawBufferPointer, name: String) throws(SafetensorsError) {
        file = name
        guard bytes.count >= 8 else {
            throw SafetensorsError(
                .truncated,
                "\(name) has \(bytes.count) bytes; a safetensors file begins with eight that give its header's length."
            )
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= Safetensors.headerLimit else {
            throw SafetensorsError(
                .headerTooLarge,
                "\(name) claims a header of \(length) bytes, and the format allows \(Safetensors.headerLimit). "
                    + "It is no safetensors file, or a damaged one.")
        }
        guard Int(length) <= bytes.count - 8 else {
            throw SafetensorsError(
                .truncated,
                "\(name) claims a header of \(length) bytes, and \(bytes.count - 8) are there. Copy or download it again."
            )
        }
        dataStart = 8 + Int(length)
        let header = UnsafeRawBufferPointer(rebasing: bytes[8..<dataStart])
        reader = JSONReader(
            header.assumingMemoryBound(to: UInt8.self), options: JSON.ParsingOptions(depthLimit: 4))
        guard header.first == UInt8(ascii: "{") else {
            throw malformed(
                "begins with \(header.first.map { "the byte \($0)" } ?? "nothing"), expected \"{\"")
        }
        try readMembers()
        try checkLayout(of: bytes.count - dataStart)
    }

    // MARK: Members

    private mutating func readMembers() throws(SafetensorsError) {
        try read { reader throws(JSON.ParsingError) in try reader.openObject() }
        var names: Set<String> = []
        var isFirst = true
        while let (name, offset) = try nextKey(isFirst: isFirst) {
            isFirst = false
            guard names.insert(name).inserted else { throw duplicate(name, at: offset) }
            if name == "__metadata__" {
                try readMetadata()
            } else {
                tensors.append((name, try readEntry(name)))
            }
        }
        try read { reader throws(JSON.ParsingError) in try reader.end() }
    }

    private mutating func readMetadata() throws(SafetensorsError) {
        try read { reader throws(JSON.ParsingError) in try reader.openObject() }
        while let (key, offset) = try nextKey(isFirst: metadata.isEmpty) {
            let text = try read { reader throws(JSON.ParsingError) in try reader.string() }
            guard metadata.updateValue(text, forKey: key) == nil else { throw duplicate(key, at: offset) }
        }
    }

    private mutating func readEntry(_ name: String) throws(SafetensorsError) -> Safetensors.Entry {
        try read { reader throws(JSON.ParsingError) in try reader.openObject() }
        var type: SafetensorsType?
        var sizes: [Int]?
        var offsets: [Int]?
        var isFirst = true
        while let (key, offset) = try nextKey(isFirst: isFirst) {
            isFirst = false
            switch key {
            case "dtype" where type == nil:
                let text = try read { reader throws(JSON.ParsingError) in try reader.string() }
                type = SafetensorsType(rawValue: text)
                if type == nil {
                    let known = SafetensorsType.allCases.map(\.rawValue).joined(separator: ", ")
                    throw malformed("gives \(quoted(name)) the type \(quoted(text)); the format has \(known)")
                }
            case "shape" where sizes == nil:
                sizes = try readIntegers(upTo: Self.rankLimit, "\(quoted(name)): shape")
            case "data_offsets" where offsets == nil:
                offsets = try readIntegers(upTo: 2, "\(quoted(name)): data_offsets")
            case "dtype", "shape", "data_offsets":
                throw duplicate(key, at: offset)
            default:
                throw malformed(
                    "says \(quoted(key)) of \(quoted(name)), expected dtype, shape and data_offsets alone")
            }
        }
        guard let type, let sizes, let offsets, offsets.count == 2 else {
            let missing =
                type == nil
                ? "dtype" : sizes == nil ? "shape" : offsets == nil ? "data_offsets" : "two data_offsets"
            throw malformed("has no \(missing) for \(quoted(name))")
        }
        guard offsets[0] <= offsets[1] else {
            throw malformed("lets \(quoted(name)) begin at byte \(offsets[0]) and end at byte \(offsets[1])")
        }
        // Without its zeros, so that strides can be counted too.
        var bits = type.bitCount
        for size in sizes where size > 0 {
            let (product, overflows) = bits.multipliedReportingOverflow(by: size)
            guard !overflows else {
                throw SafetensorsError(
                    .overflow,
                    "\(file): the shape \(sizes) of \(quoted(name)) has more bytes than can be counted.")
            }
            bits = product
        }
        if sizes.contains(0) { bits = 0 }
        let range = offsets[0]..<offsets[1]
        guard bits % 8 == 0, bits / 8 == range.count else {
            throw SafetensorsError(
                .sizeMismatch,
                "\(file): \(quoted(name)) has \(range.count) bytes, and \(type.rawValue) \(sizes) would take "
                    + (bits % 8 == 0 ? "\(bits / 8)." : "\(bits) bits, which are no whole bytes."))
        }
        return Safetensors.Entry(type: type.rawValue, shape: Shape(sizes), range: range)
    }

    private mutating func readIntegers(upTo limit: Int, _ what: String) throws(SafetensorsError) -> [Int] {
        try read { reader throws(JSON.ParsingError) in try reader.openArray() }
        var integers: [Int] = []
        func hasNext() throws(SafetensorsError) -> Bool {
            try read { reader throws(JSON.ParsingError) in
                try reader.nextElement(isFirst: integers.isEmpty)
            }
        }
        while try hasNext() {
            guard integers.count < limit else { throw malformed("\(what) has more than \(limit) numbers") }
            let value = try read { reader throws(JSON.ParsingError) in try reader.value() }
            guard case .integer(let integer) = value, integer >= 0 else {
                throw malformed("\(what) holds \(value.summary), expected integers from 0")
            }
            integers.append(Int(integer))
        }
        return integers
    }

    // MARK: Layout

    /// The tensors follow each other from the first byte to the last.
    private func checkLayout(of byteCount: Int) throws(SafetensorsError) {
        var end = 0
        let order = tensors.sorted {
            ($0.entry.range.lowerBound, $0.entry.range.upperBound) < (
                $1.entry.range.lowerBound, $1.entry.range.upperBound
            )
        }
        for (name, entry) in order {
            let start = entry.range.lowerBound
            guard start == end else {
                throw SafetensorsError(
                    start < end ? .overlap : .hole,
                    "\(file): \(quoted(name)) begins at byte \(start) of the data, and the tensor before it ends at byte "
                        + "\(end): " + (start < end ? "they overlap." : "the bytes between belong to none."))
            }
            end = entry.range.upperBound
        }
        guard end <= byteCount else {
            throw SafetensorsError(
                .truncated,
                "\(file) is truncated: its tensors have \(end) bytes, and \(byteCount) are there. Copy or download it again."
            )
        }
        guard end == byteCount else {
            throw SafetensorsError(
                .trailingBytes,
                "\(file): \(byteCount - end) bytes follow the last tensor, and belong to none.")
        }
    }

    // MARK: Errors

    private mutating func read<Value>(
        _ body: (inout JSONReader) throws(JSON.ParsingError) -> Value
    ) throws(SafetensorsError) -> Value {
        do throws(JSON.ParsingError) {
            return try body(&reader)
        } catch {
            throw SafetensorsError(
                error.kind == .duplicateKey
                    ? .duplicateName : error.kind == .numberOutOfRange ? .overflow : .malformedHeader,
                "\(file): the header is no valid JSON at \(error).")
        }
    }

    private mutating func nextKey(isFirst: Bool) throws(SafetensorsError) -> (key: String, offset: Int)? {
        try read { reader throws(JSON.ParsingError) in try reader.nextKey(isFirst: isFirst) }
    }

    private func malformed(_ what: String) -> SafetensorsError {
        SafetensorsError(
            .malformedHeader, "\(file): the header \(what). It is no safetensors file, or a damaged one.")
    }

    private func duplicate(_ name: String, at offset: Int) -> SafetensorsError {
        SafetensorsError(
            .duplicateName, "\(file): the header has \(quoted(name)) a second time, at its byte \(offset).")
    }
}
