import CitiusImages
import CitiusImagesFuzz
import CitiusPlatform
import CitiusTestSupport
import Testing

@Suite struct ImageFileTests {
    /// Every kind of file, as Pillow decodes it.
    @Test func pixelsAreThoseOfPillow() throws {
        var kinds = [
            "photo.jpg", "444.jpg", "422.jpg", "progressive.jpg", "restarts.jpg", "grey.jpg", "cmyk.jpg",
        ]
        kinds += ["quality10.jpg", "rgb8-key.png"]
        for suffix in ["", "-interlaced"] {
            let names =
                ["g1", "g2", "g4", "g8", "g16", "rgb8", "rgb16", "ga8", "ga16", "rgba8", "rgba16"]
                + [1, 4, 8].flatMap { ["palette\($0)", "palette\($0)-alpha"] }
            kinds += names.map { $0 + suffix + ".png" }
        }
        for kind in kinds {
            let image = try Tensor(contentsOfImage: golden(kind))
            expectPixels(image, try goldenPixels(String(kind.dropLast(4))), kind)
        }
    }

    @Test func channelsAreConverted() throws {
        for (file, mode, expected) in [
            ("photo.jpg", ColorMode.grayscale, "photo-grey"), ("rgba8.png", .rgb, "rgba8-rgb"),
            ("rgba8.png", .grayscale, "rgba8-grey"), ("g8.png", .rgb, "g8-rgb"), ("photo.jpg", .rgb, "photo"),
        ] {
            expectPixels(
                try Tensor(contentsOfImage: golden(file), colorMode: mode), try goldenPixels(expected), file)
        }
        let opaque = try Tensor(contentsOfImage: golden("photo.jpg"), colorMode: .rgba)
        #expect(opaque.shape == [75, 101, 4])
        #expect(opaque.sliced(3..<4, axis: 2).elements(as: UInt8.self).allSatisfy { $0 == 255 })
        expectPixels(opaque.sliced(0..<3, axis: 2), try goldenPixels("photo"))
        // Grey in four channels, and transparency kept.
        let grey = try Tensor(contentsOfImage: golden("ga8.png"), colorMode: .rgba)
        let pixels = try goldenPixels("ga8")
        expectPixels(grey.sliced(1..<2, axis: 2), pixels.sliced(0..<1, axis: 2))
        expectPixels(grey.sliced(3..<4, axis: 2), pixels.sliced(1..<2, axis: 2))
    }

    /// Cameras write which side is up; the pixels stay as they lie in the file.
    @Test(arguments: [1, 6, 9]) func orientationIsNotApplied(_ orientation: UInt8) throws {
        let bytes = picture(20, 30).jpegBytes()
        // EXIF: a TIFF header, and a directory of one entry (0x0112, SHORT).
        let exif: [UInt8] =
            Array("Exif\0\0MM\0*".utf8) + [0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation]
            + [0, 0, 0, 0, 0, 0]
        let turned = bytes.prefix(2) + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + bytes.dropFirst(2)
        expectPixels(try Tensor(imageBytes: Array(turned)), try Tensor(imageBytes: bytes))
        let fitted = try [bytes, Array(turned)].map { bytes in
            var generator = RandomGenerator(seed: 1)
            return try Tensor(
                imageBytes: bytes, fitting: .randomResizedCrop(), to: 12, using: &generator)
        }
        expectPixels(fitted[1], fitted[0])
    }

    /// Of 16 bits the upper ones, whatever the lower ones are.
    @Test func sixteenBitsBecomeEight() throws {
        let rows: [UInt8] = [0, 0x00, 0xFF, 0x12, 0x34, 0x80, 0x00, 0xFF, 0xFF]
        let header = bigEndian(4) + bigEndian(1) + [16, 0, 0, 0, 0]
        let file = pngFile([("IHDR", header), ("IDAT", zlibCompressed(rows)), ("IEND", [])])
        expectPixels(
            try Tensor(imageBytes: file), Tensor([0, 0x12, 0x80, 0xFF] as [UInt8], shape: [1, 4, 1]))
        expectPixels(
            try Tensor(imageBytes: file, colorMode: .rgb).sliced(1..<2, axis: 2),
            Tensor([0, 0x12, 0x80, 0xFF] as [UInt8], shape: [1, 4, 1]))
    }

    @Test(arguments: [1, 3]) func jpegComesBack(_ channels: Int) throws {
        let image = picture(37, 50, channels: channels)
        for isProgressive in [false, true] {
            for subsamplesColor in [false, true] {
                let bytes = image.jpegBytes(
                    quality: 95, subsamplesColor: subsamplesColor, isProgressive: isProgressive)
                expectPixels(
                    try Tensor(imageBytes: bytes), image, within: subsamplesColor ? 40 : 12, mean: 3)
            }
        }
        #expect(image.jpegBytes(quality: 10).count < image.jpegBytes(quality: 95).count)
        #expect(picture(64, 64).jpegBytes().count < picture(64, 64).jpegBytes(subsamplesColor: false).count)
        try withTemporaryFolder { folder in
            let path = folder + "/a.jpg"
            try image.writeJPEG(to: path, quality: 90)
            expectPixels(
                try Tensor(contentsOfImage: path), try Tensor(imageBytes: image.jpegBytes(quality: 90)))
            #expect(try dataError { try image.writeJPEG(to: folder + "/none/a.jpg") }.kind == .unwritable)
        }
    }

    @Test(arguments: [1, 2, 3, 4]) func pngComesBack(_ channels: Int) throws {
        let image = picture(9, 14, channels: channels)
        try withTemporaryFolder { folder in
            try image.writePNG(to: folder + "/a.png")
            expectPixels(try Tensor(contentsOfImage: folder + "/a.png"), image)
        }
    }

    // MARK: Faults

    @Test func faultsNameTheFile() throws {
        let missing = try dataError { _ = try Tensor(contentsOfImage: "/nowhere/a.jpg") }
        #expect(missing.kind == .missing && missing.message.contains("/nowhere/a.jpg"))
        try withTemporaryFolder { folder in
            for (name, bytes) in [("empty.jpg", []), ("text.png", Array("GIF89a and more".utf8))] {
                let path = folder + "/" + name
                try write(bytes, to: path)
                let error = try dataError { _ = try Tensor(contentsOfImage: path) }
                #expect(error.kind == .malformed)
                #expect(error.message.hasPrefix("\(path) is neither a JPEG nor a PNG file"), "\(error)")
            }
            let error = try dataError { _ = try Tensor(contentsOfImage: folder) }
            #expect(error.message.contains("not a regular file"))
        }
    }

    /// Wherever a file is cut off, it is reported; by the whole image and by a window that does not reach so far.
    @Test(arguments: ["photo.jpg", "progressive.jpg", "grey.jpg", "rgb8.png", "palette8-interlaced.png"])
    func truncatedFilesAreReported(_ name: String) throws {
        let bytes = try fileBytes(golden(name))
        var generator = RandomGenerator(seed: 1)
        for count in stride(from: 10, to: bytes.count - 1, by: max(1, bytes.count / 40)) {
            let part = Array(bytes.prefix(count))
            let error = try dataError { _ = try Tensor(imageBytes: part, name: "a.jpg") }
            #expect(error.kind == .malformed)
            #expect(error.message.hasPrefix("a.jpg is truncated"), "\(count) of \(bytes.count): \(error)")
            #expect(
                try dataError {
                    _ = try Tensor(
                        imageBytes: part, fitting: .randomResizedCrop(scale: 0.1...0.2), to: 8,
                        using: &generator)
                }.kind == .malformed)
        }
        _ = try Tensor(imageBytes: bytes + [1, 2, 3])
    }

    @Test func damagedPixelsAreReported() throws {
        var bytes = try fileBytes(golden("photo.jpg"))
        // A marker that restarts nothing, in the middle of the pixels.
        bytes[bytes.count / 2] = 0xFF
        bytes[bytes.count / 2 + 1] = 0xD9
        #expect(try dataError { _ = try Tensor(imageBytes: bytes) }.kind == .malformed)
        var png = try fileBytes(golden("rgb8.png"))
        png[png.count - 20] ^= 1
        let error = try dataError { _ = try Tensor(imageBytes: png) }
        #expect(
            error.kind == .malformed && error.message.contains("no PNG file that can be read"), "\(error)")
    }

    @Test func pixelsHaveALimit() throws {
        for name in ["photo.jpg", "progressive.jpg", "rgb8.png"] {
            let image = try Tensor(contentsOfImage: golden(name))
            let pixels = image.shape[0] * image.shape[1]
            _ = try Tensor(contentsOfImage: golden(name), pixelLimit: pixels)
            let error = try dataError {
                _ = try Tensor(contentsOfImage: golden(name), pixelLimit: pixels - 1)
            }
            #expect(error.kind == .tooLarge && error.message.contains(name))
        }
    }

    /// A few bytes that would become gigabytes: of pixels, of text, of data behind the pixels.
    @Test func bombsAreNotInflated() throws {
        func file(_ width: Int, _ height: Int, _ chunks: [(kind: String, data: [UInt8])]) -> [UInt8] {
            let header = bigEndian(width) + bigEndian(height) + [8, 0, 0, 0, 0]
            return pngFile([("IHDR", header)] + chunks + [("IEND", [])])
        }
        let zeros = zlibCompressed([UInt8](repeating: 0, count: 1 << 24))
        let error = try dataError {
            _ = try Tensor(imageBytes: file(1 << 17, 1 << 17, [("IDAT", zeros)]), name: "bomb.png")
        }
        #expect(error.kind == .tooLarge && error.message.hasPrefix("bomb.png has 131072×131072 pixels"))
        let before = peakMemoryByteCount()
        let black = Tensor(zeros: [4, 4, 1], dtype: .uint8)
        for chunks in [
            [
                ("zTXt", Array("k\0\0".utf8) + zeros),
                ("IDAT", zlibCompressed([UInt8](repeating: 0, count: 20))),
            ],
            [("IDAT", zeros)],
        ] {
            expectPixels(try Tensor(imageBytes: file(4, 4, chunks)), black)
        }
        #expect(peakMemoryByteCount() - before < 8 << 20)
    }

    /// A file of scan after scan over the same pixels takes hours where nobody counts them.
    @Test func scansHaveALimit() throws {
        // One block of grey, whose coefficients come one by one, each in two steps; all are zero.
        func table(_ kind: UInt8) -> [UInt8] {
            [0xFF, 0xC4, 0, 20, kind, 1] + [UInt8](repeating: 0, count: 16)
        }
        func scan(_ first: Int, _ last: Int, _ steps: UInt8) -> [UInt8] {
            [0xFF, 0xDA, 0, 8, 1, 1, 0, UInt8(first), UInt8(last), steps, 0x7F]
        }
        func file(coefficients: Int) -> [UInt8] {
            [0xFF, 0xD8, 0xFF, 0xDB, 0, 67, 0] + [UInt8](repeating: 1, count: 64)
                + [0xFF, 0xC2, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0] + table(0) + table(0x10) + scan(0, 0, 0)
                + (1...coefficients).flatMap { scan($0, $0, 1) + scan($0, $0, 0x10) } + [0xFF, 0xD9]
        }
        expectPixels(
            try Tensor(imageBytes: file(coefficients: 40)), Tensor(repeating: 128 as UInt8, shape: [8, 8, 1]))
        let error = try dataError { _ = try Tensor(imageBytes: file(coefficients: 63)) }
        #expect(error.message.contains("more than 100 scans"), "\(error)")
    }

    /// Whatever the bytes: an answer. `citius-fuzz` runs as many as one likes.
    @Test(arguments: ImageFormat.allCases) func mutatedFilesEndInAnAnswer(_ format: ImageFormat) {
        let seed = UInt64.random(in: 0 ... .max)
        let report = fuzzImages(format, inputs: 2_000, seed: seed)
        #expect(report.failures.isEmpty, "seed \(seed)\n\(report)")
        #expect(report.accepted > 50 && report.accepted < 1_950, "seed \(seed)\n\(report)")
    }
}

func fileBytes(_ path: String) throws -> [UInt8] {
    let file = try FileBytes(mapping: path)
    return withExtendedLifetime(file) { Array(file.buffer) }
}
