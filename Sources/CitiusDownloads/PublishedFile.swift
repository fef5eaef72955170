import CitiusData

/// A file that a server is to give, known beforehand to the bit.
struct PublishedFile: Sendable {
    let name: String
    let byteCount: Int
    let sha256: String

    /// Downloads the file and checks it; nothing is left behind if either fails.
    ///
    /// Blocks the calling thread, while the transfer runs on threads of the system's.
    func download(from base: String, to path: String) throws(DataError) {
        let address = base + name
        let receiver = PublishedFileReceiver(self, address, into: try TemporaryFile(for: path))
        do throws(TransferFailure) {
            try HTTPTransfer.run(address, into: receiver)
        } catch {
            switch error {
            case .status(let status, _):
                throw DataError(
                    .download, "\(address): the server answered with status \(status). Check the address.")
            case .network(let error), .refused(let error): throw error
            }
        }
        try receiver.commit()
    }
}

/// Writes and hashes a file's bytes as they arrive. Sendable since a transfer calls it on one thread at a time.
private final class PublishedFileReceiver: TransferReceiver, @unchecked Sendable {
    private let expected: PublishedFile
    private let address: String
    private let file: TemporaryFile
    private let hash = Digest(.sha256)
    private var byteCount = 0

    init(_ expected: PublishedFile, _ address: String, into file: TemporaryFile) {
        self.expected = expected
        self.address = address
        self.file = file
    }

    func begin(byteCount: Int?, contentType: String) {}

    func receive(_ bytes: UnsafeRawBufferPointer) throws(DataError) {
        byteCount += bytes.count
        if byteCount > expected.byteCount { throw mismatch("more arrived") }
        hash.update(bytes)
        try file.write(bytes)
    }

    /// Gives the file its name, if it is the right one.
    func commit() throws(DataError) {
        guard byteCount == expected.byteCount, hash.hexDigest() == expected.sha256 else {
            throw mismatch("\(byteCount) bytes arrived, with another SHA-256 than the published")
        }
        try file.commit()
    }

    private func mismatch(_ found: String) -> DataError {
        DataError(
            .checksumMismatch,
            "\(address) is not the published file of \(expected.byteCount) bytes (\(found)); it was thrown "
                + "away. Try again, or another address.")
    }
}
