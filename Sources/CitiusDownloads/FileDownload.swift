import CitiusConfiguration
import CitiusData
import CitiusPlatform

/// A download of one file into its place in a folder: whole and right, or not at all.
///
/// Bytes gather in a file beside it that ends in `.part`, which nobody takes for the file. Where the server says how its
/// file can be told from another version (a strong ETag, or a date), that file stays when a download is broken off, by the
/// network, an error or a kill, and the next one asks for the rest alone; else it goes away. One process at a time downloads
/// a file; others wait for it.
struct FileDownload {
    /// What must be true of the file. Without a digest, it is as long as the server says.
    struct Expectation: Sendable {
        var byteCount: Int?
        var digest: (algorithm: Digest.Algorithm, hex: String)?
        /// What messages call the one who says so: "published", "announced".
        var source = "published"
    }

    let address: String
    let path: String
    let expectation: Expectation
    let options: DownloadOptions
    /// What the progress is shown of; nil: the file's name.
    var label: String?

    private var partPath: String { path + ".part" }
    /// What the part is of.
    private var notePath: String { path + ".part.json" }

    /// Makes the file unless it is there and right; a damaged one goes away.
    ///
    /// - Parameters:
    ///   - checksWhole: whether the digest of a file that is there is computed; else its length tells.
    ///   - isOffline: whether the network is never used.
    func run(checksWhole: Bool, isOffline: Bool = false) throws(DataError) {
        if try isThere(checksWhole, isOffline) { return }
        if isOffline {
            throw DataError(
                .missing,
                "\(path) is not in the cache, and the network is not to be used. Fetch it once with isOffline: false."
            )
        }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        do throws(WritingFailure) { if !folder.isEmpty { try makeFolder(folder) } } catch {
            throw DataError(.unwritable, error.description)
        }
        let lock: FileLock
        do throws(WritingFailure) { lock = try FileLock(path + ".lock") } catch {
            throw DataError(.unwritable, error.description)
        }
        defer { withExtendedLifetime(lock) {} }
        // Whoever waited finds the file.
        if try isThere(checksWhole, isOffline) { return }
        try download()
    }

    private func isThere(_ checksWhole: Bool, _ isOffline: Bool) throws(DataError) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        var isRight = expectation.byteCount.map { Int(status.st_size) == $0 } ?? true
        if isRight, checksWhole, let (algorithm, hex) = expectation.digest {
            isRight = try Digest.hexDigest(algorithm, ofFile: path) == hex
        }
        if isRight { return true }
        if isOffline {
            throw DataError(
                .checksumMismatch,
                "\(path) is damaged: it is not the \(expectation.source) file. Remove it, and fetch it with a network."
            )
        }
        unlink(path)
        return false
    }

    // MARK: Tries

    private func download() throws(DataError) {
        var wasMismatched = false
        for attempt in 1... {
            let failure: DataError
            do throws(TransferFailure) {
                let receiver = try transfer()
                guard let mismatch = try commit(receiver) else { return }
                // A transfer that was damaged on its way, or put together from two versions, may come through the second
                // time.
                discardPart()
                if wasMismatched { throw .refused(mismatch) }
                wasMismatched = true
                failure = mismatch
            } catch {
                switch error {
                case .refused(let error):
                    discardPart()
                    throw error
                case .network(let error): failure = error
                case .status(416, _):
                    // The part is no part of the file any more.
                    discardPart()
                    failure = DataError(.download, "\(address): the server has no such part of the file.")
                case .status(let status, let body):
                    failure = answerFailure(status, body)
                    if status < 500 {
                        discardUnlessResumable()
                        throw failure
                    }
                }
            }
            guard attempt < options.tries else {
                discardUnlessResumable()
                guard attempt > 1 else { throw failure }
                throw DataError(failure.kind, "\(failure.message) (\(attempt) tries.)")
            }
            usleep(UInt32(options.delay * 1e6))
        }
    }

    private func answerFailure(_ status: Int, _ body: [UInt8]) -> DataError {
        let reason = (try? JSON(parsing: body))?["error"]?["message"]?.looseText.map { ": \($0)" } ?? ""
        return DataError(
            .download,
            "\(address): the server answered with status \(status)\(reason). "
                + (status >= 500
                    ? "It may be out of order: try again later."
                    : "Check the address, or whether the name or number is right."))
    }

    /// Gets what is missing.
    private func transfer() throws(TransferFailure) -> PartReceiver {
        var headers: [String: String] = [:]
        var start = 0
        if let note = note(), let size = partSize(), size > 0 {
            start = size
            headers = ["Range": "bytes=\(size)-", "If-Range": note, "Accept-Encoding": "identity"]
        }
        let receiver: PartReceiver
        do throws(DataError) {
            receiver = try PartReceiver(self, start: start)
        } catch {
            throw .refused(error)
        }
        defer { receiver.endProgress() }
        try HTTPTransfer.run(address, headers: headers, timeout: options.timeout, into: receiver)
        return receiver
    }

    /// Gives the file its name, if it is the right one.
    ///
    /// - Returns: how it is another one; nil if it is not.
    private func commit(_ receiver: PartReceiver) throws(TransferFailure) -> DataError? {
        let size = partSize() ?? 0
        func mismatch(_ found: String) -> DataError {
            let of = expectation.byteCount.map { " of \($0) bytes" } ?? ""
            return DataError(
                .checksumMismatch,
                "\(address) is not the \(expectation.source) file\(of) (\(found)); it was thrown "
                    + "away. Try again, or another address.")
        }
        if let expected = expectation.byteCount, size != expected { return mismatch("\(size) bytes arrived") }
        if let expected = receiver.byteCount, size != expected {
            return mismatch("\(size) bytes arrived of \(expected) that the server announced")
        }
        do throws(DataError) {
            if let (algorithm, hex) = expectation.digest {
                let found = try Digest.hexDigest(algorithm, ofFile: partPath)
                guard found == hex else {
                    return mismatch(
                        "\(size) bytes arrived, with another \(algorithm.rawValue): \(found) instead of \(hex)"
                    )
                }
            }
            try receiver.close()
            guard rename(partPath, path) == 0 else {
                throw DataError(.unwritable, WritingFailure(path, errno).description)
            }
        } catch {
            throw .refused(error)
        }
        unlink(notePath)
        return nil
    }

    // MARK: Parts

    /// How the server told the part's file from others; nil if the part cannot be gone on with.
    private func note() -> String? {
        guard let bytes = try? FileSource(path: notePath).readBytes(1 << 16),
            let json = try? JSON(parsing: bytes),
            json["address"]?.string == address
        else { return nil }
        return json["version"]?.string
    }

    fileprivate func writeNote(_ version: String) throws(DataError) {
        let json: JSON = ["address": .string(address), "version": .string(version)]
        let file = try TemporaryFile(for: notePath)
        try file.write(Array(json.text().utf8))
        try file.commit()
    }

    private func partSize() -> Int? {
        var status = stat()
        return stat(partPath, &status) == 0 ? Int(status.st_size) : nil
    }

    fileprivate func openPart(fromStart: Bool) throws(DataError) -> Int32 {
        if fromStart { unlink(notePath) }
        let descriptor = open(
            partPath, O_WRONLY | O_CREAT | O_CLOEXEC | (fromStart ? O_TRUNC : O_APPEND), 0o644)
        guard descriptor >= 0 else {
            throw DataError(.unwritable, WritingFailure(partPath, errno).description)
        }
        return descriptor
    }

    private func discardPart() {
        unlink(partPath)
        unlink(notePath)
    }

    private func discardUnlessResumable() {
        if note() == nil { discardPart() }
    }
}

/// Writes the bytes of a part as they arrive. Sendable since a transfer calls it on one thread at a time.
private final class PartReceiver: TransferReceiver, @unchecked Sendable {
    private let download: FileDownload
    private var start: Int
    private var received = 0
    private var descriptor: Int32 = -1
    private var progress: ProgressLine
    /// Of the whole file, if the server says so.
    private(set) var byteCount: Int?

    init(_ download: FileDownload, start: Int) throws(DataError) {
        self.download = download
        self.start = start
        let name = download.path.split(separator: "/").last.map { String($0) } ?? download.path
        progress = ProgressLine(download.options.progress, download.label ?? name)
    }

    deinit { if descriptor >= 0 { CitiusPlatform.close(descriptor) } }

    func begin(_ answer: HTTPAnswer) throws(DataError) {
        try refusePage(download.address, contentType: answer.contentType)
        let isEncoded = (answer["content-encoding"] ?? "identity").lowercased() != "identity"
        if answer.status == 206 {
            // bytes 100-199/200
            guard answer["content-range"]?.hasPrefix("bytes \(start)-") == true else {
                throw DataError(
                    .download,
                    "\(download.address): the server sent another part than was asked for. Try again.")
            }
            descriptor = try download.openPart(fromStart: false)
            byteCount = answer.byteCount.map { start + $0 }
        } else {
            start = 0
            descriptor = try download.openPart(fromStart: true)
            byteCount = isEncoded ? nil : answer.byteCount
            // What arrives of an encoded answer is counted otherwise than the server counts.
            let version = answer["etag"].flatMap { $0.hasPrefix("W/") ? nil : $0 } ?? answer["last-modified"]
            if !isEncoded, let version { try download.writeNote(version) }
        }
        progress.total = byteCount
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws(DataError) {
        if start + received == 0 { try refusePage(download.address, start: bytes) }
        received += bytes.count
        if let expected = download.expectation.byteCount, start + received > expected {
            throw DataError(
                .checksumMismatch,
                "\(download.address) is not the \(download.expectation.source) file of \(expected) bytes (more arrived); it "
                    + "was thrown away. Try again, or another address.")
        }
        do throws(WritingFailure) {
            try writeAll(bytes, to: descriptor, download.path)
        } catch {
            throw DataError(.unwritable, error.description)
        }
        progress.show(start + received)
    }

    func endProgress() { progress.end() }

    /// The bytes are on the disk.
    func close() throws(DataError) {
        guard fsync(descriptor) == 0, CitiusPlatform.close(descriptor) == 0 else {
            throw DataError(.unwritable, WritingFailure(download.path, errno).description)
        }
        descriptor = -1
    }
}

/// Throws if an answer is a web page: what servers and hotel networks send with status 200 when they are out of order.
///
/// - Parameter start: its first bytes.
func refusePage(
    _ address: String, contentType: String = "", start: UnsafeRawBufferPointer? = nil
) throws(DataError) {
    let first = start?.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
    if contentType.hasPrefix("text/html") || first == UInt8(ascii: "<") {
        throw DataError(
            .download,
            "\(address): the server answered with a web page (HTML) instead of data. It may be out of order, or the "
                + "network may ask for a login: try again later.")
    }
}
