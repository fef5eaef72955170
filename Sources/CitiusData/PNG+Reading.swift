import CitiusPlatform
import CitiusTensor
import CitiusZlib

extension PNG {
    private struct Header {
        let width: Int
        let height: Int
        let bitDepth: Int
        let colourType: Int

        /// How many numbers a pixel has in the file: of a palette its index.
        var channels: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colourType] ?? 0 }
        var bitsPerPixel: Int { channels * bitDepth }
        var rowSize: Int { (width * bitsPerPixel + 7) / 8 }
    }

    /// The image of a file, uint8 `[height, width, channels]`: 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) channels.
    ///
    /// 16 bits become 8, fewer are spread over 0…255, and a palette's colours are written out.
    ///
    /// - Throws: a `DataError` for bytes that are no PNG, truncated or corrupt (every chunk's CRC-32 is checked), an
    ///   interlaced image, or one of more pixels than `pixelLimit`.
    static func image(_ bytes: [UInt8], name: String, pixelLimit: Int) throws(DataError) -> Tensor {
        func malformed(_ what: String) -> DataError {
            DataError(.malformed, "\(name) is no PNG that can be read: \(what).")
        }
        guard bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) else {
            throw malformed("it does not begin as one")
        }
        var header: Header?
        var (palette, alphas, compressed): ([UInt8], [UInt8], [UInt8]) = ([], [], [])
        var (position, isAtEnd) = (8, false)
        while !isAtEnd {
            guard position + 12 <= bytes.count else { throw malformed("it is truncated") }
            func number(_ start: Int) -> Int {
                bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
            }
            let length = number(position)
            guard length <= bytes.count - position - 12 else { throw malformed("it is truncated") }
            let content = bytes[position + 4..<position + 8 + length]
            let data = content.dropFirst(4)
            guard Int(crc32(0, Array(content), UInt32(content.count))) == number(position + 8 + length) else {
                throw malformed("a checksum is wrong")
            }
            switch String(decoding: content.prefix(4), as: UTF8.self) {
            case "IHDR":
                guard length == 13, header == nil else { throw malformed("its header is not one") }
                let start = data.startIndex
                header = Header(
                    width: number(start), height: number(start + 4), bitDepth: Int(data[start + 8]),
                    colourType: Int(data[start + 9]))
                guard data[start + 12] == 0 else { throw malformed("it is interlaced; save it without") }
            case "PLTE": palette = Array(data)
            case "tRNS": alphas = Array(data)
            case "IDAT": compressed += data
            case "IEND": isAtEnd = true
            case let kind where (kind.utf8.first ?? 0) & 0x20 == 0: throw malformed("it has a chunk \(kind)")
            default: break
            }
            position += 12 + length
        }
        guard let header, header.width > 0, header.height > 0, header.channels > 0,
            [1, 2, 4, 8, 16].contains(header.bitDepth),
            header.bitDepth == 8 || header.bitDepth < 8 && [0, 3].contains(header.colourType)
                || header.bitDepth == 16 && header.colourType != 3
        else { throw malformed("its header is not one") }
        guard header.width <= pixelLimit / header.height else {
            throw DataError(
                .tooLarge,
                "\(name) has \(header.width)×\(header.height) pixels, more than the limit of \(pixelLimit); "
                    + "raise the limit if that is right.")
        }
        let rows = try unfiltered(inflated(compressed, header, malformed), header, malformed)
        var samples = rows
        if header.bitDepth != 8 { samples = bytesOfSamples(rows, header) }
        guard header.colourType == 3 else {
            return Tensor(samples, shape: [header.height, header.width, header.channels])
        }
        let colours = palette.count / 3
        guard let largest = samples.max(), Int(largest) < colours else {
            throw malformed("a pixel has a colour that the palette does not")
        }
        let channels = alphas.isEmpty ? 3 : 4
        let pixels = samples.flatMap { index -> [UInt8] in
            let colour = Array(palette[Int(index) * 3..<Int(index) * 3 + 3])
            return channels == 3 ? colour : colour + [Int(index) < alphas.count ? alphas[Int(index)] : 255]
        }
        return Tensor(pixels, shape: [header.height, header.width, channels])
    }

    private static func inflated(
        _ compressed: [UInt8], _ header: Header, _ malformed: (String) -> DataError
    ) throws(DataError) -> [UInt8] {
        let expected = (header.rowSize + 1) * header.height
        var rows = [UInt8](repeating: 0, count: expected)
        var count = UInt(expected)
        let status = uncompress(&rows, &count, compressed, UInt(compressed.count))
        guard status == Z_OK, Int(count) == expected else { throw malformed("its pixels cannot be inflated") }
        return rows
    }

    /// The rows without their filters: each byte was written as its difference from those around it.
    private static func unfiltered(
        _ rows: [UInt8], _ header: Header, _ malformed: (String) -> DataError
    ) throws(DataError) -> [UInt8] {
        let size = header.rowSize
        let step = max(1, header.bitsPerPixel / 8)
        var result = [UInt8](repeating: 0, count: size * header.height)
        for row in 0..<header.height {
            let filter = rows[row * (size + 1)]
            guard filter <= 4 else { throw malformed("a row has the filter \(filter)") }
            for column in 0..<size {
                let here = row * size + column
                let left = column >= step ? Int(result[here - step]) : 0
                let above = row > 0 ? Int(result[here - size]) : 0
                let corner = row > 0 && column >= step ? Int(result[here - size - step]) : 0
                let prediction =
                    switch filter {
                    case 1: left
                    case 2: above
                    case 3: (left + above) / 2
                    case 4: paeth(left, above, corner)
                    default: 0
                    }
                result[here] = rows[row * (size + 1) + 1 + column] &+ UInt8(prediction)
            }
        }
        return result
    }

    /// Of three neighbours the one nearest to left + above − corner.
    private static func paeth(_ left: Int, _ above: Int, _ corner: Int) -> Int {
        let (toLeft, toAbove, toCorner) = (
            abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
        )
        if toLeft <= toAbove && toLeft <= toCorner { return left }
        return toAbove <= toCorner ? above : corner
    }

    /// A byte for each sample, of samples of 1, 2, 4 or 16 bits.
    private static func bytesOfSamples(_ rows: [UInt8], _ header: Header) -> [UInt8] {
        if header.bitDepth == 16 { return stride(from: 0, to: rows.count, by: 2).map { rows[$0] } }
        let largest = (1 << header.bitDepth) - 1
        // A palette's indices stay as they are.
        let scale = header.colourType == 3 ? 1 : 255 / largest
        return (0..<header.height).flatMap { row in
            (0..<header.width).map { column in
                let bit = column * header.bitDepth
                let byte = Int(rows[row * header.rowSize + bit / 8])
                return UInt8((byte >> (8 - header.bitDepth - bit % 8) & largest) * scale)
            }
        }
    }
}
