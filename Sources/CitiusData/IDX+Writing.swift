import CitiusPlatform
import CitiusTensor

extension IDX {
    /// Writes a plain IDX file, which appears under its name only when it is whole.
    ///
    /// Traps for int64 and bool, which the format does not have, and for more than 255 axes.
    ///
    /// - Throws: a ``DataError`` if the file cannot be written, or an axis is longer than the format's
    ///   32 bits can say.
    public static func write(_ tensor: Tensor, to path: String) throws(DataError) {
        guard tensor.shape.sizes.allSatisfy({ $0 <= Int(UInt32.max) }) else {
            throw DataError(
                .tooLarge,
                "\(path): an axis of shape \(tensor.shape) is too long for the IDX format's 32 bits.")
        }
        let file = try TemporaryFile(for: path)
        try file.write(bytes(of: tensor))
        try file.commit()
    }

    /// The contents of the IDX file that holds the tensor. Traps as ``write(_:to:)`` does.
    static func bytes(of tensor: Tensor) -> [UInt8] {
        let element: IDXElement
        switch tensor.dtype {
        case .uint8: element = .uint8
        case .int32: element = .int32
        case .float32: element = .float32
        case .float64: element = .float64
        case .int8: element = .int8
        case .int64, .bool:
            fail("IDX.write: the format has no \(tensor.dtype); cast to int32 or uint8 first")
        }
        require(tensor.rank <= 255, "IDX.write: the tensor has \(tensor.rank) axes, the format at most 255")
        var header: [UInt8] = [0, 0, element.rawValue, UInt8(tensor.rank)]
        for size in tensor.shape.sizes {
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: size).bigEndian) { header += $0 }
        }
        let byteCount = tensor.count * element.byteCount
        return [UInt8](unsafeUninitializedCapacity: header.count + byteCount) { buffer, count in
            count = header.count + byteCount
            _ = buffer.initialize(from: header)
            guard let base = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
            let out = base + header.count
            withExtendedLifetime(tensor.storage) {
                out.copyMemory(from: tensor.address, byteCount: byteCount)
            }
            // The header's length is a multiple of 4, not of 8.
            switch element.byteCount {
            case 4: swapUnaligned(UInt32.self, out, tensor.count)
            case 8: swapUnaligned(UInt64.self, out, tensor.count)
            default: break
            }
        }
    }
}

private func swapUnaligned<Word: FixedWidthInteger & BitwiseCopyable>(
    _ type: Word.Type, _ pointer: UnsafeMutableRawPointer, _ count: Int
) {
    for i in 0..<count {
        let offset = i * MemoryLayout<Word>.size
        let word = pointer.loadUnaligned(fromByteOffset: offset, as: Word.self)
        pointer.storeBytes(of: word.bigEndian, toByteOffset: offset, as: Word.self)
    }
}
