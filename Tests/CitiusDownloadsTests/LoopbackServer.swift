import Foundation
import Synchronization
import Testing

/// A tiny HTTP server on 127.0.0.1, to download from: each path has its answers, the last of which repeats.
final class LoopbackServer: Sendable {
    struct Answer: Sendable {
        var status = "200 OK"
        var body: [UInt8] = []
        /// What the header claims; the connection closes after the body either way.
        var claimedLength: Int?
        /// Further lines of the header.
        var headers: [String] = []
        /// Seconds before the answer.
        var delay = 0.0
        /// Where the body breaks off; nil: nowhere.
        var cutAfter: Int?
        /// Whether a part is given where one is asked for of this version (the ETag among the headers).
        var servesRanges = false
    }

    let address: String
    private let listener: Int32
    private let isListening: Bool
    private let requests = Mutex<[(path: String, start: Int?)]>([])

    /// The paths asked for, in order.
    var requestedPaths: [String] { requests.withLock { $0.map(\.path) } }
    /// From where on each was asked for; nil for all of it.
    var requestedRanges: [Int?] { requests.withLock { $0.map(\.start) } }

    /// - Parameter isListening: if false, the port is taken, so nobody else gets it, and refuses connections.
    convenience init(_ answers: [String: Answer], isListening: Bool = true) throws {
        try self.init(isListening: isListening) { _ in answers.mapValues { [$0] } }
    }

    /// - Parameter answers: gives the answers for the server's address.
    init(isListening: Bool = true, answers: (String) -> [String: [Answer]]) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(listener >= 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (bound, found) = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                (bind(listener, pointer, length), getsockname(listener, pointer, &length))
            }
        }
        try #require(bound == 0 && found == 0)
        address = "http://127.0.0.1:\(UInt16(bigEndian: name.sin_port))/"
        self.listener = listener
        self.isListening = isListening
        guard isListening else { return }
        try #require(listen(listener, 16) == 0)
        let answers = answers(address)
        Thread.detachNewThread { [weak self] in
            var rest = answers
            // Closed here: elsewhere, the number could become another socket's while this thread still uses it.
            defer { close(listener) }
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                let request = Self.readRequest(connection)
                let path = request.path
                self?.requests.withLock { $0.append((path, request.start)) }
                var answer = rest[path]?.first ?? Answer(status: "404 Not Found")
                if rest[path]?.count ?? 0 > 1 { rest[path]?.removeFirst() }
                if answer.delay > 0 { Thread.sleep(forTimeInterval: answer.delay) }
                if answer.servesRanges, let start = request.start {
                    answer.narrow(to: start, request.version)
                }
                Self.send(answer, to: connection)
            }
        }
    }

    /// Ends `accept`, and with it the thread.
    deinit {
        if isListening { shutdown(listener, Int32(SHUT_RDWR)) } else { close(listener) }
    }

    private static func readRequest(_ connection: Int32) -> (path: String, start: Int?, version: String?) {
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while !request.suffix(4).elementsEqual([13, 10, 13, 10]) {
            let count = read(connection, &buffer, buffer.count)
            if count <= 0 { break }
            request += buffer.prefix(count)
        }
        let lines = String(decoding: request, as: UTF8.self).split(separator: "\r\n")
        func field(_ name: String) -> String? {
            lines.first { $0.lowercased().hasPrefix(name + ": ") }.map {
                String($0.dropFirst(name.count + 2))
            }
        }
        let path = lines.first?.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        let start = field("range").flatMap { Int($0.dropFirst("bytes=".count).dropLast()) }
        return (path, start, field("if-range"))
    }

    private static func send(_ answer: Answer, to connection: Int32) {
        let length = answer.claimedLength ?? answer.body.count
        let lines = ["HTTP/1.1 \(answer.status)", "Content-Length: \(length)", "Connection: close"]
        let header = (lines + answer.headers).joined(separator: "\r\n") + "\r\n\r\n"
        var rest = (Array(header.utf8) + answer.body.prefix(answer.cutAfter ?? .max))[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { break }
            rest.removeFirst(count)
        }
        close(connection)
    }
}

extension LoopbackServer.Answer {
    /// The part from a byte on, if the request is about this version.
    fileprivate mutating func narrow(to start: Int, _ version: String?) {
        guard let version, headers.contains("ETag: " + version) else { return }
        guard start < body.count else {
            self = .init(status: "416 Range Not Satisfiable")
            return
        }
        headers.append("Content-Range: bytes \(start)-\(body.count - 1)/\(body.count)")
        status = "206 Partial Content"
        body = Array(body[start...])
    }
}
