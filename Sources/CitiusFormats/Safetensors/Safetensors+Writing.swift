import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

extension Safetensors {
    /// Writes tensors to a file, in place of one that may be there. The same arguments give the same bytes.
    ///
    /// The file appears when it is whole and on the disk: whatever happens before, the old one is untouched and nothing
    /// half-written is left. Tensors go by the size of their elements, largest first, and in the given order within
    /// one size, so that each lies at a multiple of its elements' size.
    ///
    /// Traps if two tensors, or two entries of the metadata, have one name, or a tensor is called `__metadata__`.
    ///
    /// - Throws: a `SafetensorsError` if the file cannot be written.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [(String, String)] = [], to path: String
    ) throws(SafetensorsError) {
        let (header, order) = header(of: tensors, metadata: metadata)
        // The format's own limit: a reader would refuse the file.
        guard header.count - 8 <= headerLimit else {
            throw SafetensorsError(
                .headerTooLarge,
                "\(path) cannot be written: its header would have \(header.count - 8) bytes, and the format allows "
                    + "\(headerLimit). Save fewer tensors or less metadata.")
        }
        do throws(WritingFailure) {
            let file = try AtomicFile(for: path)
            try file.write(header)
            for tensor in order {
                try withExtendedLifetime(tensor.storage) { () throws(WritingFailure) in
                    try file.write(
                        UnsafeRawBufferPointer(
                            start: tensor.address, count: tensor.count * tensor.dtype.byteCount))
                }
            }
            try file.commit()
        } catch {
            throw SafetensorsError(.unwritable, error.description)
        }
    }

    /// The bytes of such a file. Traps as `write` does.
    public static func bytes(of tensors: [(name: String, tensor: Tensor)], metadata: [(String, String)] = [])
        -> [UInt8]
    {
        var (bytes, order) = header(of: tensors, metadata: metadata)
        for tensor in order {
            withExtendedLifetime(tensor.storage) {
                bytes += UnsafeRawBufferPointer(
                    start: tensor.address, count: tensor.count * tensor.dtype.byteCount)
            }
        }
        return bytes
    }

    /// The bytes before the tensors', and the tensors in the file's order.
    private static func header(
        of tensors: [(name: String, tensor: Tensor)], metadata: [(String, String)]
    ) -> (bytes: [UInt8], order: [Tensor]) {
        var header = JSON.Object()
        if !metadata.isEmpty {
            var members = JSON.Object()
            for (key, value) in metadata {
                require(
                    members.append(.string(value), forKey: key),
                    "Safetensors.write: the metadata has \(quoted(key)) twice, expected names of their own")
            }
            header["__metadata__"] = .object(members)
        }
        var offset = 0
        // Sorting is stable.
        let order = tensors.sorted { $0.tensor.dtype.byteCount > $1.tensor.dtype.byteCount }
        for (name, tensor) in order {
            require(name != "__metadata__", "Safetensors.write: a tensor cannot be called __metadata__")
            let end = offset + tensor.count * tensor.dtype.byteCount
            let entry: JSON = [
                "dtype": .string(SafetensorsType(tensor.dtype).rawValue),
                "shape": .array(tensor.shape.sizes.map { .integer(Int64($0)) }),
                "data_offsets": [.integer(Int64(offset)), .integer(Int64(end))],
            ]
            require(
                header.append(entry, forKey: name),
                "Safetensors.write: two tensors are called \(quoted(name)), expected names of their own")
            offset = end
        }
        var text = Array(JSON.object(header).text().utf8)
        text += [UInt8](repeating: UInt8(ascii: " "), count: -text.count & 7)
        let length = withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) }
        return (length + text, order.map(\.tensor))
    }
}
