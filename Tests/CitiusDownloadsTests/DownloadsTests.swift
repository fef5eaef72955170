import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusData
@testable import CitiusDownloads

/// Downloads that are broken off at every step, and go on or begin anew.
@Suite struct DownloadsTests {
    private static let contents = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) }
    private static let sha256 = Digest.hexDigest(.sha256, of: contents)

    private static func options(tries: Int = 3) -> DownloadOptions {
        var options = DownloadOptions(timeout: 20, tries: tries, progress: .silent)
        options.delay = 0.01
        return options
    }

    /// An answer that knows ranges of its body.
    private static func answer(
        _ body: [UInt8] = contents, etag: String = "\"1\"", cutAfter: Int? = nil
    ) -> LoopbackServer.Answer {
        .init(body: body, headers: ["ETag: \(etag)"], cutAfter: cutAfter, servesRanges: true)
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasSuffix(".lock") }.sorted()
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
    }

    private func fetch(
        _ server: LoopbackServer, _ folder: String, checksum: Downloads.Checksum? = .sha256(sha256),
        tries: Int = 3
    ) throws -> String {
        try Downloads.file(
            server.address + "data/a.bin?x=1", folder: folder, checksum: checksum,
            options: Self.options(tries: tries))
    }

    @Test func aFileIsFetchedOnce() throws {
        try withTemporaryFolder { folder in
            let server = try LoopbackServer(["/data/a.bin?x=1": Self.answer()])
            for checksum: Downloads.Checksum? in [
                .sha256(Self.sha256.uppercased()), .md5(Digest.hexDigest(.md5, of: Self.contents)), nil,
            ] {
                let path = try fetch(server, folder + "/new", checksum: checksum)
                #expect(path == folder + "/new/a.bin")
                #expect(try bytes(path) == Self.contents)
            }
            #expect(server.requestedPaths.count == 1)
            #expect(try names(folder + "/new") == ["a.bin"])
            // Damaged since, at the same length.
            var damaged = Self.contents
            damaged[7] ^= 1
            try write(damaged, to: folder + "/new/a.bin")
            #expect(try bytes(fetch(server, folder + "/new")) == Self.contents)
            #expect(server.requestedPaths.count == 2)
            let offline = try Downloads.file(
                server.address, name: "a.bin", folder: folder + "/new", isOffline: true)
            #expect(offline == folder + "/new/a.bin")
            let missing = try dataError {
                _ = try Downloads.file(server.address, name: "b.bin", folder: folder, isOffline: true)
            }
            #expect(missing.kind == .missing)
        }
    }

    /// Within one call, the second try asks for the rest alone.
    @Test func aTransferThatBreaksOffGoesOn() throws {
        try withTemporaryFolder { folder in
            let server = try LoopbackServer { _ in
                [
                    "/data/a.bin?x=1": [
                        Self.answer(cutAfter: 100_000), Self.answer(cutAfter: 50_000), Self.answer(),
                    ]
                ]
            }
            #expect(try bytes(fetch(server, folder)) == Self.contents)
            #expect(try names(folder) == ["a.bin"])
            let ranges = server.requestedRanges
            #expect(ranges.count == 3 && ranges[0] == nil)
            let starts = ranges.compactMap { $0 }
            #expect(starts.count == 2 && starts[0] > 0 && starts[0] <= 100_000 && starts[1] > starts[0])
        }
    }

    /// Another call, of another process perhaps, goes on where the last one was killed.
    @Test func aPartIsGoneOnWith() throws {
        try withTemporaryFolder { folder in
            let server = try LoopbackServer { _ in
                ["/data/a.bin?x=1": [Self.answer(cutAfter: 100_000), Self.answer()]]
            }
            #expect(throws: DataError.self) { try fetch(server, folder, tries: 1) }
            #expect(try names(folder) == ["a.bin.part", "a.bin.part.json"])
            let part = try bytes(folder + "/a.bin.part")
            #expect(part == Array(Self.contents.prefix(part.count)))
            #expect(try bytes(fetch(server, folder)) == Self.contents)
            #expect(server.requestedRanges == [nil, part.count])
            #expect(try names(folder) == ["a.bin"])
        }
    }

    /// What a process leaves that is killed at any step, or that a server has changed since: part, note, and what is then
    /// asked for.
    @Test(arguments: 0..<8) func whateverIsLeftIsNotTakenForGood(_ step: Int) throws {
        try withTemporaryFolder { folder in
            let server = try LoopbackServer(["/data/a.bin?x=1": Self.answer()])
            let address = server.address + "data/a.bin?x=1"
            func note(_ version: String, of address: String) -> String {
                "{\"address\": \"\(address)\", \"version\": \"\(version)\"}"
            }
            let whole = Self.contents
            let (part, text): ([UInt8]?, String?) =
                switch step {
                case 0: (Array(whole.prefix(1_000)), nil)
                case 1: (nil, note("\\\"1\\\"", of: address))
                case 2: ([], note("\\\"1\\\"", of: address))
                // Another version of the file: If-Range gives it whole.
                case 3: (Array(whole.prefix(1_000)).map { ~$0 }, note("\\\"0\\\"", of: address))
                // Of another file.
                case 4: (Array(whole.prefix(1_000)).map { ~$0 }, note("\\\"1\\\"", of: "http://127.0.0.1/b"))
                // Damaged: the checksum tells, and it begins anew.
                case 5: (Array(whole.prefix(1_000)).map { ~$0 }, note("\\\"1\\\"", of: address))
                // As long as the file, or longer: there is no such range.
                case 6: (whole + [1, 2], note("\\\"1\\\"", of: address))
                default: (Array(whole.prefix(1_000)), "{\"address\"")
                }
            if let part { try write(part, to: folder + "/a.bin.part") }
            if let text { try write(Array(text.utf8), to: folder + "/a.bin.part.json") }
            #expect(try bytes(fetch(server, folder)) == whole)
            #expect(try names(folder) == ["a.bin"])
        }
    }

    /// Killed before any call that changes a file, a download leaves nothing or the whole file under its name, though no
    /// checksum is asked for; and the next one goes well.
    @Test(.enabled(if: hasKillPoints)) func aKilledDownloadLeavesNothingWrong() async throws {
        let server = try LoopbackServer(["/data/a.bin?x=1": Self.answer()])
        for call in 1... {
            let isOver = try await withTemporaryFolderAsync { folder in
                let result = await #expect(
                    processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
                ) { [address = server.address as String, folder = folder as String, call = call as Int] in
                    try Survivor.run(before: call) {
                        _ = try Downloads.file(
                            address + "data/a.bin?x=1", folder: folder, options: Self.options())
                    }
                }
                if FileManager.default.fileExists(atPath: folder + "/a.bin") {
                    #expect(try bytes(folder + "/a.bin") == Self.contents, "killed before call \(call)")
                }
                #expect(
                    try bytes(fetch(server, folder, checksum: nil)) == Self.contents,
                    "killed before call \(call)")
                return try Survivor.wasSeen(in: result)
            }
            if isOver {
                // The note's four calls, a write at least, fsync, rename and the note's end.
                #expect(call > 8)
                break
            }
        }
    }

    @Test func withoutAVersionNothingIsLeft() throws {
        try withTemporaryFolder { folder in
            for etag in ["ETag: W/\"1\"", "X-Nothing: 1"] {
                let server = try LoopbackServer([
                    "/data/a.bin?x=1": .init(
                        body: Self.contents, headers: [etag], cutAfter: 100_000, servesRanges: true)
                ])
                #expect(throws: DataError.self) { try fetch(server, folder) }
                #expect(try names(folder) == [])
                #expect(server.requestedRanges == [nil, nil, nil])
            }
        }
    }

    @Test func anotherFileIsThrownAway() throws {
        try withTemporaryFolder { folder in
            let server = try LoopbackServer(["/data/a.bin?x=1": Self.answer(Array("not it".utf8))])
            let error = try dataError { _ = try fetch(server, folder) }
            #expect(error.kind == .checksumMismatch)
            #expect(error.message.contains("6 bytes arrived, with another SHA-256"), "\(error)")
            #expect(try names(folder) == [])
            // Twice: the first time it may have been damaged on its way.
            #expect(server.requestedPaths.count == 2)
        }
    }

    @Test(arguments: ["http://127.0.0.1/", "http://127.0.0.1", "http://127.0.0.1/.."])
    func namesMustBeThoseOfFiles(
        _ address: String
    ) async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = try Downloads.file("http://127.0.0.1/..")
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("expected one of a file, without a folder"))
    }

    /// The named data sets come through, and are read from what came.
    @Test func publishedFilesAreThoseThatLoadLooksFor() throws {
        #expect(MNIST.publishedFiles.map(\.name) == FashionMNIST.fileNames.map { $0 + ".gz" })
        for file in MNIST.publishedFiles + CIFAR10.publishedFiles + CIFAR100.publishedFiles
            + IMDB.publishedFiles
        {
            #expect(file.sha256.count == 64 && file.sha256.allSatisfy { $0.isHexDigit })
            #expect(file.byteCount > 4_000)
        }
        #expect(CIFAR10.publishedFiles.map(\.name) == ["cifar-10-binary.tar.gz"])
        try withTemporaryFolder { folder in
            let server = try LoopbackServer([:])
            let error = try dataError { try IMDB.download(to: folder, from: server.address) }
            #expect(
                error.message.contains(
                    server.address + "aclImdb_v1.tar.gz: the server answered with status 404"))
        }
    }
}
