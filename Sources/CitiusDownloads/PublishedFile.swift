import CitiusData
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

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
        guard let url = URL(string: address), url.scheme == "http" || url.scheme == "https" else {
            throw DataError(
                .download, "\(address) is no address to download from; give one that starts with https://.")
        }
        let transfer = Transfer(of: self, from: address, into: try TemporaryFile(for: path))
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = 60
        let session = URLSession(configuration: configuration, delegate: transfer, delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        session.dataTask(with: url).resume()
        try transfer.wait()
    }
}

/// Writes and hashes a file's bytes as they arrive.
private final class Transfer: NSObject, URLSessionDataDelegate {
    private struct State {
        var file: TemporaryFile?
        let hash = SHA256()
        var byteCount = 0
        var failure: DataError?
    }

    private let expected: PublishedFile
    private let address: String
    private let state: Mutex<State>
    private let isDone = DispatchSemaphore(value: 0)

    init(of expected: PublishedFile, from address: String, into file: sending TemporaryFile) {
        self.expected = expected
        self.address = address
        state = Mutex(State(file: file))
    }

    /// Waits for the end and gives the file its name, if it is the right one.
    func wait() throws(DataError) {
        isDone.wait()
        try state.withLock { state throws(DataError) in
            // Without its last owner, an unfinished file goes away.
            defer { state.file = nil }
            if let failure = state.failure { throw failure }
            guard state.byteCount == expected.byteCount, state.hash.hexDigest() == expected.sha256 else {
                throw mismatch("\(state.byteCount) bytes arrived, with another SHA-256 than the published")
            }
            try state.file?.commit()
        }
    }

    private func mismatch(_ found: String) -> DataError {
        DataError(
            .checksumMismatch,
            "\(address) is not the published file of \(expected.byteCount) bytes (\(found)); it was thrown "
                + "away. Try again, or another address.")
    }

    // MARK: URLSessionDataDelegate

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        guard let status = (response as? HTTPURLResponse)?.statusCode, status != 200 else {
            return completionHandler(.allow)
        }
        state.withLock { state in
            state.failure = DataError(
                .download, "\(address): the server answered with status \(status). Check the address.")
        }
        completionHandler(.cancel)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let goesOn = state.withLock { state in
            guard state.failure == nil else { return false }
            state.byteCount += data.count
            if state.byteCount > expected.byteCount {
                state.failure = mismatch("more arrived")
                return false
            }
            let bytes = [UInt8](data)
            bytes.withUnsafeBytes { buffer in
                state.hash.update(buffer)
                do throws(DataError) {
                    try state.file?.write(buffer)
                } catch {
                    state.failure = error
                }
            }
            return state.failure == nil
        }
        if !goesOn { dataTask.cancel() }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        if let error {
            state.withLock { state in
                // A transfer that was cancelled here says why already.
                state.failure =
                    state.failure
                    ?? DataError(
                        .download,
                        "\(address) could not be downloaded: \(error.localizedDescription). Check the "
                            + "network and the address, and try again.")
            }
        }
        isDone.signal()
    }
}
