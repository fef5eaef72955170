import CitiusData
import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// What a server says before it gives anything.
struct HTTPAnswer: Sendable {
    /// 200, or 206 for a part that was asked for.
    let status: Int
    /// Of all that follows, if the server says so.
    let byteCount: Int?
    private let headers: [String: String]

    init(_ response: HTTPURLResponse) {
        status = response.statusCode
        let length = response.expectedContentLength
        byteCount = length > 0 ? Int(length) : nil
        var headers: [String: String] = [:]
        for (name, value) in response.allHeaderFields {
            headers["\(name)".lowercased()] = "\(value)"
        }
        self.headers = headers
    }

    /// A line of the header by its name, which is in lower case.
    subscript(name: String) -> String? { headers[name] }

    var contentType: String { self["content-type"]?.lowercased() ?? "" }
}

/// Takes what a server gives, piece by piece, on one thread at a time.
protocol TransferReceiver: AnyObject, Sendable {
    /// The answer begins.
    func begin(_ answer: HTTPAnswer) throws(DataError)
    func receive(_ bytes: UnsafeRawBufferPointer) throws(DataError)
}

/// Why a transfer failed.
enum TransferFailure: Error {
    /// The server answered with a status that is no 200, and perhaps said why.
    case status(Int, body: [UInt8])
    /// The network, or the server, did not hold out: another try may succeed.
    case network(DataError)
    /// The receiver refused what came, or there is nothing to ask.
    case refused(DataError)
}

/// One answer of a server.
enum HTTPTransfer {
    /// Asks for an address and hands what comes to the receiver. Encodings of the transfer (gzip) are undone before.
    ///
    /// Blocks the calling thread, while the transfer runs on threads of the system's.
    ///
    /// - Parameters:
    ///   - headers: further lines of the request. A status of 206 is taken where they ask for a range.
    ///   - timeout: seconds without a byte after which the transfer is given up.
    static func run(
        _ address: String, headers: [String: String] = [:], timeout: Double = 60,
        into receiver: any TransferReceiver
    ) throws(TransferFailure) {
        guard let url = URL(string: address), url.scheme == "http" || url.scheme == "https" else {
            throw .refused(
                DataError(
                    .download,
                    "\(address) is no address to download from; give one that starts with https://."))
        }
        let transfer = Transfer(from: address, takesPart: headers["Range"] != nil, into: receiver)
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = timeout
        let session = URLSession(configuration: configuration, delegate: transfer, delegateQueue: nil)
        defer { session.finishTasksAndInvalidate() }
        var request = URLRequest(url: url)
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        session.dataTask(with: request).resume()
        try transfer.wait()
    }
}

/// Hands bytes on as they arrive.
private final class Transfer: NSObject, URLSessionDataDelegate {
    private struct State {
        var failure: TransferFailure?
        /// What is no success, and the body that says why.
        var status: Int?
        var body: [UInt8] = []
    }

    private let address: String
    private let takesPart: Bool
    private let receiver: any TransferReceiver
    private let state = Mutex(State())
    private let isDone = DispatchSemaphore(value: 0)

    init(from address: String, takesPart: Bool, into receiver: any TransferReceiver) {
        self.address = address
        self.takesPart = takesPart
        self.receiver = receiver
    }

    func wait() throws(TransferFailure) {
        isDone.wait()
        let (failure, status, body) = state.withLock { ($0.failure, $0.status, $0.body) }
        if let failure { throw failure }
        if let status { throw .status(status, body: body) }
    }

    // MARK: URLSessionDataDelegate

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        let goesOn = state.withLock { state in
            guard let response = response as? HTTPURLResponse else { return false }
            let answer = HTTPAnswer(response)
            guard answer.status == 200 || answer.status == 206 && takesPart else {
                state.status = answer.status
                return true
            }
            do throws(DataError) {
                try receiver.begin(answer)
            } catch {
                state.failure = .refused(error)
            }
            return state.failure == nil
        }
        completionHandler(goesOn ? .allow : .cancel)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let goesOn = state.withLock { state in
            if state.status != nil {
                state.body += data.prefix(max(0, 4_096 - state.body.count))
                return state.body.count < 4_096
            }
            guard state.failure == nil else { return false }
            let bytes = [UInt8](data)
            bytes.withUnsafeBytes { buffer in
                do throws(DataError) {
                    try receiver.receive(buffer)
                } catch {
                    state.failure = .refused(error)
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
                guard state.failure == nil, state.status == nil else { return }
                state.failure = .network(
                    DataError(
                        .download,
                        "\(address) could not be downloaded: \(error.localizedDescription). Check the "
                            + "network and the address, and try again."))
            }
        }
        isDone.signal()
    }
}
