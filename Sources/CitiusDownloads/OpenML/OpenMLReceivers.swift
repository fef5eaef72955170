import CitiusData

/// Gathers a short answer. Sendable since a transfer calls it on one thread at a time.
final class OpenMLTextReceiver: TransferReceiver, @unchecked Sendable {
    /// The lists of features of the widest data sets have some megabytes.
    static let byteLimit = 256 << 20
    private let address: String
    private(set) var bytes: [UInt8] = []

    init(_ address: String) { self.address = address }

    func begin(_ answer: HTTPAnswer) throws(DataError) {
        bytes = []
        try refusePage(address, contentType: answer.contentType)
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
