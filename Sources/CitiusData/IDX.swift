import CitiusPlatform
import CitiusTensor

/// The IDX format of MNIST and its kin: a big-endian magic number (0, 0, element type, rank), one 32-bit
/// size per axis, and the elements, row-major and big-endian; usually gzipped.
///
/// Bytes become uint8, 8- and 16-bit integers int32, and the rest what they are: int32, float32, float64.
public enum IDX {
    /// Reads a file, plain or gzipped; its first bytes tell which, not its name.
    ///
    /// - Parameter byteLimit: the most bytes of elements to accept.
    /// - Throws: a ``DataError`` if the file cannot be read, is no IDX file, or is not exactly as long as
    ///   its header says. A header's claim is checked before memory is taken for it.
    public static func read(
        contentsOf path: String, upTo byteLimit: Int = defaultByteLimit
    ) throws(DataError) -> Tensor {
        try read(byteLimit) { () throws(DataError) in try FileSource(path: path) }
    }

    /// Reads the contents of an IDX file, plain or gzipped, from memory. Throws as ``read(contentsOf:upTo:)``.
    public static func parse(
        _ bytes: [UInt8], upTo byteLimit: Int = defaultByteLimit
    ) throws(DataError) -> Tensor {
        try read(byteLimit) { MemorySource(bytes, name: "the IDX data") }
    }

    /// Maps a plain file into memory: what is looked at is read then, so that the file may be larger than memory. Bytes
    /// are a tensor's as they lie there; other elements are converted as they are looked at.
    ///
    /// Another process that cuts the file short while it is in use ends this one with SIGBUS, as mapped files do.
    ///
    /// - Throws: a ``DataError`` as ``read(contentsOf:upTo:)`` does, and if the file is gzipped.
    public static func mapArray(contentsOf path: String) throws(DataError) -> MappedArray {
        let file = try FileBytes(mappingData: path)
        guard !Gzip.isGzip(file.buffer.prefix(2)) else {
            throw DataError(
                .unsupportedType,
                "\(path) is gzipped, so that it cannot be mapped. Unpack it (gunzip), or read it by IDX.read(contentsOf:)."
            )
        }
        let open = { FileBytesSource(file, 0..<file.buffer.count) }
        let reader = try IDXReader(open(), reopening: open, byteLimit: .max >> 8)
        return MappedArray(
            file, from: 4 + 4 * reader.shape.rank, shape: reader.shape,
            ElementEncoding(reader.element.kind, isBigEndian: true))
    }

    /// 8 GiB, a hundred times what MNIST has.
    public static var defaultByteLimit: Int { 8 << 30 }

    private static func read(
        _ byteLimit: Int, from open: () throws(DataError) -> any ByteSource
    ) throws(DataError) -> Tensor {
        require(byteLimit >= 0, "IDX: the limit is \(byteLimit) bytes, expected at least 0")
        var reader = try IDXReader(open(), reopening: open, byteLimit: byteLimit)
        let tensor = Tensor(uninitialized: reader.shape, dtype: reader.element.dtype)
        try reader.readElements(into: tensor.storage.pointer)
        return tensor
    }
}

/// The element types of the format, by their codes.
enum IDXElement: UInt8 {
    case uint8 = 0x08
    case int8 = 0x09
    case int16 = 0x0B
    case int32 = 0x0C
    case float32 = 0x0D
    case float64 = 0x0E

    /// Bytes per element in the file.
    var byteCount: Int {
        switch self {
        case .uint8, .int8: 1
        case .int16: 2
        case .int32, .float32: 4
        case .float64: 8
        }
    }

    var kind: ElementEncoding.Kind {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .int16: .int16
        case .int32: .int32
        case .float32: .float32
        case .float64: .float64
        }
    }

    var dtype: DType { ElementEncoding(kind, isBigEndian: true).dtype }
}

/// An IDX file whose header is read and whose elements wait.
struct IDXReader {
    let element: IDXElement
    let shape: Shape
    private let source: any ByteSource

    /// Reads the header and checks it against what the source can still give.
    ///
    /// - Parameter reopen: gives the source again, from its start.
    init(
        _ start: any ByteSource, reopening reopen: () throws(DataError) -> any ByteSource,
        byteLimit: Int = IDX.defaultByteLimit
    ) throws(DataError) {
        let isGzip = Gzip.isGzip(try start.readBytes(2))
        func reopened() throws(DataError) -> any ByteSource {
            let source = try reopen()
            return isGzip ? try GzipSource(source) : source
        }
        source = try reopened()
        (element, shape) = try Self.readHeader(source)
        let byteCount = try Self.byteCount(shape.sizes, element, byteLimit, source.name)
        if !isGzip {
            try Self.requireLength(source.remainingByteLimit ?? byteCount, byteCount, source.name)
        } else if byteCount > source.remainingByteLimit ?? .max {
            throw Self.tooShort(byteCount, "fewer", source.name)
        } else if byteCount > Self.largestTrustedClaim {
            // A few bytes can claim gigabytes: count what is there before taking memory for it.
            let trial = try reopened()
            _ = try Self.readHeader(trial)
            try Self.requireLength(trial.countRemaining(upTo: byteCount), byteCount, source.name)
        }
    }

    /// What a gzipped file may claim, within deflate's best ratio, and be given memory for unseen.
    private static let largestTrustedClaim = 256 << 20

    private static func readHeader(_ source: any ByteSource) throws(DataError) -> (IDXElement, Shape) {
        let magic = try source.readBytes(4)
        guard magic.count == 4, magic[0] == 0, magic[1] == 0, let element = IDXElement(rawValue: magic[2])
        else {
            let found = magic.map { hexadecimal($0) }.joined(separator: " ")
            throw DataError(
                .malformed,
                "\(source.name) is no IDX file: it starts with [\(found)], expected 00 00, an element type "
                    + "(08, 09, 0b, 0c, 0d or 0e) and the number of axes.")
        }
        let rank = Int(magic[3])
        let bytes = try source.readBytes(4 * rank)
        guard bytes.count == 4 * rank else {
            throw DataError(
                .malformed,
                "\(source.name) is truncated: its header of \(rank) axes ends after \(4 + bytes.count) bytes, "
                    + "expected \(4 + 4 * rank). Get the file again.")
        }
        let sizes = (0..<rank).map { axis in
            bytes[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        return (element, Shape(sizes))
    }

    /// Bytes of the elements in the file. Sizes beside a zero count too: strides are their products.
    private static func byteCount(
        _ sizes: [Int], _ element: IDXElement, _ limit: Int, _ name: String
    ) throws(DataError) -> Int {
        var product = element.dtype.byteCount
        for size in sizes {
            let (next, overflow) = product.multipliedReportingOverflow(by: max(size, 1))
            guard !overflow, next <= limit else {
                throw DataError(
                    .tooLarge,
                    "\(name) claims the shape \(sizes), more than the limit of \(limit) bytes. If the file "
                        + "is trusted, raise the limit; else its header is corrupt.")
            }
            product = next
        }
        return sizes.reduce(element.byteCount, *)
    }

    private static func requireLength(_ found: Int, _ expected: Int, _ name: String) throws(DataError) {
        if found < expected { throw tooShort(expected, "\(found)", name) }
        if found > expected {
            throw DataError(
                .malformed,
                "\(name) goes on after the \(expected) bytes of elements that its header claims. "
                    + "Get the file again.")
        }
    }

    private static func tooShort(_ expected: Int, _ found: String, _ name: String) -> DataError {
        DataError(
            .malformed,
            "\(name) is truncated: its header claims \(expected) bytes of elements and \(found) are there. "
                + "Get the file again.")
    }

    /// Writes the elements, as the tensor's dtype has them, and checks that the source ends with them.
    mutating func readElements(into out: UnsafeMutableRawPointer) throws(DataError) {
        let count = shape.count
        let expected = count * element.byteCount
        // Read into the end of the space, and converted in place from the front.
        let start = count * element.dtype.byteCount - expected
        let found = try source.read(into: UnsafeMutableRawBufferPointer(start: out + start, count: expected))
        // Reading past the end also makes zlib check its CRC-32.
        try Self.requireLength(found + source.readBytes(1).count, expected, source.name)
        let encoding = ElementEncoding(element.kind, isBigEndian: true)
        if !encoding.isNative { encoding.decode(out + start, count: count, into: out, usesPool: false) }
    }
}

func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
}
