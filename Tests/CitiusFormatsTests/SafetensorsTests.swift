import CitiusPlatform
import CitiusTensor
import CitiusTestSupport
import Testing

@testable import CitiusFormats

@Suite struct SafetensorsTests {
    private func refusal(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation)
        -> SafetensorsError?
    {
        refusal(sourceLocation) { () throws(SafetensorsError) in _ = try Safetensors(bytes: bytes) }
    }

    private func refusal(
        _ sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws(SafetensorsError) -> Void
    ) -> SafetensorsError? {
        do throws(SafetensorsError) {
            try body()
            Issue.record("nothing was thrown", sourceLocation: sourceLocation)
            return nil
        } catch {
            return error
        }
    }

    private let tensors: [(name: String, tensor: Tensor)] = [
        ("truth", Tensor([true, false, true])), ("bytes", Tensor([1, 2, 255] as [UInt8], shape: [1, 3])),
        ("kernel", Tensor([1, -0.0, .infinity, .leastNonzeroMagnitude, 5, 6] as [Float], shape: [2, 3])),
        ("wide", Tensor([0.1, -1e300] as [Double])), ("int", Tensor([.min, .max] as [Int32])),
        ("long", Tensor(Int64.min)), ("none", Tensor(zeros: [0, 4])),
    ]

    // MARK: There and back

    @Test func tensorsComeBack() throws {
        let file = try Safetensors(bytes: Safetensors.bytes(of: tensors, metadata: [("é\n", "😀\"")]))
        #expect(file.metadata == ["é\n": "😀\""])
        #expect(file.names == ["wide", "long", "kernel", "int", "none", "truth", "bytes"], "by element size")
        for (name, tensor) in tensors {
            let read = try file.tensor(named: name)
            #expect(read.shape == tensor.shape)
            #expect(read.dtype == tensor.dtype)
            #expect(file[name]?.shape == tensor.shape)
            #expect(file[name]?.byteCount == tensor.count * tensor.dtype.byteCount)
        }
        #expect(try file.tensor(named: "truth").elements() == [true, false, true])
        #expect(try file.tensor(named: "bytes").elements() == [1, 2, 255] as [UInt8])
        #expect(
            try file.tensor(named: "kernel").elements(as: Float.self).map(\.bitPattern)
                == tensors[2].tensor.elements(as: Float.self).map(\.bitPattern))
        #expect(try file.tensor(named: "wide").elements() == [0.1, -1e300] as [Double])
        #expect(try file.tensor(named: "int").elements() == [.min, .max] as [Int32])
        #expect(try file.tensor(named: "long").elements() == [.min] as [Int64])
    }

    @Test func theBytesAreTheFormats() throws {
        let bytes = Safetensors.bytes(
            of: [("b", Tensor([1] as [UInt8])), ("a", Tensor([1] as [Float]))], metadata: [("k", "v")])
        let header =
            #"{"__metadata__": {"k": "v"}, "a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "#
            + #""b": {"dtype": "U8", "shape": [1], "data_offsets": [4, 5]}}"#
        let padding = String(repeating: " ", count: -header.utf8.count & 7)
        #expect(bytes == safetensors(header: header + padding, data: [0, 0, 0x80, 0x3F, 1]))
        #expect((bytes.count - 5) % 8 == 0)
    }

    @Test func viewsAreWrittenAsThemselves() throws {
        let view = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2])[1..<2]
        let file = try Safetensors(bytes: Safetensors.bytes(of: [("v", view)]))
        #expect(try file.tensor(named: "v").elements() == [3, 4] as [Float])
        #expect(try file.tensor(named: "v").shape == [1, 2])
    }

    @Test func halfPrecisionBecomesFloat32() throws {
        let file = try Safetensors(
            bytes: safetensors(
                header: #"{"h":{"dtype":"F16","shape":[9],"data_offsets":[0,18]},"#
                    + #""b":{"dtype":"BF16","shape":[3],"data_offsets":[18,24]}}"#,
                data: [
                    0x00, 0x3C, 0x00, 0xC0, 0xFF, 0x7B, 0x01, 0x00, 0x00, 0x04, 0x00, 0x7C, 0x00, 0xFC, 0x00,
                    0x80, 0x55, 0x35,
                    0x80, 0x3F, 0x49, 0xC0, 0x80, 0xFF,
                ]))
        #expect(
            try file.tensor(named: "h").elements(as: Float.self)
                == [1, -2, 65_504, 0x1p-24, 0x1p-14, .infinity, -.infinity, -0.0, 0.333251953125])
        #expect(try file.tensor(named: "h").elements(as: Float.self)[7].sign == .minus)
        #expect(try file.tensor(named: "b").elements() == [1, -3.140625, -.infinity] as [Float])
        #expect(float(half: 0x7E00).isNaN)
        // A half is a float whose conversion back is itself: spacing and order hold over the whole range.
        let positive = (0..<UInt16(0x7C00)).map(float(half:))
        #expect(zip(positive, positive.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func otherTypesAreReadAsBytes() throws {
        let file = try Safetensors(
            bytes: safetensors(
                header:
                    #"{"q":{"dtype":"U16","shape":[1],"data_offsets":[0,2]},"f":{"dtype":"F4","shape":[4],"data_offsets":[2,4]}}"#,
                data: [1, 0xFF, 3, 4]))
        #expect(try file.rawBytes(named: "q") == [1, 0xFF])
        #expect(try file.rawBytes(named: "f") == [3, 4])
        let error = try #require(refusal { () throws(SafetensorsError) in _ = try file.tensor(named: "q") })
        #expect(error.kind == .unsupportedType)
        #expect(
            error.description == #"the bytes: the elements of "q" are U16, which no Tensor holds. "#
                + "Read them by rawBytes(named:), or save them as F32.")
    }

    @Test func signedBytesComeBack() throws {
        let tensor = Tensor([-128, -1, 0, 127] as [Int8], shape: [2, 2])
        let file = try Safetensors(bytes: Safetensors.bytes(of: [("q", tensor)]))
        #expect(file["q"]?.type == "I8" && file["q"]?.byteCount == 4)
        #expect(try file.tensor(named: "q") == tensor)
    }

    @Test func anyByteIsATruth() throws {
        let file = try Safetensors(
            bytes: safetensors(
                header: #"{"t":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}"#, data: [0, 2, 255]))
        let truth = try file.tensor(named: "t")
        #expect(truth.elements() == [false, true, true])
        #expect(Safetensors.bytes(of: [("t", truth)]).suffix(3) == [0, 1, 1])
    }

    @Test func unknownNamesAreNamed() throws {
        let file = try Safetensors(
            bytes: Safetensors.bytes(of: [("a", Tensor(1 as Float)), ("b", Tensor(1 as Float))]))
        let error = try #require(refusal { () throws(SafetensorsError) in _ = try file.tensor(named: "c\n") })
        #expect(error.kind == .noSuchTensor)
        #expect(error.description == #"the bytes has no tensor "c\n"; it has "a", "b"."#)
    }

    // MARK: Hostile bytes

    @Test(arguments: [
        ("", SafetensorsError.Kind.malformedHeader, "begins with nothing, expected \"{\""),
        (" {}", .malformedHeader, "begins with the byte 32, expected \"{\""),
        ("[]", .malformedHeader, "begins with the byte 91"),
        ("{", .malformedHeader, "the header is no valid JSON at line 1, column 2"),
        ("{} x", .malformedHeader, "found \"x\", expected the end of the text"),
        ("{\"a\": 1}", .malformedHeader, "found \"1\", expected \"{\""),
        ("{\"a\": {}}", .malformedHeader, "has no dtype for \"a\""),
        (#"{"a":{"dtype":"F32","shape":[1]}}"#, .malformedHeader, "has no data_offsets for \"a\""),
        (#"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#, .malformedHeader, "has no shape"),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, .malformedHeader,
            "has no two data_offsets"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}"#, .malformedHeader,
            "more than 2 numbers"
        ),
        (#"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#, .malformedHeader, "the type \"F33\""),
        (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, .malformedHeader, "holds -2"),
        (#"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#, .malformedHeader, "holds 2.0"),
        (#"{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}"#, .malformedHeader, "expected \"[\""),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, .malformedHeader,
            "begin at byte 8 and end at byte 0"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}"#, .malformedHeader,
            "says \"x\" of \"a\""
        ),
        (#"{"__metadata__":{"a":1}}"#, .malformedHeader, "found \"1\", expected a string"),
        (#"{"__metadata__":[]}"#, .malformedHeader, "expected \"{\""),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            .duplicateName, "\"a\" a second time"
        ),
        (#"{"__metadata__":{},"__metadata__":{}}"#, .duplicateName, "\"__metadata__\" a second time"),
        (#"{"__metadata__":{"a":"1","a":"1"}}"#, .duplicateName, "\"a\" a second time"),
        (
            #"{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, .duplicateName,
            "\"dtype\""
        ),
        (
            #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, .overflow,
            "can be counted"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}}"#, .overflow,
            "can be counted"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]}}"#, .overflow,
            "at most 64 bits"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, .sizeMismatch,
            "has 8 bytes, and F32 [3] would take 12"
        ),
        (#"{"a":{"dtype":"F64","shape":[],"data_offsets":[0,0]}}"#, .sizeMismatch, "F64 [] would take 8"),
        (
            #"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}"#, .sizeMismatch,
            "12 bits, which are no whole bytes"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
            .overlap, "\"b\" begins at byte 2 of the data, and the tensor before it ends at byte 4"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
            .overlap, "they overlap"
        ),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, .hole, "begins at byte 4"),
        (
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[2],"data_offsets":[6,8]}}"#,
            .hole, "the bytes between belong to none"
        ),
        (
            #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}"#, .truncated,
            "have 12 bytes, and 8 are there"
        ),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, .trailingBytes, "4 bytes follow"),
        ("{}", .trailingBytes, "8 bytes follow"),
    ])
    func headersThatAreWrong(_ header: String, _ kind: SafetensorsError.Kind, _ words: String) throws {
        let error = try #require(refusal(safetensors(header: header, data: [UInt8](repeating: 0, count: 8))))
        #expect(error.kind == kind, "\(error)")
        #expect(error.description.contains(words), "\(error)")
        #expect(error.description.hasPrefix("the bytes"))
    }

    @Test func lengthsThatAreWrong() throws {
        #expect(refusal([])?.kind == .truncated)
        #expect(refusal([2, 0, 0])?.kind == .truncated)
        #expect(refusal([3, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8))?.kind == .truncated)
        #expect(refusal([UInt8](repeating: 0xFF, count: 16))?.kind == .headerTooLarge)
        let limit = withUnsafeBytes(of: UInt64(Safetensors.headerLimit + 1).littleEndian) { Array($0) }
        #expect(refusal(limit + Array("{}".utf8))?.kind == .headerTooLarge)
        let whole = Safetensors.bytes(of: tensors, metadata: [("a", "b")])
        for length in 0..<whole.count {
            #expect(refusal(Array(whole.prefix(length)))?.kind == .truncated, "\(length) bytes")
        }
        #expect(refusal(whole + [0])?.kind == .trailingBytes)
    }

    @Test func bombsAreRefused() throws {
        let deep = "{\"a\":" + String(repeating: "[", count: 1_000_000)
        #expect(refusal(safetensors(header: deep))?.kind == .malformedHeader)
        let shape = "{\"a\":{\"shape\":[" + String(repeating: "[", count: 1_000_000)
        #expect(refusal(safetensors(header: shape))?.kind == .malformedHeader)
        let wide = "{\"a\":{\"shape\":[" + String(repeating: "1,", count: 1_000_000) + "1]}}"
        #expect(refusal(safetensors(header: wide))?.description.contains("more than 64 numbers") == true)
        let escapes = "{\"" + String(repeating: "\\u0041", count: 200_000) + "\":1}"
        #expect(refusal(safetensors(header: escapes))?.kind == .malformedHeader)
    }

    @Test func badUTF8IsRefused() throws {
        let error = refusal(safetensors(header: Array("{\"a".utf8) + [0xFF] + Array("\":{}}".utf8), data: []))
        #expect(error?.kind == .malformedHeader)
        #expect(error?.description.contains("expected text in UTF-8") == true)
    }

    /// Whatever the bytes: an answer. `citius-fuzz` runs as many as one likes.
    @Test func mutatedFilesEndInAnAnswer() {
        let seed = UInt64.random(in: 0 ... .max)
        let report = fuzzSafetensors(inputs: 10_000, seed: seed)
        #expect(report.failures == [], "seed \(seed)")
        // The mutations reach behind each of the checks.
        let kinds: [SafetensorsError.Kind] = [
            .truncated, .headerTooLarge, .malformedHeader, .duplicateName, .overflow, .sizeMismatch, .overlap,
            .hole,
            .trailingBytes,
        ]
        for kind in kinds { #expect(report.refusals["\(kind)", default: 0] > 0, "\(kind), seed \(seed)") }
        #expect(report.accepted > 250, "seed \(seed)")
    }

    // MARK: Files

    @Test func filesAreWrittenAndRead() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/model.safetensors"
            for round in 0..<3 {
                try Safetensors.write(tensors, metadata: [("round", "\(round)")], to: path)
                let file = try Safetensors(contentsOf: path)
                #expect(file.metadata == ["round": "\(round)"])
                #expect(try file.tensor(named: "int").elements() == [.min, .max] as [Int32])
            }
            #expect(try names(in: folder) == ["model.safetensors"], "nothing is left beside it")
        }
    }

    @Test func anOpenFileOutlivesItsReplacement() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a"
            try Safetensors.write([("a", Tensor([1, 2] as [Float]))], to: path)
            let old = try Safetensors(contentsOf: path)
            try Safetensors.write([("b", Tensor([3] as [Float]))], to: path)
            #expect(try old.tensor(named: "a").elements() == [1, 2] as [Float])
            #expect(try Safetensors(contentsOf: path).names == ["b"])
        }
    }

    @Test func mappedTensorsAreThoseOfTheFile() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a"
            try Safetensors.write(tensors, to: path)
            var mapped: [String: Tensor] = [:]
            do {
                let file = try Safetensors(contentsOf: path)
                for (name, tensor) in tensors {
                    let read = try file.mappedTensor(named: name)
                    #expect(read.shape == tensor.shape)
                    #expect(read.dtype == tensor.dtype)
                    #expect(
                        Safetensors.bytes(of: [("", read)]) == Safetensors.bytes(of: [("", tensor)]),
                        "\(name)")
                    mapped[name] = read
                }
                #expect(mapped["kernel"]?.address == (try file.mappedTensor(named: "kernel").address))
            }
            // The file's memory lives as long as they do, and is copied before it is written.
            var kernel = try #require(mapped["kernel"])
            kernel[0] = Tensor(zeros: [3])
            #expect(kernel.elements() == [0, 0, 0, .leastNonzeroMagnitude, 5, 6] as [Float])
            #expect(mapped["kernel"]?.elements(as: Float.self).first == 1)
            #expect(
                try Safetensors(contentsOf: path).tensor(named: "kernel").elements(as: Float.self).first == 1)
            // Half precision, and elements at an odd address.
            let bytes = safetensors(
                header: #"{"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"#
                    + #""b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]},"#
                    + #""f":{"dtype":"F32","shape":[1],"data_offsets":[3,7]}}"#,
                data: [0, 0x3C, 9, 0, 0, 0x80, 0x3F])
            let file = try Safetensors(bytes: bytes)
            #expect(try file.mappedTensor(named: "h").elements() == [1] as [Float])
            #expect(try file.mappedTensor(named: "f").elements() == [1] as [Float])
        }
    }

    @Test func filesThatCannotBeReadAreNamed() throws {
        try withTemporaryFolder { folder in
            func reading(_ path: String) -> SafetensorsError? {
                refusal { () throws(SafetensorsError) in _ = try Safetensors(contentsOf: path) }
            }
            let missing = try #require(reading(folder + "/none"))
            #expect(missing.kind == .missing)
            #expect(missing.description.contains("\(folder)/none cannot be read: No such file or directory"))
            #expect(reading(folder)?.kind == .unreadable)
            #expect(reading(folder)?.description.contains("is not a regular file") == true)
            try #require(mkfifo(folder + "/pipe", 0o600) == 0)
            #expect(reading(folder + "/pipe")?.kind == .unreadable)
            let empty = try AtomicFile(for: folder + "/empty")
            try empty.commit()
            #expect(reading(folder + "/empty")?.kind == .truncated)
            #expect(reading(folder + "/empty")?.description.contains("/empty has 0 bytes") == true)
        }
    }

    @Test func filesThatCannotBeWrittenLeaveNothing() throws {
        try withTemporaryFolder { folder in
            func writing(_ path: String, _ tensors: [(name: String, tensor: Tensor)]) -> SafetensorsError? {
                refusal { () throws(SafetensorsError) in try Safetensors.write(tensors, to: path) }
            }
            let missing = try #require(writing(folder + "/none/a", tensors))
            #expect(missing.kind == .unwritable)
            #expect(
                missing.description.contains(
                    "\(folder)/none/a cannot be written: No such file or directory. Choose"))
            try #require(mkdir(folder + "/taken", 0o700) == 0)
            #expect(writing(folder + "/taken", tensors)?.kind == .unwritable)
            #expect(try names(in: folder) == ["taken"])
            #expect(try names(in: folder + "/taken") == [])
            #expect(writing("/dev/null", tensors)?.kind == .unwritable)
            var device = stat()
            #expect(stat("/dev/null", &device) == 0 && device.st_mode & S_IFMT == S_IFCHR)
        }
    }

    /// A limit of the process's files stands for a full disk.
    @Test func aFullDiskLeavesTheOldFile() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryFolder { folder in
                let path = folder + "/a"
                try Safetensors.write([("a", Tensor(3 as Float))], to: path)
                signal(SIGXFSZ, SIG_IGN)
                var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
                try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
                let error = #expect(throws: SafetensorsError.self) {
                    try Safetensors.write([("a", Tensor(zeros: [100_000]))], to: path)
                }
                #expect(error?.kind == .unwritable)
                #expect(error?.description.contains("with enough space") == true)
                #expect(try Safetensors(contentsOf: path).tensor(named: "a").element() == 3 as Float)
                #expect(try names(in: folder) == ["a"])
            }
        }
    }

    @Test func namesMustDiffer() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Safetensors.bytes(of: [("a", Tensor(1 as Float)), ("a", Tensor(1 as Float))])
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("Safetensors.write: two tensors are called \"a\", expected names of their own"))
        await #expect(processExitsWith: .failure) {
            _ = Safetensors.bytes(of: [("__metadata__", Tensor(1 as Float))])
        }
        await #expect(processExitsWith: .failure) {
            _ = Safetensors.bytes(of: [], metadata: [("a", "1"), ("a", "2")])
        }
    }
}

// MARK: Support

/// Runs `body` with a folder of its own, which is removed afterwards.
func withTemporaryFolder(_ body: (String) throws -> Void) throws {
    var template = Array("/tmp/citius-formats-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
        Issue.record("no folder for the test: \(systemMessage(errno))")
        return
    }
    let folder = String(cString: made)
    defer { removeTree(folder) }
    try body(folder)
}

private func removeTree(_ path: String) {
    for name in (try? names(in: path)) ?? [] { removeTree(path + "/" + name) }
    remove(path)
}

/// The names of what a folder holds, sorted.
func names(in folder: String) throws -> [String] {
    guard let stream = opendir(folder) else { throw WritingFailure(folder, errno) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}
