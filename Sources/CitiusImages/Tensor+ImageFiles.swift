import CitiusData
import CitiusImageCodecs
import CitiusKernels
import CitiusPlatform

extension Tensor {
    /// The image in a JPEG or PNG file, uint8 `[height, width, channels]`: 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA)
    /// channels. Which format it is, is told by the bytes, not by the name.
    ///
    /// ```swift
    /// let photo = try Tensor(contentsOfImage: "photo.jpg", colorMode: .rgb)
    /// try photo.resizedImage(to: [240, 320]).writeJPEG(to: "small.jpg", quality: 90)
    /// ```
    ///
    /// Fewer than 8 bits are spread over 0…255, and a palette's colors are written out; CMYK becomes RGB. The pixels are
    /// those that Pillow gives. The orientation in a photo's EXIF data is not applied, as in Pillow, Keras and TensorFlow:
    /// a photo that was taken upright may lie on its side.
    ///
    /// Of 16 bits the upper 8 are taken, as TensorFlow's `decode_png` does for bytes. Pillow does so with colors; of grey
    /// ones it keeps 16 bits (mode `I;16`, which Keras's `load_img` hands on), and cuts them off at 255 on the way to
    /// other modes.
    ///
    /// - Parameters:
    ///   - colorMode: the channels; nil: as in the file.
    ///   - pixelLimit: the most pixels; a small file may otherwise ask for a thousand times its size. The memory taken is at
    ///     most 20 bytes a pixel beside the file.
    /// - Throws: a `DataError` if the file cannot be read, is of another format, truncated or broken, or has more pixels.
    public init(
        contentsOfImage path: String, colorMode: ColorMode? = nil, pixelLimit: Int = defaultPixelLimit
    ) throws(DataError) {
        let memory = ScratchMemory()
        try self.init(
            imageBytes: UnsafeRawBufferPointer(readFile(path, into: memory)), name: path, colorMode,
            pixelLimit)
    }

    /// The image in the bytes of a JPEG or PNG file. See ``init(contentsOfImage:colorMode:pixelLimit:)``.
    ///
    /// - Parameter name: what messages call the image.
    public init(
        imageBytes bytes: [UInt8], name: String = "the image", colorMode: ColorMode? = nil,
        pixelLimit: Int = defaultPixelLimit
    ) throws(DataError) {
        var result: Result<Tensor, DataError>?
        bytes.withUnsafeBytes { bytes in
            do throws(DataError) {
                result = .success(try Tensor(imageBytes: bytes, name: name, colorMode, pixelLimit))
            } catch {
                result = .failure(error)
            }
        }
        guard let result else { fail("Tensor(imageBytes:): nothing was decoded") }
        self = try result.get()
    }

    private init(
        imageBytes bytes: UnsafeRawBufferPointer, name: String, _ colorMode: ColorMode?, _ pixelLimit: Int
    ) throws(DataError) {
        require(
            pixelLimit >= 0,
            "Tensor(contentsOfImage:): the limit is \(pixelLimit) pixels, expected at least 0")
        let file = try ImageFile(bytes, name: name, pixelLimit: pixelLimit)
        let channels = colorMode?.channels ?? file.channels
        let pixels = ScratchMemory()
        try file.read(
            0..<file.height, 0..<file.width, divisor: 1, channels: channels, into: pixels,
            scratch: ScratchMemory())
        let count = file.height * file.width * channels
        self.init(shape: [file.height, file.width, channels]) { (out: UnsafeMutablePointer<UInt8>) in
            out.update(from: pixels.elements(count), count: count)
        }
    }

    /// What an image may have by default, 64 million pixels.
    public static var defaultPixelLimit: Int { 1 << 26 }

    /// The bytes of a JPEG file of an image.
    ///
    /// - Parameters:
    ///   - quality: from 1 to 100; 75 as in Pillow and Keras. 100 keeps nearly all, 10 shows blocks.
    ///   - subsamplesColor: whether colors are kept at half of the resolution (4:2:0).
    ///   - isProgressive: whether the image comes in scans, each finer than the one before. Smaller, and slower to decode.
    ///
    /// Traps unless the tensor is uint8 `[height, width, channels]` of 1 (grey) or 3 (RGB) channels, with 1 to 65,500
    /// pixels along each side, or if the quality is out of range.
    public func jpegBytes(
        quality: Int = 75, subsamplesColor: Bool = true, isProgressive: Bool = false
    ) -> [UInt8] {
        requireImage("jpegBytes")
        require(
            (shape[2] == 1 || shape[2] == 3) && shape[0] <= 65_500 && shape[1] <= 65_500,
            "jpegBytes: the image is \(shape), expected [height, width, channels] of 1 or 3 channels, at most 65,500 pixels "
                + "along each side")
        require((1...100).contains(quality), "jpegBytes: the quality is \(quality), expected 1 to 100")
        return withElements { (pixels: UnsafePointer<UInt8>) in
            var count = 0
            guard
                let bytes = citius_jpeg_encode(
                    pixels, Int32(shape[1]), Int32(shape[0]), Int32(shape[2]), Int32(quality),
                    subsamplesColor,
                    isProgressive, &count)
            else { fail("jpegBytes: there is too little memory for an image \(shape)") }
            defer { free(bytes) }
            return Array(UnsafeBufferPointer(start: bytes, count: count))
        }
    }

    /// Writes an image as a JPEG file, which appears under its name only when it is whole. See
    /// ``jpegBytes(quality:subsamplesColor:isProgressive:)``; `writePNG(to:range:)` loses nothing.
    ///
    /// - Throws: a `DataError` if the file cannot be written.
    public func writeJPEG(
        to path: String, quality: Int = 75, subsamplesColor: Bool = true, isProgressive: Bool = false
    ) throws(DataError) {
        let bytes = jpegBytes(
            quality: quality, subsamplesColor: subsamplesColor, isProgressive: isProgressive)
        let file = try TemporaryFile(for: path)
        try file.write(bytes)
        try file.commit()
    }
}

/// What an image's file may have: far more than its pixels, which have a limit of their own.
private let fileByteLimit = 1 << 28

/// The bytes of a file, in memory that is used again for the next one.
func readFile(_ path: String, into memory: ScratchMemory) throws(DataError) -> UnsafeMutableRawBufferPointer {
    let file = try FileSource(path: path)
    let count = file.remainingByteLimit ?? 0
    guard count <= fileByteLimit else {
        throw DataError(
            .tooLarge,
            "\(path) has \(count) bytes, more than the \(fileByteLimit) that an image's file may have.")
    }
    let buffer = UnsafeMutableRawBufferPointer(start: memory.elements(count, of: UInt8.self), count: count)
    let read = try file.read(into: buffer)
    return UnsafeMutableRawBufferPointer(rebasing: buffer[..<read])
}
