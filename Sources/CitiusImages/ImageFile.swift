import CitiusData
import CitiusImageCodecs
import CitiusKernels
import CitiusLibjpeg
import CitiusLibpng
import CitiusPlatform

/// An image in a file's format of which the header is read; the pixels wait.
final class ImageFile {
    private enum Codec {
        case jpeg(OpaquePointer)
        case png(OpaquePointer)
    }

    /// What messages call the file.
    let name: String
    let width: Int
    let height: Int
    /// What the pixels have in the file: 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGB, alpha).
    let channels: Int
    private let codec: Codec

    /// The format follows from the first bytes, whatever the file is called.
    ///
    /// - Parameter bytes: must stay where they are while this is used.
    /// - Throws: a `DataError` for another format, a header that is broken, or more pixels than `pixelLimit`.
    init(_ bytes: UnsafeRawBufferPointer, name: String, pixelLimit: Int) throws(DataError) {
        self.name = name
        let start = bytes.bindMemory(to: UInt8.self).baseAddress
        var fault = citius_image_fault()
        if bytes.starts(with: [0xFF, 0xD8]) {
            guard let jpeg = citius_jpeg_open(start, bytes.count, &fault) else {
                throw Self.error(fault, name, "JPEG")
            }
            codec = .jpeg(jpeg)
            width = Int(citius_jpeg_width(jpeg))
            height = Int(citius_jpeg_height(jpeg))
            channels = Int(citius_jpeg_channels(jpeg))
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            guard let png = citius_png_open(start, bytes.count, &fault) else {
                throw Self.error(fault, name, "PNG")
            }
            codec = .png(png)
            width = Int(citius_png_width(png))
            height = Int(citius_png_height(png))
            channels = Int(citius_png_channels(png))
        } else {
            throw DataError(
                .malformed,
                "\(name) is neither a JPEG nor a PNG file\(bytes.isEmpty ? ": it is empty" : ""). Convert it, or leave "
                    + "it out.")
        }
        guard width <= pixelLimit / height else {
            throw DataError(
                .tooLarge,
                "\(name) has \(width)×\(height) pixels, more than the limit of \(pixelLimit); raise the limit if "
                    + "that is right.")
        }
    }

    deinit {
        switch codec {
        case .jpeg(let jpeg): citius_jpeg_close(jpeg)
        case .png(let png): citius_png_close(png)
        }
    }

    /// By how much the pixels can be fewer along each side as they are decoded, so that at least so many are left: 1, 2, 4
    /// or 8.
    ///
    /// - Parameter reduction: how many pixels of the image, along the side where they are fewest, become one.
    func divisor(for reduction: Double) -> Int {
        guard case .jpeg = codec else { return 1 }
        return [8, 4, 2].first { Double($0) <= reduction } ?? 1
    }

    /// The pixels of a window, uint8 [height, width, channels], at the size divided by `divisor` and rounded up.
    ///
    /// To be called once.
    ///
    /// - Parameters:
    ///   - channels: 1 to 4.
    ///   - columns: within the smaller image, not empty.
    ///   - rows: within the smaller image, not empty.
    /// - Throws: a `DataError` if the pixels are cut off, or broken.
    func read(
        _ rows: Range<Int>, _ columns: Range<Int>, divisor: Int, channels: Int, into pixels: ScratchMemory,
        scratch: ScratchMemory
    ) throws(DataError) {
        var fault = citius_image_fault()
        let size = rows.count * columns.count
        switch codec {
        case .jpeg(let jpeg):
            // The decoder makes grey or RGB by itself.
            let decoded = channels <= 2 ? 1 : 3
            let target = decoded == channels ? pixels : scratch
            let isRead = citius_jpeg_read(
                jpeg, Int32(divisor), Int32(decoded), Int32(columns.lowerBound), Int32(rows.lowerBound),
                Int32(columns.count), Int32(rows.count), target.elements(size * decoded), &fault)
            guard isRead else { throw Self.error(fault, name, "JPEG") }
            if decoded != channels {
                ChannelConversion(from: decoded, to: channels).apply(
                    scratch.elements(size * decoded), count: size, to: pixels.elements(size * channels))
            }
        case .png(let png):
            // The rows depend on those above them: there is no smaller part to decode.
            let isWhole = size == width * height
            let target = isWhole && channels == self.channels ? pixels : scratch
            let decoded = target.elements(width * height * self.channels, of: UInt8.self)
            guard citius_png_read(png, decoded, &fault) else { throw Self.error(fault, name, "PNG") }
            if target === pixels { return }
            let conversion = ChannelConversion(from: self.channels, to: channels)
            let out = pixels.elements(size * channels, of: UInt8.self)
            for (index, row) in rows.enumerated() {
                conversion.apply(
                    decoded + (row * width + columns.lowerBound) * self.channels, count: columns.count,
                    to: out + index * columns.count * channels)
            }
        }
    }

    private static func error(_ fault: citius_image_fault, _ name: String, _ format: String) -> DataError {
        if fault.is_out_of_memory {
            return DataError(.tooLarge, "\(name): there is too little memory for its pixels.")
        }
        if fault.is_truncated {
            return DataError(
                .malformed,
                "\(name) is truncated: the \(format) file ends before its image. Get the file again.")
        }
        let text = withUnsafeBytes(of: fault.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return DataError(
            .malformed, "\(name) is no \(format) file that can be read: \(text). Get the file again.")
    }
}
