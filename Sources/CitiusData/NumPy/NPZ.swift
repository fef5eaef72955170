import CitiusPlatform
import CitiusTensor

/// NumPy's format of several arrays, `.npz`: a zip archive of `.npy` files, as `numpy.savez` and
/// `numpy.savez_compressed` write it.
///
/// ```swift
/// try NPZ.write([("x", images), ("y", labels)], to: "digits.npz", compressed: true)
/// let file = try NPZ(contentsOf: "digits.npz")   // numpy.load("digits.npz")
/// let data = Dataset(inputs: try file.tensor(named: "x"), targets: try file.tensor(named: "y"))
/// ```
///
/// The file is mapped, and only arrays that are asked for are read; their checksums are checked then. For data larger
/// than memory, `NPY.map(contentsOf:)` reads an array of a file of its own. Elements become a tensor's as ``NPY`` says.
public struct NPZ: Sendable {
    /// The arrays' names, without `.npy`, in the archive's order.
    public let names: [String]
    private let archive: ZipReader
    private let byteLimit: Int

    /// Opens a file, and checks its directory.
    ///
    /// - Parameter byteLimit: the most bytes of elements to accept of an array: a small file can ask for a thousand
    ///   times its size.
    /// - Throws: a ``DataError`` if it cannot be read or is no zip archive.
    public init(contentsOf path: String, upTo byteLimit: Int = IDX.defaultByteLimit) throws(DataError) {
        try self.init(FileBytes(mappingData: path), byteLimit)
    }

    /// Checks the bytes of such a file. Throws as ``init(contentsOf:upTo:)``.
    public init(bytes: [UInt8], upTo byteLimit: Int = IDX.defaultByteLimit) throws(DataError) {
        try self.init(FileBytes(bytes, name: "the .npz data"), byteLimit)
    }

    private init(_ file: FileBytes, _ byteLimit: Int) throws(DataError) {
        require(byteLimit >= 0, "NPZ: the limit is \(byteLimit) bytes, expected at least 0")
        archive = try ZipReader(file)
        self.byteLimit = byteLimit
        names = archive.members.map(\.name).filter { $0.hasSuffix(Self.suffix) }.map {
            String($0.dropLast(Self.suffix.count))
        }
    }

    private static let suffix = ".npy"

    /// The array of that name.
    ///
    /// - Throws: a ``DataError`` if there is none, it is damaged, or its elements are of a type that no tensor has.
    public func tensor(named name: String) throws(DataError) -> Tensor {
        guard let member = archive.members.first(where: { $0.name == name + Self.suffix }) else {
            let known = names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
            throw DataError(
                .missing,
                "\(archive.file.name) has no array \"\(name.prefix(200))\"; it has \(names.isEmpty ? "none" : known)."
            )
        }
        let reader = try NPYReader(archive.source(of: member), byteLimit: byteLimit)
        try reader.requireLength(member.byteCount - reader.header.dataStart)
        if member.isCompressed, reader.byteCount > Self.largestTrustedClaim {
            // A few bytes can claim gigabytes: count what is there before taking memory for it.
            _ = try archive.source(of: member).countRemaining(upTo: member.byteCount)
        }
        return try reader.readTensor()
    }

    /// What a compressed array may claim, within deflate's best ratio, and be given memory for unseen.
    private static let largestTrustedClaim = 256 << 20

    /// Writes a file that NumPy reads, in place of one that may be there. It appears under its name only when it is
    /// whole; the same arguments give the same bytes.
    ///
    /// Traps if two tensors have one name.
    ///
    /// - Parameter compressed: whether to deflate the arrays, as `numpy.savez_compressed` does.
    /// - Throws: a ``DataError`` if the file cannot be written.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], to path: String, compressed: Bool = false
    ) throws(DataError) {
        let file = try TemporaryFile(for: path)
        try write(tensors, compressed, to: file)
        try file.commit()
    }

    /// The bytes of such a file. Traps as ``write(_:to:compressed:)`` does.
    public static func bytes(
        of tensors: [(name: String, tensor: Tensor)], compressed: Bool = false
    ) -> [UInt8] {
        let sink = MemorySink()
        write(tensors, compressed, to: sink)
        return sink.bytes
    }

    private static func write<Sink: ByteSink>(
        _ tensors: [(name: String, tensor: Tensor)], _ compressed: Bool, to sink: Sink
    ) throws(Sink.Failure) {
        var writer = ZipWriter()
        var names: Set<String> = []
        for (name, tensor) in tensors {
            require(
                names.insert(name).inserted,
                "NPZ.write: two tensors are called \"\(name)\", expected names of their own")
            try writer.add(name + suffix, NPYContent(tensor), compressed: compressed, to: sink)
        }
        try writer.finish(to: sink)
    }
}
