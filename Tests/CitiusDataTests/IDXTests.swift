import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusData
@testable import CitiusTensor

@Suite struct IDXTests {
    // MARK: Element types

    @Test func everyElementTypeIsRead() throws {
        let bytes = try IDX.parse(idx(0x08, [2, 3], [0, 1, 127, 128, 254, 255]))
        #expect(bytes.shape == [2, 3])
        #expect(bytes.elements() == [0, 1, 127, 128, 254, 255] as [UInt8])
        let narrow = try IDX.parse(idx(0x09, [5], [0, 1, 127, 128, 255]))
        #expect(narrow.elements() == [0, 1, 127, -128, -1] as [Int32])
        let short = try IDX.parse(idx(0x0B, [3], [0x7F, 0xFF, 0x80, 0x00, 0xFF, 0xFE]))
        #expect(short.elements() == [32_767, -32_768, -2] as [Int32])
        let int = try IDX.parse(idx(0x0C, [2], [0x01, 0x02, 0x03, 0x04, 0xFF, 0xFF, 0xFF, 0xFE]))
        #expect(int.elements() == [0x0102_0304, -2] as [Int32])
        let float = try IDX.parse(idx(0x0D, [2, 1], [0x3F, 0xC0, 0, 0, 0xC0, 0, 0, 0]))
        #expect(float.elements() == [1.5, -2] as [Float])
        let double = try IDX.parse(idx(0x0E, [1], [0x3F, 0xF8, 0, 0, 0, 0, 0, 0]))
        #expect(double.elements() == [1.5])
    }

    @Test func scalarsAndEmptyAxesAreRead() throws {
        #expect(try IDX.parse(idx(0x08, [], [9])).elements() == [9] as [UInt8])
        #expect(try IDX.parse(idx(0x08, [0, 28, 28], [])).shape == [0, 28, 28])
    }

    @Test func narrowIntegersAreWidenedInPlace() throws {
        var random = SplitMix64(seed: 9)
        let bytes = (0..<2_002).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        #expect(
            try IDX.parse(idx(0x09, [2_002], bytes)).elements()
                == bytes.map { Int32(Int8(bitPattern: $0)) })
        let words = stride(from: 0, to: bytes.count, by: 2).map {
            Int32(Int16(bitPattern: UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])))
        }
        #expect(try IDX.parse(idx(0x0B, [7, 143], bytes)).elements() == words)
    }

    // MARK: Hostile bytes

    @Test func truncationIsAnErrorWhereverItIs() throws {
        for (code, size) in [(0x08, 1), (0x09, 1), (0x0B, 2), (0x0C, 4), (0x0D, 4), (0x0E, 8)] {
            let whole = idx(UInt8(code), [3, 2], [UInt8](repeating: 1, count: 6 * size))
            #expect(try IDX.parse(whole).count == 6)
            for length in 0..<whole.count {
                let error = try dataError { _ = try IDX.parse(Array(whole.prefix(length))) }
                #expect(error.kind == .malformed, "type \(code), \(length) bytes")
                if length >= 4 { #expect(error.message.contains("truncated")) }
            }
            let packed = try gzipped(whole)
            for length in 0..<packed.count {
                let error = try dataError { _ = try IDX.parse(Array(packed.prefix(length))) }
                #expect(error.kind == .malformed, "type \(code), \(length) gzipped bytes")
            }
        }
    }

    @Test func bytesAfterTheElementsAreAnError() throws {
        let tooLong = idx(0x08, [3], [1, 2, 3, 4])
        for bytes in try [tooLong, gzipped(tooLong)] {
            let error = try dataError { _ = try IDX.parse(bytes) }
            #expect(error.kind == .malformed)
            #expect(error.message.contains("goes on after the 3 bytes of elements"), "\(error)")
        }
    }

    @Test func otherMagicNumbersAreNamed() throws {
        let error = try dataError { _ = try IDX.parse(Array("<html>no</html>".utf8)) }
        #expect(error.message.contains("is no IDX file: it starts with [3c 68 74 6d]"))
        for magic: [UInt8] in [
            [1, 0, 8, 1], [0, 1, 8, 1], [0, 0, 7, 1], [0, 0, 0x0A, 1], [0, 0, 0x0F, 1], [],
        ] {
            #expect(try dataError { _ = try IDX.parse(magic + [0, 0, 0, 1, 5]) }.kind == .malformed)
        }
        #expect(try dataError { _ = try IDX.parse([]) }.message.contains("starts with []"))
    }

    @Test func hugeClaimsAreRefusedBeforeMemoryIsTaken() throws {
        let most = UInt32.max
        let claims: [[UInt32]] = [
            [most], [most, most], [most, most, most], [1 << 31, 1 << 31, 4], [most, most, most, 0],
            [0, most, most, most], [UInt32](repeating: most, count: 255), [1 << 20, 1 << 20],
        ]
        for sizes in claims {
            for code: UInt8 in [0x08, 0x0E] {
                let bytes = idx(code, sizes, [1, 2, 3])
                for bytes in try [bytes, gzipped(bytes)] {
                    let before = Allocator.statistics.peakBytesInUse
                    let error = try dataError { _ = try IDX.parse(bytes) }
                    #expect(error.kind == .tooLarge || error.kind == .malformed, "\(sizes): \(error)")
                    #expect(Allocator.statistics.peakBytesInUse - before < 1 << 28)
                }
            }
        }
        // A zero among the sizes leaves no elements, and strides that nobody can count.
        for sizes in [[0, most, most, most], [most, most, most, 0]] {
            #expect(try dataError { _ = try IDX.parse(idx(0x08, sizes, [])) }.kind == .tooLarge)
        }
        let error = try dataError { _ = try IDX.parse(idx(0x0D, [most, most], [])) }
        #expect(error.message.contains("[4294967295, 4294967295], more than the limit"))
    }

    @Test func theLimitIsTheCallers() throws {
        let bytes = idx(0x0D, [10], [UInt8](repeating: 0, count: 40))
        #expect(try IDX.parse(bytes, upTo: 40).count == 10)
        #expect(try dataError { _ = try IDX.parse(bytes, upTo: 39) }.kind == .tooLarge)
        // Widened, ten bytes become forty.
        let narrow = idx(0x09, [10], [UInt8](repeating: 0, count: 10))
        #expect(try dataError { _ = try IDX.parse(narrow, upTo: 39) }.kind == .tooLarge)
    }

    /// A bomb of zeros is within deflate's ratio, so its claim is counted out before it is believed.
    @Test func largeGzippedClaimsAreCountedFirst() throws {
        let zeros = [UInt8](repeating: 0, count: 8_000_000)
        let bytes = try gzipped(idx(0x08, [300_000_000], zeros)) + gzipped(zeros)
        let padded = try (0..<35).reduce(into: bytes) { bytes, _ in bytes += try gzipped(zeros) }
        let before = Allocator.statistics.peakBytesInUse
        let error = try dataError { _ = try IDX.parse(padded) }
        #expect(Allocator.statistics.peakBytesInUse - before < 1 << 28)
        #expect(error.message.contains("claims 300000000 bytes of elements"), "\(error)")
    }

    /// Whatever the bytes, the answer is a tensor or an error.
    @Test func mutatedFilesEndInAnAnswer() throws {
        let seed: UInt64 = 20_261_123
        var random = SplitMix64(seed: seed)
        var errors = 0
        let wholes = try [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E].flatMap { (code: UInt8) in
            let size = Int(IDXElement(rawValue: code)?.byteCount ?? 0)
            let bytes = idx(code, [4, 3, 2], (0..<24 * size).map { UInt8($0) })
            return [bytes, try gzipped(bytes)]
        }
        for whole in wholes {
            for _ in 0..<1_000 {
                let bytes = mutated(whole, using: &random)
                do throws(DataError) {
                    let tensor = try IDX.parse(bytes, upTo: 1 << 24)
                    #expect(tensor.count * tensor.dtype.byteCount <= 1 << 24)
                } catch {
                    errors += 1
                }
            }
        }
        #expect(errors > 6_000, "seed \(seed)")
    }

    // MARK: Files

    @Test func writtenFilesAreReadBack() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/tensor.idx"
            func check<T: Scalar>(_ elements: [T], _ shape: Shape) throws {
                try IDX.write(Tensor(elements, shape: shape), to: path)
                let read = try IDX.read(contentsOf: path)
                #expect(read.shape == shape)
                #expect(read.elements() == elements)
            }
            try check([1, 2, 3, 4, 5, 255] as [UInt8], [3, 2])
            try check([1, -2, .max, .min] as [Int32], [2, 1, 2])
            try check([1.5, -.infinity, .leastNonzeroMagnitude] as [Float], [3])
            try check([1.5, -.infinity, .leastNonzeroMagnitude], [1, 3])
            try check([7] as [Double], [])
            try check([] as [Float], [0, 5])
            // A view is written as itself, not as what it views.
            let view = Tensor([1, 2, 3, 4] as [Float], shape: [4]).rowsView(1..<3)
            try IDX.write(view, to: path)
            #expect(try IDX.read(contentsOf: path).elements() == [2, 3] as [Float])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["tensor.idx"])
        }
    }

    @Test func gzipIsToldByItsBytes() throws {
        try withTemporaryFolder { folder in
            let bytes = idx(0x08, [3], [1, 2, 3])
            try write(gzipped(bytes), to: folder + "/packed")
            try write(bytes, to: folder + "/plain.gz")
            #expect(try IDX.read(contentsOf: folder + "/packed").elements() == [1, 2, 3] as [UInt8])
            #expect(try IDX.read(contentsOf: folder + "/plain.gz").elements() == [1, 2, 3] as [UInt8])
        }
    }

    @Test func filesThatCannotBeReadAreNamed() throws {
        try withTemporaryFolder { folder in
            let missing = try dataError { _ = try IDX.read(contentsOf: folder + "/none") }
            #expect(missing.kind == .missing)
            #expect(missing.message.contains("\(folder)/none cannot be read: No such file or directory"))
            let notAFile = try dataError { _ = try IDX.read(contentsOf: folder) }
            #expect(notAFile.kind == .unreadable)
            #expect(notAFile.message.contains("is not a regular file"))
            // A named pipe without a writer must not be waited for.
            try #require(mkfifo(folder + "/pipe", 0o600) == 0)
            #expect(try dataError { _ = try IDX.read(contentsOf: folder + "/pipe") }.kind == .unreadable)
            try write(idx(0x08, [3], [1, 2]), to: folder + "/short")
            let short = try dataError { _ = try IDX.read(contentsOf: folder + "/short") }
            #expect(short.message.contains("\(folder)/short is truncated: its header claims 3 bytes"))
            #expect(short.message.contains("2 are there"))
        }
    }

    @Test func aFolderThatCannotBeWrittenIsNamed() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/none/tensor.idx"
            let error = try dataError { try IDX.write(Tensor([1] as [Float]), to: path) }
            #expect(error.kind == .unwritable)
            #expect(error.message.contains("\(path) cannot be written: No such file or directory"))
            // A folder under the file's name: the renaming fails, and nothing is left.
            try FileManager.default.createDirectory(
                atPath: folder + "/taken", withIntermediateDirectories: true)
            #expect(
                try dataError { try IDX.write(Tensor([1] as [Float]), to: folder + "/taken") }.kind
                    == .unwritable)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["taken"])
        }
    }

    @Test func typesThatTheFormatLacksTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = IDX.bytes(of: Tensor([1] as [Int64]))
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("IDX.write: the format has no int64; cast to int32 or uint8 first"))
    }
}
