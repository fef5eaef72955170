import CitiusTensor
import CitiusTestSupport
import CitiusZlib
import Testing

@testable import CitiusData

@Suite struct PNGTests {
    @Test(arguments: [1, 2, 3, 4]) func pixelsComeBack(_ channels: Int) throws {
        var random = SplitMix64(seed: 1)
        let pixels = (0..<5 * 7 * channels).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        let bytes = PNG.bytes(of: Tensor(pixels, shape: [5, 7, channels]))
        #expect(bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        var rest = bytes[8...]
        var chunks: [(kind: String, data: [UInt8])] = []
        func number() -> Int {
            defer { rest = rest.dropFirst(4) }
            return rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        }
        while !rest.isEmpty {
            let length = number()
            let content = Array(rest.prefix(4 + length))
            rest = rest.dropFirst(4 + length)
            #expect(number() == Int(crc32(0, content, UInt32(content.count))))
            chunks.append((String(decoding: content.prefix(4), as: UTF8.self), Array(content.dropFirst(4))))
        }
        #expect(chunks.map(\.kind) == ["IHDR", "IDAT", "IEND"])
        #expect(chunks[0].data == [0, 0, 0, 7, 0, 0, 0, 5, 8, [0, 4, 2, 6][channels - 1], 0, 0, 0])
        var rows = [UInt8](repeating: 1, count: 5 * (7 * channels + 1))
        var count = UInt(rows.count)
        #expect(uncompress(&rows, &count, chunks[1].data, UInt(chunks[1].data.count)) == Z_OK)
        #expect(Int(count) == rows.count)
        let inflated = (0..<5).flatMap { row in
            let start = row * (7 * channels + 1)
            #expect(rows[start] == 0)
            return rows[start + 1..<start + 1 + 7 * channels]
        }
        #expect(inflated == pixels)
    }
}
