import CitiusTensor
import CitiusTestSupport
import CitiusZlib
import Foundation
import Testing

@testable import CitiusData

@Suite struct ImageTests {
    private func path() -> String { NSTemporaryDirectory() + "image-\(UUID().uuidString).png" }

    @Test(arguments: [[5, 7], [5, 7, 1], [3, 4, 2], [6, 2, 3], [1, 1, 4]])
    func imagesComeBack(_ sizes: [Int]) throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        var random = SplitMix64(seed: 3)
        let count = sizes.reduce(1, *)
        let image = Tensor(
            (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }, shape: Shape(sizes))
        try image.writePNG(to: path)
        let read = try Tensor(contentsOfPNG: path)
        #expect(read == (sizes.count == 2 ? image.expandingAxis(at: 2) : image))
    }

    @Test func realNumbersAreSpreadOverBytes() throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let image = Tensor([-1, 0, 0.5, 1, 7, .nan] as [Float], shape: [2, 3])
        try image.writePNG(to: path)
        #expect(try Tensor(contentsOfPNG: path).elements(as: UInt8.self) == [0, 0, 128, 255, 255, 0])
        try image.writePNG(to: path, range: nil)
        #expect(try Tensor(contentsOfPNG: path).elements(as: UInt8.self) == [0, 32, 48, 64, 255, 0])
        try Tensor(ones: [2, 2]).writePNG(to: path, range: nil)
        #expect(try Tensor(contentsOfPNG: path).elements(as: UInt8.self) == [0, 0, 0, 0])
        #expect(throws: DataError.self) { try image.writePNG(to: "/nowhere/image.png") }
    }

    @Test func gridsHoldTheirImages() {
        let images = Tensor((0..<5 * 2 * 3).map { UInt8($0) }, shape: [5, 2, 3])
        let grid = images.imageGrid(columns: 2, gap: 1, scale: 2, background: 200)
        #expect(grid.shape == [3 * 5 + 1, 2 * 7 + 1, 1])
        let pixels = grid.elements(as: UInt8.self)
        for y in 0..<16 {
            for x in 0..<15 {
                let (row, column, top, left) = ((y - 1) / 5, (x - 1) / 7, (y - 1) % 5, (x - 1) % 7)
                let image = row * 2 + column
                let isInside = y > 0 && x > 0 && top < 4 && left < 6 && image < 5
                let expected = isInside ? UInt8(image * 6 + top / 2 * 3 + left / 2) : 200
                #expect(pixels[y * 15 + x] == expected, "\(y), \(x)")
            }
        }
        #expect(images[0..<1].imageGrid(columns: 8).shape == [6, 7, 1])
        #expect(Tensor(zeros: [9, 4, 4, 3]).imageGrid(gap: 0).shape == [12, 12, 3])
    }

    // MARK: What other programs write

    private func chunk(_ kind: String, _ data: [UInt8]) -> [UInt8] {
        func number(_ n: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: n >> (24 - 8 * $0)) } }
        let content = Array(kind.utf8) + data
        return number(data.count) + content + number(Int(crc32(0, content, UInt32(content.count))))
    }

    private func file(_ header: [UInt8], _ rows: [UInt8], _ others: [UInt8] = []) -> [UInt8] {
        var count = compressBound(UInt(rows.count))
        var compressed = [UInt8](repeating: 0, count: Int(count))
        #expect(compress(&compressed, &count, rows, UInt(rows.count)) == Z_OK)
        let data = Array(compressed.prefix(Int(count)))
        // In two pieces, as large files have it.
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header) + others
            + chunk("tEXt", Array("x".utf8)) + chunk("IDAT", Array(data.prefix(3)))
            + chunk("IDAT", Array(data.dropFirst(3))) + chunk("IEND", [])
    }

    private func image(_ bytes: [UInt8]) throws -> Tensor {
        try PNG.image(bytes, name: "x", pixelLimit: 1000)
    }

    /// Each row by another filter, beside the filters of the specification applied forwards.
    @Test func filters() throws {
        var random = SplitMix64(seed: 5)
        let (height, width, channels) = (6, 5, 3)
        let size = width * channels
        let pixels = (0..<height * size).map { _ in Int.random(in: 0...255, using: &random) }
        var rows: [UInt8] = []
        for y in 0..<height {
            let filter = y % 5
            rows.append(UInt8(filter))
            for x in 0..<size {
                func at(_ dy: Int, _ dx: Int) -> Int {
                    y - dy < 0 || x - dx < 0 ? 0 : pixels[(y - dy) * size + x - dx]
                }
                let (a, b, c) = (at(0, channels), at(1, 0), at(1, channels))
                let p = a + b - c
                let paeth = [(abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c)].min {
                    ($0.0, $0.1) < ($1.0, $1.1)
                }
                let guess = [0, a, b, (a + b) / 2, paeth?.2 ?? 0][filter]
                rows.append(UInt8(truncatingIfNeeded: pixels[y * size + x] - guess))
            }
        }
        let read = try image(file([0, 0, 0, 5, 0, 0, 0, 6, 8, 2, 0, 0, 0], rows))
        #expect(read.shape == [6, 5, 3] && read.elements(as: UInt8.self).map { Int($0) } == pixels)
    }

    @Test func otherDepthsAndPalettes() throws {
        // 1 bit: 5 pixels; 2 bits; 4 bits; 16 bits.
        #expect(
            try image(file([0, 0, 0, 5, 0, 0, 0, 1, 1, 0, 0, 0, 0], [0, 0b1011_0000])).elements(
                as: UInt8.self)
                == [255, 0, 255, 255, 0])
        #expect(
            try image(file([0, 0, 0, 3, 0, 0, 0, 1, 2, 0, 0, 0, 0], [0, 0b0110_1100])).elements(
                as: UInt8.self)
                == [85, 170, 255])
        #expect(
            try image(file([0, 0, 0, 2, 0, 0, 0, 1, 16, 0, 0, 0, 0], [0, 7, 200, 9, 1])).elements(
                as: UInt8.self)
                == [7, 9])
        let palette = chunk("PLTE", [1, 2, 3, 4, 5, 6, 7, 8, 9])
        let header: [UInt8] = [0, 0, 0, 3, 0, 0, 0, 1, 4, 3, 0, 0, 0]
        let read = try image(file(header, [0, 0x21, 0x00], palette))
        #expect(read.shape == [1, 3, 3] && read.elements(as: UInt8.self) == [7, 8, 9, 4, 5, 6, 1, 2, 3])
        let clear = try image(file(header, [0, 0x21, 0x00], palette + chunk("tRNS", [10, 20])))
        #expect(clear.elements(as: UInt8.self) == [7, 8, 9, 255, 4, 5, 6, 20, 1, 2, 3, 10])
        #expect(throws: DataError.self) { try image(file(header, [0, 0x31, 0x00], palette)) }
    }

    /// Truncated at every byte, and with every byte changed: an error or an image, never a trap.
    @Test func hostileBytes() throws {
        var random = SplitMix64(seed: 9)
        let whole = file([0, 0, 0, 4, 0, 0, 0, 3, 8, 2, 0, 0, 0], [UInt8](repeating: 1, count: 3 * 13))
        for count in 0..<whole.count {
            #expect(throws: DataError.self) { try image(Array(whole.prefix(count))) }
        }
        for index in whole.indices {
            var bytes = whole
            bytes[index] ^= UInt8.random(in: 1 ... .max, using: &random)
            // The trailing end's checksum, too, is looked at.
            #expect(throws: DataError.self) { try image(bytes) }
        }
        // Headers that lie, with checksums that are right.
        for header: [UInt8] in [
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 16, 6, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 3, 8, 2, 0, 0, 0],
            [0, 0, 0, 4, 0, 0, 0, 3, 8, 2, 0, 0, 1], [0, 0, 0, 4, 0, 0, 0, 3, 3, 2, 0, 0, 0],
            [0, 0, 0, 4, 0, 0, 0, 3, 8, 5, 0, 0, 0], [0, 0, 0, 4, 0, 0, 0, 2, 8, 2, 0, 0, 0],
            [0, 0, 0, 4, 0, 0, 0, 3, 8, 3, 0, 0, 0], [],
        ] {
            #expect(throws: DataError.self) { try image(file(header, [UInt8](repeating: 1, count: 3 * 13))) }
        }
        #expect(throws: DataError.self) { try Tensor(contentsOfPNG: "/nowhere/image.png") }
    }

    @Test func vectorsOfLengthOne() {
        let vectors = Tensor([3, 4, 0, 0, -2, 0] as [Double], shape: [3, 2])
        #expect(vectors.normalized().elements(as: Double.self) == [0.6, 0.8, 0, 0, -1, 0])
        #expect(
            vectors.normalized(order: 1).elements(as: Double.self).map { ($0 * 7).rounded() } == [
                3, 4, 0, 0, -7, 0,
            ])
        #expect(
            Tensor([2, 0, 0, 5] as [Int64], shape: [2, 2]).normalized(axis: 0).elements(as: Float.self) == [
                1, 0, 0, 1,
            ])
    }
}
