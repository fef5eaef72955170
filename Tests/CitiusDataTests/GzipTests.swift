import CitiusTestSupport
import Testing

@testable import CitiusData

@Suite struct GzipTests {
    private func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in UInt8.random(in: 0...15, using: &random) }
    }

    @Test(arguments: [0, 1, 100, 300_000]) func inflatesWhatWasDeflated(_ count: Int) throws {
        let bytes = noise(count)
        #expect(try Gzip.inflate(gzipped(bytes)) == bytes)
        #expect(try Gzip.inflate(gzipped(bytes, level: 0)) == bytes)
    }

    @Test func aNegativeLimitTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = try Gzip.inflate(gzipped([1]), upTo: -1)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text == "Fatal error: Gzip.inflate: the limit is -1 bytes, expected at least 0\n")
    }

    @Test func membersFollowEachOther() throws {
        let (first, second) = (noise(200_000), noise(70_000, seed: 2))
        let file = try gzipped(first) + gzipped([]) + gzipped(second)
        #expect(try Gzip.inflate(file) == first + second)
    }

    @Test func aTruncatedStreamIsAnErrorWhereverItEnds() throws {
        let whole = try gzipped(noise(400))
        for length in 0..<whole.count {
            let error = try dataError { _ = try Gzip.inflate(Array(whole.prefix(length))) }
            #expect(error.kind == .malformed, "\(length) bytes: \(error)")
            #expect(error.message.contains("truncated"), "\(length) bytes: \(error)")
        }
        let twice = whole + whole
        for length in whole.count + 1..<twice.count {
            let error = try dataError { _ = try Gzip.inflate(Array(twice.prefix(length))) }
            #expect(error.message.contains("truncated"), "\(length) bytes: \(error)")
        }
    }

    @Test func everyFlippedBitOfTheChecksumsIsFound() throws {
        let whole = try gzipped(noise(400))
        for position in whole.count - 8..<whole.count {
            var broken = whole
            broken[position] ^= 1
            let error = try dataError { _ = try Gzip.inflate(broken) }
            #expect(error.message.contains("no intact gzip data"), "\(error)")
        }
    }

    @Test func otherBytesAreNoGzip() throws {
        for bytes: [UInt8] in [
            [1, 2, 3], Array("<html>".utf8), [0x1F, 0x8C] + noise(40), [0x50, 0x4B, 3, 4],
        ] {
            let error = try dataError { _ = try Gzip.inflate(bytes) }
            #expect(error.kind == .malformed)
        }
        #expect(Gzip.isGzip([0x1F, 0x8B, 8]))
        #expect(!Gzip.isGzip([0x1F]))
    }

    @Test func bytesAfterTheEndAreAnError() throws {
        let whole = try gzipped(noise(40))
        let error = try dataError { _ = try Gzip.inflate(whole + [0, 1, 2]) }
        #expect(error.message.contains("after its end"))
        #expect(try dataError { _ = try Gzip.inflate(whole + [0x1F, 0x00, 0x00]) }.kind == .malformed)
    }

    @Test func theLimitHolds() throws {
        let bomb = try gzipped([UInt8](repeating: 0, count: 20_000_000))
        #expect(bomb.count < 30_000)
        let error = try dataError { _ = try Gzip.inflate(bomb, upTo: 1_000_000) }
        #expect(error.kind == .tooLarge)
        #expect(error.message.contains("more than 1000000 bytes"))
        let exact = try gzipped(noise(1_000))
        #expect(try Gzip.inflate(exact, upTo: 1_000).count == 1_000)
        #expect(try dataError { _ = try Gzip.inflate(exact, upTo: 999) }.kind == .tooLarge)
        #expect(try Gzip.inflate(gzipped([]), upTo: 0).isEmpty)
        #expect(try Gzip.inflate(exact, upTo: .max).count == 1_000)
    }

    /// Whatever the bytes, the answer is bytes or an error.
    @Test func mutatedStreamsEndInAnAnswer() throws {
        let seed: UInt64 = 20_261_123
        var random = SplitMix64(seed: seed)
        let whole = try gzipped(noise(2_000)) + gzipped(noise(10))
        var errors = 0
        for _ in 0..<3_000 {
            let bytes = mutated(whole, using: &random)
            do throws(DataError) {
                _ = try Gzip.inflate(bytes, upTo: 100_000)
            } catch {
                errors += 1
                #expect(error.message.count > 20)
            }
        }
        #expect(errors > 2_000, "seed \(seed)")
    }
}

/// The bytes with a few changed, cut, doubled or inserted.
func mutated(_ bytes: [UInt8], using random: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
        // The header is where most of the meaning is.
        let reach = Bool.random(using: &random) ? min(bytes.count, 24) : bytes.count
        let position = Int.random(in: 0..<reach, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[position] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
        case 2: bytes.removeSubrange(position...)
        case 3: bytes.insert(UInt8.random(in: 0 ... .max, using: &random), at: position)
        default: bytes += bytes.suffix(position)
        }
    }
    return bytes
}
