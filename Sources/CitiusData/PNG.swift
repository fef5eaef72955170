import CitiusPlatform
import CitiusTensor
import CitiusZlib

/// Images as files of the format PNG.
package enum PNG {
    /// The file of an image `[height, width, channels]` of bytes, with 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA)
    /// channels. Traps if it is none, or empty.
    ///
    /// Follows "Portable Network Graphics (PNG) Specification (Second Edition)", W3C 2003.
    package static func bytes(of image: Tensor) -> [UInt8] {
        let sizes = image.shape.sizes
        require(
            image.dtype == .uint8 && sizes.count == 3 && sizes[0] > 0 && sizes[1] > 0
                && (1...4).contains(sizes[2]),
            "PNG: the image is \(image.dtype) \(image.shape), expected uint8 [height, width, channels] of 1 to 4 channels"
        )
        let rowSize = sizes[1] * sizes[2]
        let pixels = image.elements(as: UInt8.self)
        // Each row begins with the number of its filter: 0, none.
        var rows: [UInt8] = []
        rows.reserveCapacity(sizes[0] * (rowSize + 1))
        for row in 0..<sizes[0] {
            rows.append(0)
            rows += pixels[row * rowSize..<(row + 1) * rowSize]
        }
        var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        let colourType: UInt8 = [0, 4, 2, 6][sizes[2] - 1]
        append("IHDR", bigEndian(sizes[1]) + bigEndian(sizes[0]) + [8, colourType, 0, 0, 0], to: &bytes)
        append("IDAT", compressed(rows), to: &bytes)
        append("IEND", [], to: &bytes)
        return bytes
    }

    private static func append(_ kind: String, _ data: [UInt8], to bytes: inout [UInt8]) {
        let content = Array(kind.utf8) + data
        bytes += bigEndian(data.count) + content
        bytes += bigEndian(Int(crc32(0, content, UInt32(content.count))))
    }

    private static func bigEndian(_ number: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(number).bigEndian) { Array($0) }
    }

    private static func compressed(_ bytes: [UInt8]) -> [UInt8] {
        var count = compressBound(UInt(bytes.count))
        var result = [UInt8](repeating: 0, count: Int(count))
        let status = compress(&result, &count, bytes, UInt(bytes.count))
        require(status == Z_OK, "PNG: zlib cannot compress \(bytes.count) bytes, code \(status)")
        return Array(result.prefix(Int(count)))
    }
}
