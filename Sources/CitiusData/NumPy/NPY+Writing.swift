import CitiusPlatform
import CitiusTensor

extension NPY {
    /// The order of an element's bytes.
    public enum ByteOrder: Sendable, Equatable {
        /// The lowest first, as almost every machine has it.
        case littleEndian
        /// The highest first.
        case bigEndian
    }

    /// Writes a file that NumPy reads, in place of one that may be there. It appears under its name only when it is
    /// whole; the same tensor gives the same bytes.
    ///
    /// - Parameters:
    ///   - byteOrder: of the elements in the file.
    ///   - fortranOrder: whether the elements go column by column, the first axis fastest.
    /// - Throws: a ``DataError`` if the file cannot be written.
    public static func write(
        _ tensor: Tensor, to path: String, byteOrder: ByteOrder = .littleEndian, fortranOrder: Bool = false
    ) throws(DataError) {
        let file = try TemporaryFile(for: path)
        try NPYContent(tensor, byteOrder, fortranOrder).write(to: file)
        try file.commit()
    }

    /// The bytes of such a file.
    public static func bytes(
        of tensor: Tensor, byteOrder: ByteOrder = .littleEndian, fortranOrder: Bool = false
    ) -> [UInt8] {
        NPYContent(tensor, byteOrder, fortranOrder).bytes
    }

    /// Version 1.0, padded so that the elements begin at a multiple of 64.
    ///
    /// - Parameter byteCount: the least that the header has: room for a larger shape in its place.
    static func header(
        _ shape: Shape, _ dtype: DType, bigEndian: Bool = false, fortranOrder: Bool = false,
        byteCount: Int = 0
    ) -> [UInt8] {
        let code =
            switch dtype {
            case .float32: "f4"
            case .float64: "f8"
            case .int32: "i4"
            case .int64: "i8"
            case .int8: "i1"
            case .uint8: "u1"
            case .bool: "b1"
            }
        let order = dtype.byteCount == 1 ? "|" : bigEndian ? ">" : "<"
        let sizes = shape.sizes.map { "\($0)" }.joined(separator: ", ") + (shape.rank == 1 ? "," : "")
        let text =
            "{'descr': '\(order)\(code)', 'fortran_order': \(fortranOrder ? "True" : "False"), 'shape': (\(sizes)), }"
        let length = max(byteCount, (10 + text.utf8.count + 1 + 63) / 64 * 64)
        var header: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]
        withUnsafeBytes(of: UInt16(length - 10).littleEndian) { header += $0 }
        header += text.utf8
        header += [UInt8](repeating: UInt8(ascii: " "), count: length - 1 - header.count)
        header.append(UInt8(ascii: "\n"))
        return header
    }
}

/// The bytes of a `.npy` file that holds a tensor.
struct NPYContent: ByteContent {
    private let header: [UInt8]
    /// In the file's order.
    private let elements: Tensor
    private let isSwapped: Bool

    init(_ tensor: Tensor, _ byteOrder: NPY.ByteOrder = .littleEndian, _ fortranOrder: Bool = false) {
        header = NPY.header(
            tensor.shape, tensor.dtype, bigEndian: byteOrder == .bigEndian, fortranOrder: fortranOrder)
        elements = fortranOrder && tensor.rank > 1 ? tensor.permuted((0..<tensor.rank).reversed()) : tensor
        isSwapped = (byteOrder == .bigEndian) != (1.bigEndian == 1) && tensor.dtype.byteCount > 1
    }

    func write<Sink: ByteSink>(to sink: Sink) throws(Sink.Failure) {
        try sink.write(header)
        let width = elements.dtype.byteCount
        let whole = UnsafeRawBufferPointer(start: elements.address, count: elements.count * width)
        defer { withExtendedLifetime(elements.storage) {} }
        guard isSwapped else { return try sink.write(whole) }
        let pieceCount = 1 << 20
        for start in stride(from: 0, to: whole.count, by: pieceCount) {
            var piece: [UInt8] = []
            piece.reserveCapacity(pieceCount)
            for place in stride(from: start, to: min(start + pieceCount, whole.count), by: width) {
                piece += whole[place..<place + width].reversed()
            }
            try sink.write(piece)
        }
    }
}
