import CitiusConfiguration
import CitiusPlatform
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusData
@testable import CitiusDownloads

/// The whole way against a server on loopback whose answers have the shape of OpenML's.
@Suite struct OpenMLTests {
    static let arff = """
        @relation small
        @attribute id numeric
        @attribute 'petal length' numeric
        @attribute note string
        @attribute colour {red,blue}
        @attribute class {'a b',c}
        @data
        1,1.5,'x',red,c
        2,2.5,?,blue,'a b'
        3,?,y,red,c
        """

    private static func json(_ value: JSON) -> LoopbackServer.Answer {
        .init(body: Array(value.text().utf8), headers: ["Content-Type: application/json"])
    }

    /// All that the server says of data set 7.
    static func answers(_ address: String) -> [String: [LoopbackServer.Answer]] {
        let names = ["id", "petal length", "note", "colour", "class"]
        let features = names.indices.map { index -> JSON in
            [
                "index": .string("\(index)"), "name": .string(names[index]),
                "data_type": index > 2 ? "nominal" : "numeric", "is_target": index == 4 ? "true" : "false",
                "is_ignore": "false", "is_row_identifier": index == 0 ? "true" : "false",
            ]
        }
        let description: JSON = [
            "data_set_description": [
                "id": "7", "name": "small", "version": "2", "format": "ARFF", "licence": "CC0",
                "status": "active",
                "url": .string(address + "data/v1/download/99/small.arff"), "file_id": "99",
                "md5_checksum": .string(Digest.hexDigest(.md5, of: Array(arff.utf8))),
                "default_target_attribute": "class",
            ]
        ]
        let found: JSON = [
            "data": ["dataset": [["did": 7, "name": "small", "version": "2", "status": "active"]]]
        ]
        return [
            "/api/v1/json/data/list/data_name/small/limit/2/status/active/": [json(found)],
            "/api/v1/json/data/list/data_name/small/limit/2/data_version/2": [json(found)],
            "/api/v1/json/data/list/data_name/small/limit/2/data_version/1": [noResults],
            "/api/v1/json/data/list/data_name/small/limit/2/data_version/1/status/deactivated": [json(found)],
            "/api/v1/json/data/7": [json(description)],
            "/api/v1/json/data/features/7": [json(["data_features": ["feature": .array(features)]])],
            "/data/v1/download/99/small.arff": [.init(body: Array(arff.utf8))],
        ]
    }

    private static let noResults = LoopbackServer.Answer(
        status: "412 Precondition Failed",
        body: Array(#"{"error":{"code":"372","message":"No results"}}"#.utf8))

    private static let description = "/api/v1/json/data/7"
    private static let data = "/data/v1/download/99/small.arff"

    static func options(_ server: LoopbackServer, _ folder: String, offline: Bool = false) -> OpenML.Options {
        options(server.address, folder, offline: offline)
    }

    private static func options(_ address: String, _ folder: String, offline: Bool = false) -> OpenML.Options
    {
        var options = OpenML.Options(
            host: address, cache: folder, isOffline: offline, timeout: 20, progress: .silent)
        options.delay = 0.01
        return options
    }

    private func server(replacing replaced: [String: [LoopbackServer.Answer]] = [:]) throws -> LoopbackServer
    {
        try LoopbackServer { Self.answers($0).merging(replaced) { $1 } }
    }

    /// The names of what is in the server's folder, without locks.
    private func files(_ folder: String) -> [String] {
        (try? FileManager.default.subpathsOfDirectory(atPath: folder))?.filter {
            !$0.hasSuffix(".lock") && $0.contains("/")
        }.map { ($0 as NSString).lastPathComponent }.sorted() ?? []
    }

    private let layout = TableLayout(missing: .dropped)

    // MARK: What is fetched

    @Test func aDataSetIsFetchedByNameVersionAndNumber() throws {
        try withTemporaryFolder { folder in
            let server = try server()
            let all = [
                try OpenML.fetch("Small", layout: layout, options: Self.options(server, folder + "/a")),
                try OpenML.fetch(
                    "small", version: 2, layout: layout, options: Self.options(server, folder + "/b")),
                // One that is no longer active.
                try OpenML.fetch(
                    "small", version: 1, layout: layout, options: Self.options(server, folder + "/c")),
                try OpenML.fetch(id: 7, layout: layout, options: Self.options(server, folder + "/d")),
            ]
            for data in all {
                #expect(data.metadata.name == "small (version 2)")
                #expect(data.metadata.licence == "CC0")
                #expect(data.metadata.source == server.address + "d/7")
                // Neither the row's number nor texts.
                #expect(data.metadata.featureNames == ["petal length", "colour=red", "colour=blue"])
                #expect(data.metadata.classNames == ["a b", "c"])
                #expect(data.inputs.elements() == [1.5, 1, 0, 2.5, 0, 1] as [Float])
                #expect(data.targets.elements() == [1, 0] as [Int64])
            }
            #expect(server.requestedPaths.filter { $0 == Self.data }.count == 4)
            let error = try dataError {
                _ = try OpenML.fetch(id: 7, options: Self.options(server, folder + "/a"))
            }
            #expect(error.message.contains("line 10: the value of \"petal length\" is missing"), "\(error)")
            let other = try OpenML.fetch(
                id: 7, layout: TableLayout(target: "petal length", features: ["class"], missing: .dropped),
                options: Self.options(server, folder + "/a"))
            #expect(other.targets.elements() == [1.5, 2.5] as [Float])
        }
    }

    @Test func whatWasFetchedIsThereWithoutANetwork() throws {
        try withTemporaryFolder { folder in
            let server = try server()
            let missing = try dataError {
                _ = try OpenML.fetch(
                    "small", layout: layout, options: Self.options(server, folder, offline: true))
            }
            #expect(missing.kind == .missing)
            #expect(missing.message.contains("is not in the cache, and the network is not to be used"))
            #expect(server.requestedPaths == [])
            #expect(files(folder) == [])
            _ = try OpenML.fetch("small", layout: layout, options: Self.options(server, folder))
            let asked = server.requestedPaths
            #expect(asked.count == 4)
            for offline in [false, true] {
                let data = try OpenML.fetch(
                    "small", layout: layout, options: Self.options(server, folder, offline: offline))
                #expect(data.count == 2)
            }
            #expect(server.requestedPaths == asked)
            #expect(files(folder).count == 4)
            // Damaged since: fetched anew, or refused.
            let name = try #require(files(folder).first { $0.hasSuffix(".arff") })
            let path =
                try folder + "/" + #require(
                    FileManager.default.subpathsOfDirectory(atPath: folder).first { $0.hasSuffix(name) })
            try write(Array(Self.arff.utf8.dropLast()), to: path)
            let damaged = try dataError {
                _ = try OpenML.fetch(
                    "small", layout: layout, options: Self.options(server, folder, offline: true))
            }
            #expect(damaged.kind == .checksumMismatch)
            #expect(
                try OpenML.fetch("small", layout: layout, options: Self.options(server, folder)).count == 2)
            #expect(server.requestedPaths == asked + [Self.data])
            // A kept answer that is no JSON is asked for anew.
            let kept =
                try folder + "/" + #require(
                    FileManager.default.subpathsOfDirectory(atPath: folder).first { $0.hasSuffix("/7.json") })
            try write([1], to: kept)
            #expect(
                try OpenML.fetch("small", layout: layout, options: Self.options(server, folder)).count == 2)
            #expect(server.requestedPaths == asked + [Self.data, Self.description])
        }
    }

    @Test func encodedTransfersAreDecoded() throws {
        try withTemporaryFolder { folder in
            let server = try server(replacing: [
                Self.data: [
                    try .init(body: gzipped(Array(Self.arff.utf8)), headers: ["Content-Encoding: gzip"])
                ]
            ])
            #expect(try OpenML.fetch(id: 7, layout: layout, options: Self.options(server, folder)).count == 2)
        }
    }

    @Test func progressIsReported() throws {
        try withTemporaryFolder { folder in
            let server = try server()
            let seen = Seen()
            var options = Self.options(server, folder)
            options.progress = .report { seen.append($0, $1) }
            _ = try OpenML.fetch(id: 7, layout: layout, options: options)
            let last = try #require(seen.all.last)
            #expect(last.0 == Self.arff.utf8.count && last.1 == Self.arff.utf8.count)
        }
    }

    private final class Seen: @unchecked Sendable {
        private let lock = NSLock()
        private var reports: [(Int, Int?)] = []
        var all: [(Int, Int?)] { lock.withLock { reports } }
        func append(_ count: Int, _ total: Int?) { lock.withLock { reports.append((count, total)) } }
    }

    /// Who comes at the same time waits, and finds the file.
    @Test func dataSetsAreDownloadedOnce() throws {
        try withTemporaryFolder { folder in
            let server = try server(replacing: [
                Self.data: [.init(body: Array(Self.arff.utf8), delay: 0.3)]
            ])
            let options = Self.options(server, folder)
            let seen = Seen()
            DispatchQueue.concurrentPerform(iterations: 4) { _ in
                if let data = try? OpenML.fetch(
                    id: 7, layout: TableLayout(missing: .dropped), options: options)
                {
                    seen.append(data.count, nil)
                }
            }
            #expect(seen.all.map(\.0) == [2, 2, 2, 2])
            #expect(server.requestedPaths.filter { $0 == Self.data }.count == 1)
        }
    }

    // MARK: What goes wrong

    private static let page = LoopbackServer.Answer(body: Array("  <!DOCTYPE html><html>Sorry</html>".utf8))
    private static let cut = LoopbackServer.Answer(
        body: Array(arff.utf8.prefix(40)), claimedLength: arff.utf8.count)
    private static let other = LoopbackServer.Answer(body: Array((arff + "\n").utf8))

    /// Which answer is another one, how often it is asked for, and what the error must be and say.
    private static let failures: [(String, [LoopbackServer.Answer], Int, DataError.Kind, String)] = [
        (description, [noResults], 1, .missing, "has no data set 7 (status 412)"),
        (description, [.init(status: "404 Not Found")], 1, .download, "status 404. Check the name"),
        (description, [page], 1, .download, "a web page (HTML) instead of data"),
        (
            description, [.init(body: Array("{}".utf8), headers: ["Content-Type: text/html"])], 1, .download,
            "a web page"
        ),
        (description, [.init(body: Array("{\"data".utf8))], 1, .download, "is no JSON at line 1"),
        (description, [.init(body: Array("{}".utf8))], 1, .download, "a member \"data_set_description\""),
        (
            description, [.init(body: Array("{\"data_set_description\":{}}".utf8))], 1, .download,
            "no address of its data"
        ),
        (
            description, [.init(status: "503 Busy")], 3, .download,
            "status 503. It may be out of order: try again later. (3 tries.)"
        ),
        (description, [.init(body: [1], claimedLength: 9)], 3, .download, "could not be downloaded"),
        (data, [.init(status: "404 Not Found")], 1, .download, "status 404"),
        (data, [page], 1, .download, "a web page (HTML)"),
        (data, [other], 2, .checksumMismatch, "it was thrown away"),
        (data, [cut], 3, .download, "could not be downloaded"),
        (
            data, [.init(status: "412 Precondition Failed", body: noResults.body)], 1, .download,
            "status 412: No results"
        ),
    ]

    @Test(arguments: failures.indices) func whatFailsLeavesNothing(_ index: Int) throws {
        let (path, answers, count, kind, text) = Self.failures[index]
        try withTemporaryFolder { folder in
            let server = try server(replacing: [path: answers])
            let error = try dataError {
                _ = try OpenML.fetch(id: 7, layout: layout, options: Self.options(server, folder))
            }
            #expect(error.kind == kind, "\(error)")
            #expect(error.message.contains(text), "\(error)")
            #expect(error.message.contains(server.address.dropLast()), "\(error)")
            #expect(server.requestedPaths.filter { $0 == path }.count == count)
            // Neither the file nor a part of it: answers before it may be kept.
            #expect(files(folder) == (path == Self.data ? ["7-features.json", "7.json"] : []))
        }
    }

    @Test(arguments: [cut, other, .init(status: "500 Oops"), .init(status: "502 Bad Gateway", body: [1])])
    func anotherTryMaySucceed(_ first: LoopbackServer.Answer) throws {
        try withTemporaryFolder { folder in
            let server = try server(replacing: [Self.data: [first, .init(body: Array(Self.arff.utf8))]])
            let data = try OpenML.fetch(id: 7, layout: layout, options: Self.options(server, folder))
            #expect(data.count == 2)
            #expect(server.requestedPaths.filter { $0 == Self.data }.count == 2)
            #expect(files(folder).count == 3)
        }
    }

    @Test func unknownNamesAreNamed() throws {
        try withTemporaryFolder { folder in
            let server = try server(replacing: [
                "/api/v1/json/data/list/data_name/a%2F..%20%C3%A9/limit/2/status/active/": [Self.noResults],
                "/api/v1/json/data/list/data_name/small/limit/2/data_version/3": [Self.noResults],
                "/api/v1/json/data/list/data_name/small/limit/2/data_version/3/status/deactivated": [
                    Self.noResults
                ],
            ])
            let options = Self.options(server, folder)
            let name = try dataError { _ = try OpenML.fetch("A/.. É", options: options) }
            #expect(name.kind == .missing)
            #expect(name.message.contains("no active data set \"a/.. é\" (status 412)"), "\(name)")
            let version = try dataError { _ = try OpenML.fetch("small", version: 3, options: options) }
            #expect(version.message.contains("no data set \"small\" of version 3"), "\(version)")
        }
    }

    @Test func serversThatDoNotAnswerAreGivenUp() throws {
        try withTemporaryFolder { folder in
            let silent = try LoopbackServer { _ in ["/api/v1/json/data/7": [.init(delay: 3)]] }
            var options = Self.options(silent, folder)
            options.timeout = 1
            options.tries = 1
            let error = try dataError { _ = try OpenML.fetch(id: 7, options: options) }
            #expect(error.kind == .download)
            #expect(error.message.contains("could not be downloaded"), "\(error)")
            let closed = try LoopbackServer([:], isListening: false)
            let refused = try dataError { _ = try OpenML.fetch(id: 7, options: Self.options(closed, folder)) }
            #expect(refused.message.contains("(3 tries.)"), "\(refused)")
            #expect(
                try dataError {
                    _ = try OpenML.fetch(id: 7, options: OpenML.Options(host: "nonsense", cache: folder))
                }.message.contains("is no address to download from"))
        }
    }

    @Test func foldersThatCannotBeWrittenAreNamed() throws {
        try withTemporaryFolder { folder in
            try write([1], to: folder + "/file")
            let server = try server()
            let error = try dataError {
                _ = try OpenML.fetch(id: 7, options: Self.options(server, folder + "/file/cache"))
            }
            #expect(error.kind == .unwritable)
            #expect(error.message.contains("\(folder)/file"))
        }
    }

    /// A limit to the size of files stands for a disk that is full: writing fails in the middle.
    @Test func aFullDiskLeavesNothing() async throws {
        await #expect(processExitsWith: .success) {
            let long = OpenMLTests.arff + String(repeating: "\n% comment", count: 100_000)
            let md5 = Digest.hexDigest(.md5, of: Array(long.utf8))
            let server = try LoopbackServer { address in
                var answers = OpenMLTests.answers(address)
                let old = Digest.hexDigest(.md5, of: Array(OpenMLTests.arff.utf8))
                let text = String(decoding: answers["/api/v1/json/data/7"]?[0].body ?? [], as: UTF8.self)
                answers["/api/v1/json/data/7"]?[0].body = Array(
                    text.replacingOccurrences(of: old, with: md5).utf8)
                answers["/data/v1/download/99/small.arff"] = [.init(body: Array(long.utf8))]
                return answers
            }
            try withTemporaryFolder { folder in
                signal(SIGXFSZ, SIG_IGN)
                var limit = rlimit(rlim_cur: 100_000, rlim_max: 100_000)
                setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
                do {
                    _ = try OpenML.fetch(
                        id: 7, layout: TableLayout(missing: .dropped),
                        options: OpenMLTests.options(server, folder))
                    fatalError("nothing was thrown")
                } catch let error as DataError {
                    precondition(error.kind == .unwritable, "\(error)")
                    precondition(error.message.contains("File too large"), "\(error)")
                }
                let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
                precondition(!names.contains { $0.contains("arff") && !$0.hasSuffix(".lock") }, "\(names)")
            }
        }
    }

    /// Killed before any call that changes a file, a fetch leaves nothing that the next one would not take rightly.
    @Test(.enabled(if: hasKillPoints)) func aKilledFetchLeavesNothingWrong() async throws {
        let server = try server()
        for call in 1... {
            let isOver = try await withTemporaryFolderAsync { folder in
                let result = await #expect(
                    processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
                ) { [address = server.address as String, folder = folder as String, call = call as Int] in
                    try Survivor.run(before: call) {
                        _ = try OpenML.fetch(
                            id: 7, layout: TableLayout(missing: .dropped),
                            options: Self.options(address, folder))
                    }
                }
                let data = try OpenML.fetch(id: 7, layout: layout, options: Self.options(server, folder))
                #expect(data.inputs.elements() == [1.5, 1, 0, 2.5, 0, 1] as [Float], "call \(call)")
                #expect(data.targets.elements() == [1, 0] as [Int64], "call \(call)")
                return try Survivor.wasSeen(in: result)
            }
            if isOver {
                // Of two answers and the data.
                #expect(call > 10)
                break
            }
        }
    }

    @Test func descriptionsThatCannotServeAreRefused() throws {
        let whole = Self.answers("http://127.0.0.1:9/")[Self.description]?[0].body ?? []
        let text = String(decoding: whole, as: UTF8.self)
        let digest = Digest.hexDigest(.md5, of: Array(Self.arff.utf8))
        for (part, other, kind, message) in [
            ("\"ARFF\"", "\"Parquet\"", DataError.Kind.unsupportedType, "in the format \"parquet\""),
            (digest, "../../etc/passwd", .download, "has no MD5"), (digest, "", .download, "has no MD5"),
        ] {
            try withTemporaryFolder { folder in
                let body = Array(text.replacingOccurrences(of: part, with: other).utf8)
                let server = try server(replacing: [Self.description: [.init(body: body)]])
                let error = try dataError {
                    _ = try OpenML.fetch(id: 7, options: Self.options(server, folder))
                }
                #expect(error.kind == kind)
                #expect(error.message.contains(message), "\(error)")
            }
        }
    }
}
