import CitiusPlatform
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusData
@testable import CitiusTensor

@Suite struct NPYTests {
    private let tensors: [Tensor] = [
        Tensor([1, -0.0, .infinity, .leastNonzeroMagnitude, 5, 6] as [Float], shape: [2, 3]),
        Tensor([0.1, -1e300]), Tensor((0..<24).map { Int32($0 - 3) }, shape: [2, 3, 4]),
        Tensor([.min, .max] as [Int64], shape: [1, 2]), Tensor([1, 2, 255] as [UInt8]),
        Tensor([true, false, true]), Tensor(2.5), Tensor(zeros: [0, 4]),
    ]

    private func header(_ descr: String, _ shape: String, fortran: Bool = false) -> String {
        "{'descr': '\(descr)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }"
    }

    // MARK: There and back

    @Test func tensorsComeBackInEveryOrder() throws {
        for tensor in tensors {
            for byteOrder in [NPY.ByteOrder.littleEndian, .bigEndian] {
                for fortranOrder in [false, true] {
                    let bytes = NPY.bytes(of: tensor, byteOrder: byteOrder, fortranOrder: fortranOrder)
                    let read = try NPY.parse(bytes)
                    #expect(read.shape == tensor.shape)
                    #expect(read.dtype == tensor.dtype)
                    #expect(NPY.bytes(of: read) == NPY.bytes(of: tensor), "\(byteOrder) \(fortranOrder)")
                }
            }
        }
    }

    @Test func theBytesAreTheFormats() throws {
        let bytes = NPY.bytes(of: Tensor([1, 2] as [Int32]))
        #expect(bytes.count == 128 + 8)
        #expect(bytes.starts(with: [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]))
        #expect(
            String(decoding: bytes[10..<127], as: UTF8.self).hasPrefix(
                "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), } "))
        #expect(bytes[127] == 10)
        #expect(bytes[128...].elementsEqual([1, 0, 0, 0, 2, 0, 0, 0]))
        let columns = NPY.bytes(
            of: Tensor([1, 2, 3, 4] as [Int32], shape: [2, 2]), byteOrder: .bigEndian, fortranOrder: true)
        #expect(columns.suffix(16).elementsEqual([0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4]))
        #expect(String(decoding: columns, as: Unicode.ASCII.self).contains("'>i4', 'fortran_order': True"))
        // The elements of a large tensor are turned piece by piece.
        let large = Tensor((0..<600_000).map { Float($0) })
        #expect(
            try NPY.parse(NPY.bytes(of: large, byteOrder: .bigEndian)).elements()
                == large.elements(as: Float.self))
    }

    @Test func narrowTypesAreWidened() throws {
        func elements<T: Scalar>(_ descr: String, _ bytes: [UInt8]) throws -> [T] {
            try NPY.parse(
                npyFile(header(descr, "(\(bytes.count / (descr.last?.wholeNumberValue ?? 1)),)"), bytes)
            )
            .elements()
        }
        #expect(try elements("|i1", [1, 127, 128, 255]) == [1, 127, -128, -1] as [Int32])
        #expect(try elements("<i2", [1, 0, 0xFF, 0xFF]) == [1, -1] as [Int32])
        #expect(try elements(">i2", [0, 1, 0xFF, 0xFE]) == [1, -2] as [Int32])
        #expect(try elements("<u2", [0xFF, 0xFF]) == [65_535] as [Int32])
        #expect(try elements("<u4", [0xFF, 0xFF, 0xFF, 0xFF]) == [4_294_967_295] as [Int64])
        #expect(try elements("<u8", [5, 0, 0, 0, 0, 0, 0, 0x7F]) == [0x7F00_0000_0000_0005] as [Int64])
        #expect(try elements(">f2", [0x3C, 0, 0xC0, 0]) == [1, -2] as [Float])
        #expect(try elements("|b1", [0, 1, 7]) == [false, true, true])
        #expect(try elements("=u1", [7]) == [7] as [UInt8])
    }

    @Test func stringsBecomeBytes() throws {
        let bytes = try NPY.parse(npyFile(header("|S3", "(2,)"), Array("ab\0xyz".utf8)))
        #expect(bytes.shape == [2, 3])
        #expect(bytes.strings == ["ab", "xyz"])
        let columns = try NPY.parse(npyFile(header("|S1", "(2, 2)", fortran: true), Array("acbd".utf8)))
        #expect(columns.shape == [2, 2, 1])
        #expect(columns.strings == ["a", "b", "c", "d"])
        let scalars = "é\0😀z".unicodeScalars.flatMap { scalar in
            withUnsafeBytes(of: scalar.value.bigEndian) { Array($0) }
        }
        let text = try NPY.parse(npyFile(header(">U2", "(2,)"), scalars))
        #expect(text.strings == ["é", "😀z"])
        let error = try dataError { _ = try NPY.parse(npyFile(header("<U1", "(1,)"), [0, 0xD8, 0, 0])) }
        #expect(error.message.contains("no character of Unicode"))
    }

    @Test func headersOfEveryWriterAreRead() throws {
        for text in [
            #"{"shape":(2,1),"fortran_order":False,"descr":"<i4"}"#,
            "{'descr': '<i4', 'fortran_order': False, 'shape': (2L, 1L)}      ",
            " { 'fortran_order' : True , 'shape' : ( 2 , 1 , ) , 'descr' : '<i4' , } ",
        ] {
            for version: UInt8 in [1, 2, 3] {
                let tensor = try NPY.parse(npyFile(text, [1, 0, 0, 0, 2, 0, 0, 0], version: version))
                #expect(tensor.shape == [2, 1])
                #expect(tensor.elements() == [1, 2] as [Int32])
            }
        }
        #expect(try NPY.parse(npyFile(header("<f8", "()"), [UInt8](repeating: 0, count: 8))).shape == [])
    }

    // MARK: Hostile bytes

    @Test func truncationIsAnErrorWhereverItIs() throws {
        for tensor in tensors where tensor.count > 0 {
            let whole = NPY.bytes(of: tensor)
            for length in 0..<whole.count {
                let error = try dataError { _ = try NPY.parse(Array(whole.prefix(length))) }
                #expect(error.kind == .malformed, "\(length): \(error)")
            }
            let error = try dataError { _ = try NPY.parse(whole + [0]) }
            #expect(error.message.contains("goes on after"), "\(error)")
        }
    }

    @Test func headersThatLieAreRefused() throws {
        let claims: [(String, DataError.Kind, String)] = [
            (header("|O", "(1,)"), .unsupportedType, "Python objects"),
            (header("<c8", "(1,)"), .unsupportedType, "of type '<c8'"),
            (header("<M8[ns]", "(1,)"), .unsupportedType, "of type '<M8[ns]'"),
            (header("<f16", "(1,)"), .unsupportedType, "of type '<f16'"),
            (header("|V2", "(1,)"), .unsupportedType, "of type '|V2'"),
            (header("|S-1", "(1,)"), .unsupportedType, "of type '|S-1'"),
            (header("|S99999999999", "(1,)"), .unsupportedType, "S99999999999"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", .unsupportedType, "fields"),
            (header("<f4", "(9223372036854775807,)"), .tooLarge, "more than the limit"),
            (header("<f4", "(0, 4294967296, 4294967296)"), .tooLarge, "more than the limit"),
            (header("<f4", "(18446744073709551616,)"), .malformed, "64 bits"),
            (header("<f4", "(-1,)"), .malformed, "an axis of the shape"),
            (header("<f4", "(2.5,)"), .malformed, "expected \")\""),
            (header("<f4", "(\((0..<65).map { _ in "1" }.joined(separator: ",")))"), .malformed, "64 axes"),
            (header("<f4", "[1]"), .malformed, "expected \"(\""),
            ("{'descr': '<f4', 'shape': (1,)}", .malformed, "no fortran_order"),
            ("{'descr': '<f4', 'descr': '<f4'}", .malformed, "each once"),
            ("{'descr': '<f4', 'a': 1}", .malformed, "the key 'a'"),
            ("{'descr': <f4}", .malformed, "expected a string in quotes"),
            ("{'descr': '<f4", .malformed, "a closing quote"),
            ("{'fortran_order': 0}", .malformed, "True or False"),
            ("{} {}", .malformed, "no descr and no fortran_order"),
            (header("<f4", "(1,)") + "{", .malformed, "expected its end"), ("", .malformed, "its end"),
            (String(repeating: " ", count: 10_001), .tooLarge, "a header of 10002 bytes"),
        ]
        for (text, kind, message) in claims {
            let error = try dataError { _ = try NPY.parse(npyFile(text, [0, 0, 0, 0])) }
            #expect(error.kind == kind, "\(text): \(error)")
            #expect(error.message.contains(message), "\(text): \(error)")
        }
        let most = [UInt8](repeating: 0xFF, count: 8)
        #expect(
            try dataError { _ = try NPY.parse(npyFile(header("<u8", "(1,)"), most)) }.kind == .unsupportedType
        )
        #expect(try dataError { _ = try NPY.parse(npyFile("", version: 4)) }.message.contains("version 4.0"))
        #expect(try dataError { _ = try NPY.parse(Array("PK".utf8)) }.message.contains("starts with [50 4b]"))
    }

    @Test func theLimitIsTheCallers() throws {
        let bytes = NPY.bytes(of: Tensor(zeros: [10]))
        #expect(try NPY.parse(bytes, upTo: 40).count == 10)
        #expect(try dataError { _ = try NPY.parse(bytes, upTo: 39) }.kind == .tooLarge)
        // Widened, ten bytes become forty.
        let narrow = npyFile(header("|i1", "(10,)"), [UInt8](repeating: 0, count: 10))
        #expect(try dataError { _ = try NPY.parse(narrow, upTo: 39) }.kind == .tooLarge)
    }

    /// Whatever the bytes: an answer. `citius-fuzz` runs as many as one likes.
    @Test func mutatedFilesEndInAnAnswer() {
        let seed = UInt64.random(in: 0 ... .max)
        let report = fuzzNPY(inputs: 10_000, seed: seed)
        #expect(report.failures == [], "seed \(seed)")
        for kind in [DataError.Kind.malformed, .unsupportedType, .tooLarge] {
            #expect(report.refusals["\(kind)", default: 0] > 0, "\(kind), seed \(seed)")
        }
        #expect(report.accepted > 500, "seed \(seed)")
        #expect(fuzzIDX(inputs: 5_000, seed: seed).failures == [], "seed \(seed)")
    }

    // MARK: Files

    @Test func filesAreMapped() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.npy"
            for tensor in tensors {
                for fortranOrder in [false, true] {
                    try NPY.write(tensor, to: path, fortranOrder: fortranOrder)
                    #expect(NPY.bytes(of: try NPY.read(contentsOf: path)) == NPY.bytes(of: tensor))
                    let mapped = try NPY.map(contentsOf: path)
                    // Copied where the elements are in another order, or bytes that may be no Bool.
                    let isCopied =
                        (fortranOrder && tensor.rank > 1) || tensor.count == 0 || tensor.dtype == .bool
                    #expect(mapped.storage.isWritable == isCopied)
                    #expect(NPY.bytes(of: mapped) == NPY.bytes(of: tensor))
                }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.npy"])
            // Writing to a mapped tensor changes neither the file nor another tensor of it.
            try NPY.write(tensors[0], to: path)
            var mapped = try NPY.map(contentsOf: path)
            let row = mapped[1]
            mapped[1] = Tensor([7, 8, 9] as [Float])
            #expect(mapped.elements().suffix(3) == [7, 8, 9] as [Float])
            #expect(row.elements() == [.leastNonzeroMagnitude, 5, 6] as [Float])
            #expect(NPY.bytes(of: try NPY.read(contentsOf: path)) == NPY.bytes(of: tensors[0]))
            // An array that begins at an odd place is copied.
            try write(
                npyFile(header("<f4", "(1,)") + String(repeating: " ", count: 1), [0, 0, 0x80, 0x3F]),
                to: path)
            #expect(try NPY.map(contentsOf: path).elements() == [1] as [Float])
        }
    }

    @Test func filesThatCannotBeReadOrWrittenAreNamed() throws {
        try withTemporaryFolder { folder in
            for isMapped in [false, true] {
                func read(_ path: String) throws -> Tensor {
                    try isMapped ? NPY.map(contentsOf: path) : NPY.read(contentsOf: path)
                }
                let missing = try dataError { _ = try read(folder + "/none") }
                #expect(missing.kind == .missing)
                #expect(missing.message.contains("\(folder)/none cannot be read"))
                #expect(try dataError { _ = try read(folder) }.kind == .unreadable)
            }
            let error = try dataError { try NPY.write(Tensor(1.0), to: folder + "/none/a.npy") }
            #expect(error.kind == .unwritable)
        }
    }

    /// A data set of mapped tensors gives the batches of one in memory.
    @Test func mappedFilesAreADataset() throws {
        try withTemporaryFolder { folder in
            let data = numbered(50)
            try NPY.write(data.storedInputs, to: folder + "/x.npy")
            try NPY.write(data.targets, to: folder + "/y.npy")
            let mapped = Dataset(
                inputs: try NPY.map(contentsOf: folder + "/x.npy"),
                targets: try NPY.map(contentsOf: folder + "/y.npy"), sampleWeights: data.sampleWeights)
            var seen: [Int] = []
            for batch in mapped.batched(7).shuffled(seed: 5) { seen += try sampleNumbers(batch) }
            #expect(seen.sorted() == Array(0..<50))
            #expect(seen != Array(0..<50))
            seen = []
            for batch in mapped.scaled(by: 0.5).batched(8).prefetched() {
                seen += try sampleNumbers(batch, scale: 0.5)
            }
            #expect(seen == Array(0..<50))
        }
    }
}

@Suite struct NPZTests {
    private let tensors: [(name: String, tensor: Tensor)] = [
        ("x", Tensor((0..<3_000).map { Float($0 % 7) }, shape: [3, 1_000])),
        ("y/é", Tensor([1, 2] as [Int64])),
        ("none", Tensor(zeros: [0, 4])), ("truth", Tensor([true, false])),
    ]

    @Test(arguments: [false, true]) func tensorsComeBack(compressed: Bool) throws {
        let bytes = NPZ.bytes(of: tensors, compressed: compressed)
        #expect((bytes.count < 3_000) == compressed)
        let file = try NPZ(bytes: bytes)
        #expect(file.names == tensors.map(\.name))
        for (name, tensor) in tensors {
            #expect(NPY.bytes(of: try file.tensor(named: name)) == NPY.bytes(of: tensor))
        }
        let error = try dataError { _ = try file.tensor(named: "z") }
        #expect(error.kind == .missing)
        #expect(error.message.contains("has no array \"z\"; it has x, y/é, none, truth."))
        try withTemporaryFolder { folder in
            try NPZ.write(tensors, to: folder + "/a.npz", compressed: compressed)
            let file = try NPZ(contentsOf: folder + "/a.npz")
            #expect(NPY.bytes(of: try file.tensor(named: "x")) == NPY.bytes(of: tensors[0].tensor))
            #expect(try dataError { _ = try NPZ(contentsOf: folder + "/none") }.kind == .missing)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.npz"])
        }
        #expect(try NPZ(bytes: NPZ.bytes(of: [])).names == [])
    }

    /// As beyond 4 GiB, with other limits.
    @Test func largeSizesAreRead() throws {
        let members: [(name: String, content: [UInt8])] = [
            ("a.npy", NPY.bytes(of: tensors[0].tensor)), ("b.npy", NPY.bytes(of: tensors[1].tensor)),
        ]
        for limit in [0, 1, 100, 1_000, 20_000] {
            for compressed in [false, true] {
                let file = try NPZ(bytes: zipArchive(members, compressed: compressed, limit: limit))
                #expect(file.names == ["a", "b"], "limit \(limit)")
                #expect(NPY.bytes(of: try file.tensor(named: "a")) == members[0].content)
                #expect(NPY.bytes(of: try file.tensor(named: "b")) == members[1].content)
            }
        }
    }

    @Test func everyFlippedBitIsFoundOrHarmless() throws {
        let small: [(name: String, tensor: Tensor)] = [
            ("a", Tensor([1, 2, 3] as [Float])), ("b", Tensor(7.0)),
        ]
        for compressed in [false, true] {
            let whole = NPZ.bytes(of: small, compressed: compressed)
            var errors = 0
            for position in whole.indices {
                var broken = whole
                broken[position] ^= 4
                do throws(DataError) {
                    let file = try NPZ(bytes: broken)
                    for (name, tensor) in small where file.names.contains(name) {
                        #expect(
                            NPY.bytes(of: try file.tensor(named: name)) == NPY.bytes(of: tensor),
                            "\(position)")
                    }
                } catch {
                    errors += 1
                }
            }
            // Dates, versions, attributes and the doubled parts of members' own headers mean nothing here.
            #expect(errors > whole.count / 2, "\(errors) of \(whole.count)")
            for length in 0..<whole.count {
                #expect(try dataError { _ = try NPZ(bytes: Array(whole.prefix(length))) }.kind == .malformed)
            }
        }
    }

    @Test func bombsAreRefused() throws {
        let zeros = NPY.bytes(of: Tensor(zeros: [5_000_000], dtype: .uint8))
        let bomb = zipArchive([("a.npy", zeros)], compressed: true)
        #expect(bomb.count < 10_000)
        let file = try NPZ(bytes: bomb, upTo: 4_000_000)
        #expect(try dataError { _ = try file.tensor(named: "a") }.kind == .tooLarge)
        #expect(try NPZ(bytes: bomb).tensor(named: "a").count == 5_000_000)
        // A claim of more than the member has.
        let liar = NPY.header([2_000_000], .float32) + [0]
        let error = try dataError {
            _ = try NPZ(bytes: zipArchive([("a.npy", liar)], compressed: true)).tensor(named: "a")
        }
        #expect(error.message.contains("truncated: its header claims 8000000 bytes"), "\(error)")
        // Two entries for one member's bytes, or one name.
        let twice = zipArchive([("a.npy", [1]), ("a.npy", [2])])
        #expect(try dataError { _ = try NPZ(bytes: twice) }.message.contains("two members called \"a.npy\""))
        var shared = zipArchive([("a.npy", [1, 2]), ("b.npy", [1, 2])])
        let entries = shared.indices.filter { shared[$0...].starts(with: [0x50, 0x4B, 1, 2]) }
        shared.replaceSubrange(entries[1] + 42..<entries[1] + 46, with: [0, 0, 0, 0])
        #expect(try dataError { _ = try NPZ(bytes: shared) }.message.contains("share bytes"))
        // Methods and passwords that are not read.
        for (offset, value, text) in [(10, 12, "method 12"), (8, 1, "encrypted")] {
            var other = zipArchive([("a.npy", [1])])
            let entry = try #require(other.indices.first { other[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
            other[entry + offset] = UInt8(value)
            #expect(try dataError { _ = try NPZ(bytes: other) }.message.contains(text))
        }
        #expect(try dataError { _ = try NPZ(bytes: []) }.message.contains("is no zip archive"))
    }

    /// Whatever the bytes: an answer. `citius-fuzz` runs as many as one likes.
    @Test func mutatedFilesEndInAnAnswer() {
        let seed = UInt64.random(in: 0 ... .max)
        let report = fuzzNPZ(inputs: 5_000, seed: seed)
        #expect(report.failures == [], "seed \(seed)")
        for kind in [DataError.Kind.malformed, .unsupportedType, .checksumMismatch] {
            #expect(report.refusals["\(kind)", default: 0] > 0, "\(kind), seed \(seed)")
        }
        #expect(report.accepted > 200, "seed \(seed)")
    }
}
