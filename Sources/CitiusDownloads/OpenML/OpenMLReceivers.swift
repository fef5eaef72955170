import CitiusData
import CitiusPlatform

/// Throws if an answer is a web page: what servers and hotel networks send with status 200 when they are out of order.
///
/// - Parameter start: its first bytes.
private func refusePage(
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

/// Gathers a short answer. Sendable since a transfer calls it on one thread at a time.
final class OpenMLTextReceiver: TransferReceiver, @unchecked Sendable {
    /// The lists of features of the widest data sets have some megabytes.
    static let byteLimit = 256 << 20
    private let address: String
    private(set) var bytes: [UInt8] = []

    init(_ address: String) { self.address = address }

    func begin(byteCount: Int?, contentType: String) throws(DataError) {
        bytes = []
        try refusePage(address, contentType: contentType)
    }

    func receive(_ piece: UnsafeRawBufferPointer) throws(DataError) {
        if bytes.isEmpty { try refusePage(address, start: piece) }
        guard bytes.count + piece.count <= Self.byteLimit else {
            throw DataError(
                .tooLarge, "\(address): the server's answer is longer than \(Self.byteLimit) bytes.")
        }
        bytes += piece
    }
}

/// Writes and hashes the data's bytes as they arrive. Sendable since a transfer calls it on one thread at a time.
final class OpenMLFileReceiver: TransferReceiver, @unchecked Sendable {
    private let expected: OpenMLDescription
    private let file: TemporaryFile
    private let hash = Digest(.md5)
    private var byteCount = 0
    private var progress: ProgressLine

    init(_ expected: OpenMLDescription, into file: TemporaryFile, _ progress: ProgressLine) {
        self.expected = expected
        self.file = file
        self.progress = progress
    }

    func begin(byteCount: Int?, contentType: String) throws(DataError) {
        try refusePage(expected.address, contentType: contentType)
        progress.total = byteCount
    }

    func receive(_ bytes: UnsafeRawBufferPointer) throws(DataError) {
        if byteCount == 0 { try refusePage(expected.address, start: bytes) }
        byteCount += bytes.count
        hash.update(bytes)
        try file.write(bytes)
        progress.show(byteCount)
    }

    func endProgress() { progress.end() }

    /// Gives the file its name, if it is the announced one.
    func commit() throws(DataError) {
        let found = hash.hexDigest()
        guard found == expected.md5 else {
            throw DataError(
                .checksumMismatch,
                "\(expected.address) is not the data that the server announced: \(byteCount) bytes arrived, with the "
                    + "MD5 \(found) instead of \(expected.md5); they were thrown away. Try again later, or another "
                    + "version of the data set.")
        }
        try file.commit()
    }
}

/// How far a download is, on one line of the terminal.
struct ProgressLine: Sendable {
    /// All bytes, if they are known. Of an encoded transfer they are not: the server counts its own.
    var total: Int?
    private let name: String
    private let progress: OpenML.Progress
    private var lastTime = 0
    private var isShown = false

    init(_ progress: OpenML.Progress, _ name: String) {
        self.progress = progress
        self.name = name
    }

    mutating func show(_ byteCount: Int) {
        let total = total.flatMap { $0 >= byteCount ? $0 : nil }
        switch progress {
        case .silent: return
        case .report(let report): report(byteCount, total)
        case .automatic:
            guard Console.isTerminal, nanoseconds() - lastTime > 100_000_000 else { return }
            lastTime = nanoseconds()
            isShown = true
            func megabytes(_ count: Int) -> String { "\(count / 1_000_000).\(count / 100_000 % 10)" }
            let all = total.map { " of \(megabytes($0))" } ?? ""
            Console.write("\r\(name): \(megabytes(byteCount))\(all) MB ")
        }
    }

    mutating func end() {
        if isShown { Console.write("\n") }
        isShown = false
    }
}
