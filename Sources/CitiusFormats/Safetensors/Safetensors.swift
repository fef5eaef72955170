import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

/// A file of named tensors in Hugging Face's format: eight bytes with the header's length, the header in JSON, the
/// elements of the tensors one after another, little-endian and row-major.
///
/// ```swift
/// try Safetensors.write([("kernel", kernel), ("bias", bias)], metadata: [("epoch", "3")], to: "model.safetensors")
/// let file = try Safetensors(contentsOf: "model.safetensors")
/// let bias = try file.tensor(named: "bias")
/// ```
///
/// The file is mapped into memory: only tensors that are asked for are read. It is checked as a whole before that,
/// by the format's rules, so that a hostile file ends in an error. A file that another process cuts short while this
/// one reads it ends the process with SIGBUS, as mapped files do; files written by `write` are replaced, never cut.
///
/// Source: https://github.com/huggingface/safetensors#format.
public struct Safetensors: Sendable {
    /// What the format allows a header to be at most, in bytes.
    public static let headerLimit = 100_000_000

    /// A tensor as the header describes it.
    public struct Entry: Sendable, Equatable {
        /// The format's name of the elements' type: `F32`, `BF16`, ….
        public let type: String
        public let shape: Shape
        /// Where the bytes lie behind the header.
        let range: Range<Int>

        public var byteCount: Int { range.count }
    }

    /// The tensors' names, in the header's order.
    public let names: [String]
    /// What the file says of itself.
    public let metadata: [String: String]
    private let entries: [String: Entry]
    private let bytes: FileBytes
    private let dataStart: Int

    /// Opens a file and checks it.
    ///
    /// - Throws: a `SafetensorsError` if it cannot be read or breaks the format.
    public init(contentsOf path: String) throws(SafetensorsError) {
        let file: FileBytes
        do throws(ReadingFailure) {
            file = try FileBytes(mapping: path)
        } catch {
            throw SafetensorsError(error.isMissing ? .missing : .unreadable, error.description)
        }
        try self.init(file)
    }

    /// Checks the bytes of such a file. Throws as `init(contentsOf:)` does.
    public init(bytes: [UInt8]) throws(SafetensorsError) {
        try self.init(FileBytes(bytes))
    }

    private init(_ bytes: FileBytes) throws(SafetensorsError) {
        let header = try SafetensorsHeader(bytes.buffer, name: bytes.name)
        names = header.tensors.map(\.name)
        metadata = header.metadata
        entries = Dictionary(uniqueKeysWithValues: header.tensors.map { ($0.name, $0.entry) })
        dataStart = header.dataStart
        self.bytes = bytes
    }

    /// What the header says of a tensor; nil if there is none of that name.
    public subscript(name: String) -> Entry? { entries[name] }

    /// A copy of a tensor. Half-precision elements (`F16`, `BF16`) become float32, exactly.
    ///
    /// - Throws: a `SafetensorsError` if there is none of that name, or its elements are of a type that no `Tensor` has
    ///   (`I16`, `U16`, `F8_E4M3`, …): `rawBytes(named:)` gives those.
    public func tensor(named name: String) throws(SafetensorsError) -> Tensor {
        var tensor = try mappedArray(named: name).tensor
        // A copy, whatever it was.
        _ = tensor.mutableAddress()
        return tensor
    }

    /// A tensor that lies in the file: nothing is copied, and what is looked at is read then, so that the file may be
    /// larger than memory. It stays mapped while such a tensor lives.
    ///
    /// ```swift
    /// let file = try Safetensors(contentsOf: "images.safetensors")
    /// let data = Dataset(inputs: try file.mappedTensor(named: "x"), targets: try file.mappedTensor(named: "y"))
    /// ```
    ///
    /// Writing to the tensor copies it first; the file never changes. Half precision, which becomes float32, bool, and
    /// tensors at an address that is no multiple of their elements' size are copied at once, as by `tensor(named:)`.
    ///
    /// - Throws: as `tensor(named:)`.
    public func mappedTensor(named name: String) throws(SafetensorsError) -> Tensor {
        try mappedArray(named: name).tensor
    }

    /// An array that lies in the file, in whatever form it does: half precision and bool are converted as they are looked
    /// at.
    ///
    /// ```swift
    /// let data = Dataset(inputs: try file.mappedArray(named: "x"), targets: try file.tensor(named: "y"))
    /// ```
    ///
    /// - Throws: as `tensor(named:)`.
    public func mappedArray(named name: String) throws(SafetensorsError) -> MappedArray {
        let (entry, kind) = try typedEntry(named: name)
        return MappedArray(
            bytes, from: dataStart + entry.range.lowerBound, shape: entry.shape,
            ElementEncoding(kind, isBigEndian: false))
    }

    /// A copy of a tensor's bytes, whatever their type.
    ///
    /// - Throws: a `SafetensorsError` if there is no tensor of that name.
    public func rawBytes(named name: String) throws(SafetensorsError) -> [UInt8] {
        withBytes(of: try entry(named: name)) { Array($0) }
    }

    private func entry(named name: String) throws(SafetensorsError) -> Entry {
        if let entry = entries[name] { return entry }
        let known = names.prefix(20).map(quoted).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
        throw SafetensorsError(
            .noSuchTensor,
            "\(bytes.name) has no tensor \(quoted(name)); it has \(names.isEmpty ? "none" : known).")
    }

    private func typedEntry(
        named name: String
    ) throws(SafetensorsError) -> (entry: Entry, kind: ElementEncoding.Kind) {
        let entry = try entry(named: name)
        guard let kind = SafetensorsType(rawValue: entry.type)?.kind else {
            throw SafetensorsError(
                .unsupportedType,
                "\(bytes.name): the elements of \(quoted(name)) are \(entry.type), which no Tensor holds. "
                    + "Read them by rawBytes(named:), or save them as F32.")
        }
        return (entry, kind)
    }

    private func withBytes<Result>(of entry: Entry, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withExtendedLifetime(bytes) {
            let range = dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound
            return body(UnsafeRawBufferPointer(rebasing: bytes.buffer[range]))
        }
    }
}

/// A name as messages show it, on one line however it is made.
func quoted(_ name: String) -> String {
    JSON.string(name.count > 200 ? name.prefix(200) + "…" : name).text()
}

/// The types of elements that the format has.
enum SafetensorsType: String, CaseIterable {
    case bool = "BOOL"
    case float4 = "F4"
    case float6E2M3 = "F6_E2M3"
    case float6E3M2 = "F6_E3M2"
    case uint8 = "U8"
    case int8 = "I8"
    case float8E5M2 = "F8_E5M2"
    case float8E4M3 = "F8_E4M3"
    case float8E8M0 = "F8_E8M0"
    case int16 = "I16"
    case uint16 = "U16"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int32 = "I32"
    case uint32 = "U32"
    case float32 = "F32"
    case complex64 = "C64"
    case float64 = "F64"
    case int64 = "I64"
    case uint64 = "U64"

    init(_ dtype: DType) {
        self =
            switch dtype {
            case .float32: .float32
            case .float64: .float64
            case .int32: .int32
            case .int64: .int64
            case .int8: .int8
            case .uint8: .uint8
            case .bool: .bool
            }
    }

    var bitCount: Int {
        switch self {
        case .float4: 4
        case .float6E2M3, .float6E3M2: 6
        case .bool, .uint8, .int8, .float8E5M2, .float8E4M3, .float8E8M0: 8
        case .int16, .uint16, .float16, .bfloat16: 16
        case .int32, .uint32, .float32: 32
        case .complex64, .float64, .int64, .uint64: 64
        }
    }

    /// How elements lie in the file that a tensor can have; nil of others.
    var kind: ElementEncoding.Kind? {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .float64: .float64
        case .int32: .int32
        case .int64: .int64
        case .int8: .signedByte
        case .uint8: .uint8
        case .bool: .bool
        default: nil
        }
    }
}
