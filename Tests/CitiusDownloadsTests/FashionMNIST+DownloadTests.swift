import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusDownloads

@Suite struct FashionMNISTDownloadTests {
    private static let contents: [String: [UInt8]] = [
        "a.gz": (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) },
        "b.gz": [1, 2, 3],
    ]

    private static var files: [PublishedFile] {
        contents.sorted { $0.key < $1.key }.map { name, bytes in
            PublishedFile(name: name, byteCount: bytes.count, sha256: Digest.hexDigest(.sha256, of: bytes))
        }
    }

    private static func download(to folder: String, from base: String) throws(DataError) -> String {
        var options = DownloadOptions(progress: .silent)
        options.delay = 0.01
        return try PublishedFile.download(files, to: folder, from: base, options: options)
    }

    private func server(replacing replaced: [String: LoopbackServer.Answer] = [:]) throws -> LoopbackServer {
        let answers = Self.contents.map { ("/data/" + $0, LoopbackServer.Answer(body: $1)) }
        return try LoopbackServer(
            Dictionary(answers) { $1 }.merging(replaced.map { ("/data/" + $0, $1) }) { $1 })
    }

    private func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasSuffix(".lock") }.sorted()
    }

    @Test func theFilesArriveOnce() throws {
        try withTemporaryFolder { folder in
            let server = try server()
            let cache = folder + "/new/cache"
            #expect(try Self.download(to: cache, from: server.address + "data") == cache)
            #expect(try names(in: cache) == ["a.gz", "b.gz"])
            for (name, bytes) in Self.contents {
                #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: cache + "/" + name))) == bytes)
            }
            // What is there is not asked for again.
            _ = try Self.download(to: cache, from: server.address + "data/")
            #expect(server.requestedPaths == ["/data/a.gz", "/data/b.gz"])
            // Unless it was cut short since.
            try write([1, 2], to: cache + "/b.gz")
            _ = try Self.download(to: cache, from: server.address + "data/")
            #expect(server.requestedPaths == ["/data/a.gz", "/data/b.gz", "/data/b.gz"])
            #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: cache + "/b.gz"))) == [1, 2, 3])
        }
    }

    /// What the server answers for the second file, and what the error must be and say.
    private static let failures: [(LoopbackServer.Answer, DataError.Kind, String)] = [
        (.init(body: [1, 2, 4]), .checksumMismatch, "3 bytes arrived, with another SHA-256"),
        (.init(body: [1, 2]), .checksumMismatch, "2 bytes arrived"),
        (.init(body: [UInt8](repeating: 1, count: 200_000)), .checksumMismatch, "more arrived"),
        (.init(), .checksumMismatch, "0 bytes arrived"),
        (.init(body: [1, 2], claimedLength: 3), .download, "could not be downloaded"),
        (.init(status: "404 Not Found"), .download, "answered with status 404"),
        (.init(status: "500 Oops", body: [1, 2, 3]), .download, "answered with status 500"),
    ]

    @Test(arguments: failures.indices) func whatFailsLeavesNothing(_ index: Int) throws {
        let (answer, kind, text) = Self.failures[index]
        try withTemporaryFolder { folder in
            let server = try server(replacing: ["b.gz": answer])
            let error = try dataError {
                _ = try Self.download(to: folder, from: server.address + "data/")
            }
            #expect(error.kind == kind, "\(error)")
            #expect(error.message.contains(text), "\(error)")
            #expect(error.message.contains(server.address + "data/b.gz"), "\(error)")
            #expect(try names(in: folder) == ["a.gz"])
        }
    }

    @Test func aServerThatIsNotThereIsNamed() throws {
        try withTemporaryFolder { folder in
            let server = try LoopbackServer([:], isListening: false)
            let address = server.address
            let error = try withExtendedLifetime(server) {
                try dataError { _ = try Self.download(to: folder, from: address) }
            }
            #expect(error.kind == .download)
            #expect(error.message.contains("\(address)a.gz could not be downloaded"))
            #expect(try names(in: folder).isEmpty)
        }
    }

    @Test(arguments: ["", "nonsense", "ftp://127.0.0.1/", "file:///etc/"])
    func otherAddressesAreRefused(_ base: String) throws {
        try withTemporaryFolder { folder in
            let error = try dataError { _ = try Self.download(to: folder, from: base) }
            #expect(error.kind == .download)
            #expect(error.message.contains("is no address to download from"))
            #expect(try names(in: folder).isEmpty)
        }
    }

    /// A file where a folder should be stops even the superuser.
    @Test func aCacheThatCannotBeWrittenIsNamed() throws {
        try withTemporaryFolder { folder in
            try write([1], to: folder + "/file")
            let error = try dataError {
                _ = try Self.download(
                    to: folder + "/file/cache", from: "http://127.0.0.1:9/")
            }
            #expect(error.kind == .unwritable)
            #expect(error.message.contains("\(folder)/file/cache cannot be written"))
        }
    }

    @Test func theCacheIsASourceOnceItsFilesAreThere() throws {
        try withTemporaryFolder { folder in
            // Of the published sizes, as an earlier download leaves them.
            for file in FashionMNIST.publishedFiles {
                let path = folder + "/" + file.name
                try write([], to: path)
                #expect(truncate(path, off_t(file.byteCount)) == 0)
            }
            #expect(try FashionMNIST.Source.download(cache: folder) == .folder(folder))
            // They hold zeros, which `load` finds out.
            let error = try dataError { _ = try FashionMNIST.load(.download(cache: folder)) }
            #expect(error.kind == .malformed)
            #expect(error.message.contains(folder))
        }
    }

    @Test func thePublishedFilesAreThoseThatLoadLooksFor() {
        #expect(FashionMNIST.publishedFiles.map(\.name) == FashionMNIST.fileNames.map { $0 + ".gz" })
        #expect(FashionMNIST.publishedFiles.allSatisfy { $0.sha256.count == 64 })
        #expect(FashionMNIST.defaultCache.hasSuffix("/citius/fashion-mnist"))
    }
}

/// The error that `body` throws.
func dataError(
    _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) throws -> DataError {
    try #require(throws: DataError.self, sourceLocation: sourceLocation, performing: body)
}
