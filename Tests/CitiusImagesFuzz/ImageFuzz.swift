import CitiusImages
import CitiusTestSupport
import CitiusZlib

/// Formats of images that are fuzzed.
public enum ImageFormat: String, CaseIterable, Sendable {
    case jpeg, png
}

/// What a mutated file may have.
private let pixelLimit = 1 << 14

/// Decodes mutated images, whole and by windows. Whatever the bytes: an error of the reader's own type, or an image within
/// the limit, the same each time.
public func fuzzImages(_ format: ImageFormat, inputs: Int, seed: UInt64) -> FuzzReport {
    var mutation = Mutation(random: SplitMix64(seed: seed))
    var random = RandomGenerator(seed: seed)
    let wholes = format == .jpeg ? jpegFiles(&random) : []
    let modes: [ColorMode?] = [nil, .grayscale, .rgb, .rgba]
    let fittings: [ImageFitting] = [.randomResizedCrop(), .padToAspectRatio, .centerCrop(), .stretch]
    return fuzzData(inputs: inputs, seed: seed) { mutation in
        switch format {
        case .jpeg:
            let whole = wholes[mutation.number(below: wholes.count)]
            return mutation.number(below: 2) == 0
                ? mutation.mutated(whole) : mutation.withMutatedFields(whole)
        case .png: return mutatedPNG(&mutation)
        }
    } read: { bytes throws(DataError) in
        let mode = modes[mutation.number(below: 4)]
        let image = try Tensor(imageBytes: bytes, colorMode: mode, pixelLimit: pixelLimit)
        let (height, width) = (image.shape[0], image.shape[1])
        guard height * width <= pixelLimit, mode.map({ $0.channels == image.shape[2] }) ?? true else {
            return "an image \(image.shape)"
        }
        let again = try Tensor(imageBytes: bytes, colorMode: mode, pixelLimit: pixelLimit)
        guard image.elements(as: UInt8.self) == again.elements(as: UInt8.self) else { return "another image" }
        // The windows take another way through the decoder.
        let fitted = try Tensor(
            imageBytes: bytes, fitting: fittings[mutation.number(below: 4)], to: Size2D(7, 5),
            colorMode: mode ?? .rgb, pixelLimit: pixelLimit, using: &random)
        return fitted.shape == [7, 5, (mode ?? .rgb).channels] ? nil : "a window \(fitted.shape)"
    }
}

private func jpegFiles(_ random: inout RandomGenerator) -> [[UInt8]] {
    [1, 3, 3].enumerated().flatMap { index, channels in
        let image = (Tensor(uniform: [33, 40, channels], using: &random) * 255).cast(to: .uint8)
        return [false, true].map {
            image.jpegBytes(quality: 60, subsamplesColor: index == 1, isProgressive: $0)
        }
    }
}

/// A PNG file that is changed in its bytes, its header, its chunks or its rows; mostly with checksums that are right, so
/// that what lies behind that check is reached.
private func mutatedPNG(_ mutation: inout Mutation<SplitMix64>) -> [UInt8] {
    let (colors, depths): ([UInt8], [UInt8]) = ([0, 2, 3, 4, 6], [1, 2, 4, 8, 16])
    let color = colors[mutation.number(below: 5)]
    let depth =
        color == 0 ? depths[mutation.number(below: 5)] : color == 3 ? depths[mutation.number(below: 4)] : 8
    let (width, height) = (1 + mutation.number(below: 20), 1 + mutation.number(below: 20))
    var header: [UInt8] = [
        0, 0, 0, UInt8(width), 0, 0, 0, UInt8(height), depth, color, 0, 0, UInt8(mutation.number(below: 2)),
    ]
    // More than enough for interlaced rows.
    var rows = (0..<(width * 8 + 8) * (height + 8)).map { _ in UInt8(mutation.number(below: 5)) }
    let channels = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][color] ?? 1
    if header[12] == 0 { rows = Array(rows.prefix(((width * channels * Int(depth) + 7) / 8 + 1) * height)) }
    var chunks: [(kind: String, data: [UInt8])] = []
    if color == 3 { chunks.append(("PLTE", [UInt8](repeating: 7, count: 3 << min(depth, 8)))) }
    if mutation.number(below: 3) == 0 {
        chunks.append(("tRNS", [UInt8](repeating: 9, count: color == 2 ? 6 : 2)))
    }
    if mutation.number(below: 8) == 0 { chunks.append(("zTXt", Array("k\0\0".utf8) + zlibCompressed(rows))) }
    let choice = mutation.number(below: 5)
    if choice == 0 { header = mutation.mutated(header) }
    if choice == 1 { rows = mutation.mutated(rows) }
    var data = zlibCompressed(rows)
    if choice == 2 { data = mutation.mutated(data) }
    chunks = [("IHDR", header)] + chunks + [("IDAT", data), ("IEND", [])]
    if choice == 3 {
        let (from, to) = (mutation.number(below: chunks.count), mutation.number(below: chunks.count))
        chunks[to] = (chunks[from].kind, mutation.mutated(chunks[to].data))
    }
    let file = pngFile(chunks)
    return choice == 4 ? mutation.mutated(file) : file
}

/// A PNG file of chunks, with the right checksums.
public func pngFile(_ chunks: [(kind: String, data: [UInt8])]) -> [UInt8] {
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    for chunk in chunks {
        let content = Array(chunk.kind.utf8) + chunk.data
        file += bigEndian(chunk.data.count) + content
        file += bigEndian(Int(crc32(0, content, UInt32(content.count))))
    }
    return file
}

/// Bytes as zlib writes them.
public func zlibCompressed(_ bytes: [UInt8]) -> [UInt8] {
    var count = compressBound(UInt(bytes.count))
    var result = [UInt8](repeating: 0, count: Int(count))
    compress(&result, &count, bytes, UInt(bytes.count))
    return Array(result.prefix(Int(count)))
}

/// A number as PNG files hold it.
public func bigEndian(_ number: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(number).bigEndian) { Array($0) }
}
