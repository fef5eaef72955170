import CitiusPlatform
import CitiusTensor

/// NumPy's format of one array, `.npy`: what `numpy.save` writes and `numpy.load` reads.
///
/// ```swift
/// try NPY.write(images, to: "images.npy")              // numpy.load("images.npy")
/// let labels = try NPY.read(contentsOf: "labels.npy")  // numpy.save("labels.npy", labels)
/// let large = try NPY.map(contentsOf: "large.npy")     // numpy.load("large.npy", mmap_mode="r")
/// ```
///
/// Arrays come in either byte order, row by row or column by column (`fortran_order`). Elements:
///
/// | NumPy's | a tensor's |
/// |---|---|
/// | bool, uint8, int32, int64, float32, float64 | the same |
/// | int8, int16, uint16 | int32 |
/// | uint32, uint64 | int64; a number of 2⁶³ and more is an error |
/// | float16 | float32, exactly |
/// | strings (`S`, `U`) | uint8 with one more axis, see `Tensor(utf8:)` |
/// | objects, complex numbers, dates, records, longdouble | none: an error |
///
/// Objects are never unpickled. Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
public enum NPY {
    /// Reads a file into memory.
    ///
    /// - Parameter byteLimit: the most bytes of elements to accept.
    /// - Throws: a ``DataError`` if the file cannot be read, is no `.npy` file, holds elements that no tensor has, or is
    ///   not exactly as long as its header says. The claim is checked before memory is taken for it.
    public static func read(
        contentsOf path: String, upTo byteLimit: Int = IDX.defaultByteLimit
    ) throws(DataError) -> Tensor {
        try read(FileSource(path: path), byteLimit)
    }

    /// Reads the contents of such a file from memory. Throws as ``read(contentsOf:upTo:)``.
    public static func parse(
        _ bytes: [UInt8], upTo byteLimit: Int = IDX.defaultByteLimit
    ) throws(DataError) -> Tensor {
        try read(MemorySource(bytes, name: "the .npy data"), byteLimit)
    }

    private static func read(_ source: any ByteSource, _ byteLimit: Int) throws(DataError) -> Tensor {
        require(byteLimit >= 0, "NPY: the limit is \(byteLimit) bytes, expected at least 0")
        let reader = try NPYReader(source, byteLimit: byteLimit)
        try reader.requireLength(source.remainingByteLimit ?? reader.byteCount)
        return try reader.readTensor()
    }

    /// Maps a file into memory: nothing is copied, and what is looked at is read then, so that the file may be larger
    /// than memory.
    ///
    /// ```swift
    /// let data = Dataset(
    ///     inputs: try NPY.map(contentsOf: "images.npy"), targets: try NPY.map(contentsOf: "labels.npy"))
    /// ```
    ///
    /// Writing to the tensor copies it first; the file never changes. What cannot lie in memory as it is in the file,
    /// the other byte order, column by column, types that no tensor has, is read as by ``read(contentsOf:upTo:)``.
    /// Another process that cuts the file short while it is in use ends this one with SIGBUS, as mapped files do;
    /// ``write(_:to:byteOrder:fortranOrder:)`` replaces files and cuts none.
    ///
    /// - Throws: a ``DataError`` as ``read(contentsOf:upTo:)`` does.
    public static func map(contentsOf path: String) throws(DataError) -> Tensor {
        let file: FileBytes
        do throws(ReadingFailure) {
            file = try FileBytes(mapping: path)
        } catch {
            throw DataError(error)
        }
        let source = FileBytesSource(file, 0..<file.buffer.count)
        let reader = try NPYReader(source, byteLimit: Int.max >> 8)
        try reader.requireLength(file.buffer.count - reader.header.dataStart)
        guard reader.header.isMappable else { return try reader.readTensor() }
        return Tensor(
            viewing: file, from: reader.header.dataStart, shape: reader.header.shape(),
            dtype: reader.header.type.dtype)
    }
}

extension NPYHeader {
    /// Whether a tensor has the elements as they lie in the file.
    fileprivate var isMappable: Bool {
        let isNative = isBigEndian == (1.bigEndian == 1) || type.byteCount == 1
        return type.isDType && isNative && !isTransposed
    }

    /// Whether the elements' order differs from a tensor's.
    fileprivate var isTransposed: Bool { isFortranOrder && sizes.count > 1 }
}

/// A `.npy` file whose header is read and whose elements wait.
struct NPYReader {
    let header: NPYHeader
    /// Bytes of elements that the header claims.
    let byteCount: Int
    private let source: any ByteSource

    init(_ source: any ByteSource, byteLimit: Int) throws(DataError) {
        self.source = source
        header = try NPYHeader(source)
        byteCount = try header.byteCount(upTo: byteLimit, source.name)
    }

    /// Throws unless so many bytes follow the header as it claims.
    func requireLength(_ found: Int) throws(DataError) {
        if found < byteCount {
            throw DataError(
                .malformed,
                "\(source.name) is truncated: its header claims \(byteCount) bytes of elements and \(found) are there. "
                    + "Get the file again.")
        }
        if found > byteCount {
            throw DataError(
                .malformed,
                "\(source.name) goes on after the \(byteCount) bytes of elements that its header claims. Save one array "
                    + "in a file, or several by numpy.savez.")
        }
    }

    /// The elements as a tensor, after a check that the source ends with them.
    func readTensor() throws(DataError) -> Tensor {
        // Column by column is row by row under the axes in reverse order.
        let sizes = header.isTransposed ? header.sizes.reversed() : header.sizes
        let tensor = try readElements(Shape(sizes))
        guard header.isTransposed else { return tensor }
        let isText = tensor.rank > sizes.count
        return tensor.permuted((0..<sizes.count).reversed() + (isText ? [sizes.count] : []))
    }

    private func readElements(_ shape: Shape) throws(DataError) -> Tensor {
        let (type, count) = (header.type, shape.count)
        let isSwapped = header.isBigEndian != (1.bigEndian == 1)
        switch type {
        case .text(let width): return try readText(shape, width, isSwapped: isSwapped)
        case .bytes(let width):
            let tensor = Tensor(uninitialized: Shape(shape.sizes + [width]), dtype: .uint8)
            try fill(UnsafeMutableRawBufferPointer(start: tensor.storage.pointer, count: byteCount))
            return tensor
        default: break
        }
        // Narrow elements are read into the end of the space and widened in place from the front: what is written
        // never reaches what is still unread.
        let tensor = Tensor(uninitialized: shape, dtype: type.dtype)
        let out = tensor.storage.pointer
        let start = count * type.dtype.byteCount - byteCount
        try fill(UnsafeMutableRawBufferPointer(start: out + start, count: byteCount))
        func convert<From: FixedWidthInteger & BitwiseCopyable, To: BitwiseCopyable>(
            _ body: (From) -> To
        ) {
            for index in 0..<count {
                let word = out.loadUnaligned(
                    fromByteOffset: start + index * MemoryLayout<From>.size, as: From.self)
                out.storeBytes(
                    of: body(isSwapped ? word.byteSwapped : word),
                    toByteOffset: index * MemoryLayout<To>.size, as: To.self)
            }
        }
        switch type {
        // A Swift Bool is 0 or 1; the file may hold any byte.
        case .bool: convert { (byte: UInt8) in byte != 0 }
        case .int8: convert { (number: Int8) in Int32(number) }
        case .int16: convert { (number: Int16) in Int32(number) }
        case .uint16: convert { (number: UInt16) in Int32(number) }
        case .uint32: convert { (number: UInt32) in Int64(number) }
        case .float16: convert { (bits: UInt16) in float(half: bits) }
        case .uint64:
            var greatest: UInt64 = 0
            convert { (number: UInt64) in
                greatest = max(greatest, number)
                return number
            }
            guard greatest <= Int64.max else {
                throw DataError(
                    .unsupportedType,
                    "\(source.name) holds the uint64 \(greatest), more than int64 has. Save it as float64, by astype."
                )
            }
        case .int32, .float32: if isSwapped { convert { (word: UInt32) in word } }
        case .int64, .float64: if isSwapped { convert { (word: UInt64) in word } }
        case .uint8, .bytes, .text: break
        }
        return tensor
    }

    /// Strings of Unicode scalars, padded with zeros, as UTF-8.
    private func readText(_ shape: Shape, _ width: Int, isSwapped: Bool) throws(DataError) -> Tensor {
        let words = Tensor(uninitialized: [byteCount], dtype: .uint8)
        try fill(UnsafeMutableRawBufferPointer(start: words.storage.pointer, count: byteCount))
        var strings: [String] = []
        for index in 0..<shape.count {
            var scalars = String.UnicodeScalarView()
            var zeros = 0
            for place in index * width..<(index + 1) * width {
                let word = words.address.loadUnaligned(fromByteOffset: 4 * place, as: UInt32.self)
                guard let scalar = Unicode.Scalar(isSwapped ? word.byteSwapped : word) else {
                    throw DataError(
                        .malformed,
                        "\(source.name): string \(index) has the code \(word), which is no character of Unicode."
                    )
                }
                if scalar == "\0" {
                    zeros += 1
                } else {
                    for _ in 0..<zeros { scalars.append("\0") }
                    zeros = 0
                    scalars.append(scalar)
                }
            }
            strings.append(String(scalars))
        }
        let tensor = Tensor(utf8: strings)
        return tensor.viewed(as: Shape(shape.sizes + [tensor.shape[1]]))
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(DataError) {
        let found = try source.read(into: buffer)
        // Reading past the end also makes zlib check its CRC-32.
        try requireLength(found + source.readBytes(1).count)
    }
}
