import CitiusPlatform

/// An array that lies in a mapped file, in whatever form the file has it: the other byte order, half precision, 16-bit
/// integers. What is looked at is read and converted then, so that the file may be larger than memory.
///
/// ```swift
/// let recordings = try NPY.mapArray(contentsOf: "recordings.npy")   // int16, 40 GB
/// let data = Dataset(inputs: recordings, targets: labels).scaled(by: 0x1p-15)
/// let first = recordings[0..<10]                                    // a tensor
/// ```
///
/// Another process that cuts the file short while it is in use ends this one with SIGBUS, as mapped files do.
public struct MappedArray: Sendable {
    /// The elements; with one more axis, of their bytes, where they have an encoding.
    package let stored: Tensor
    /// Nil where a tensor has the elements as they lie in the file.
    package let encoding: ElementEncoding?

    /// Elements in a file from an offset on, row by row. Traps if the file ends before.
    package init(_ file: FileBytes, from start: Int, shape: Shape, _ encoding: ElementEncoding) {
        let address = UInt(bitPattern: file.buffer.baseAddress) + UInt(start)
        if encoding.isNative, address % UInt(encoding.byteCount) == 0 || shape.count == 0 {
            stored = Tensor(viewing: file, from: start, shape: shape, dtype: encoding.dtype)
            self.encoding = nil
        } else {
            stored = Tensor(
                viewing: file, from: start, shape: Shape(shape.sizes + [encoding.byteCount]), dtype: .uint8)
            self.encoding = encoding
        }
    }

    /// What could not be left in a file.
    package init(_ tensor: Tensor) {
        stored = tensor
        encoding = nil
    }

    public var shape: Shape { encoding == nil ? stored.shape : Shape(Array(stored.shape.sizes.dropLast())) }

    /// What a tensor of the elements has: half precision becomes float32, small integers int32, uint32 int64.
    public var dtype: DType { encoding?.dtype ?? stored.dtype }

    /// All elements. Nothing is copied where a tensor has them as they lie in the file.
    public var tensor: Tensor { Self.decoded(stored, encoding, usesPool: true) }

    /// Some rows along the first axis. Traps if the array is a scalar, or the range leaves it.
    public subscript(range: Range<Int>) -> Tensor { Self.decoded(stored[range], encoding, usesPool: true) }

    /// Elements as a tensor has them.
    package static func decoded(_ stored: Tensor, _ encoding: ElementEncoding?, usesPool: Bool) -> Tensor {
        guard let encoding else { return stored }
        let shape = Shape(Array(stored.shape.sizes.dropLast()))
        let tensor = Tensor(uninitialized: shape, dtype: encoding.dtype)
        withExtendedLifetime(stored.storage) {
            encoding.decode(
                stored.address, count: shape.count, into: tensor.storage.pointer, usesPool: usesPool)
        }
        return tensor
    }
}
