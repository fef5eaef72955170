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
        let array = try mapArray(contentsOf: path)
        return array.encoding == nil ? array.tensor : try read(contentsOf: path, upTo: .max >> 8)
    }

    /// Maps a file into memory, in whatever form its elements are: what is looked at is read and converted then.
    ///
    /// Arrays that lie column by column, strings and uint64 are read at once, as by ``read(contentsOf:upTo:)``.
    ///
    /// - Throws: a ``DataError`` as ``read(contentsOf:upTo:)`` does.
    public static func mapArray(contentsOf path: String) throws(DataError) -> MappedArray {
        let file = try FileBytes(mappingData: path)
        let reader = try NPYReader(FileBytesSource(file, 0..<file.buffer.count), byteLimit: Int.max >> 8)
        try reader.requireLength(file.buffer.count - reader.header.dataStart)
        let header = reader.header
        guard !header.isTransposed, let kind = header.type.kind else {
            return MappedArray(try reader.readTensor())
        }
        return MappedArray(
            file, from: header.dataStart, shape: header.shape(),
            ElementEncoding(kind, isBigEndian: header.isBigEndian))
    }
}

extension FileBytes {
    /// Throws a file's failure as one of data.
    convenience init(mappingData path: String) throws(DataError) {
        do throws(ReadingFailure) {
            try self.init(mapping: path)
        } catch {
            throw DataError(error)
        }
    }
}

extension NPYHeader {
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
        // Read into the end of the space, and converted in place from the front.
        let tensor = Tensor(uninitialized: shape, dtype: type.dtype)
        let out = tensor.storage.pointer
        let start = count * type.dtype.byteCount - byteCount
        try fill(UnsafeMutableRawBufferPointer(start: out + start, count: byteCount))
        if let kind = type.kind {
            let encoding = ElementEncoding(kind, isBigEndian: header.isBigEndian)
            if !encoding.isNative { encoding.decode(out + start, count: count, into: out, usesPool: false) }
            return tensor
        }
        for index in 0..<count {
            let word = out.load(fromByteOffset: 8 * index, as: UInt64.self)
            let number = isSwapped ? word.byteSwapped : word
            guard number <= Int64.max else {
                throw DataError(
                    .unsupportedType,
                    "\(source.name) holds the uint64 \(number), more than int64 has. Save it as float64, by astype."
                )
            }
            out.storeBytes(of: number, toByteOffset: 8 * index, as: UInt64.self)
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
