/// A file that grows as a program goes on: a log, a record of events. What is written is in the file at once, also if
/// the program is killed.
package final class GrowingFile {
    package let path: String
    private let descriptor: Int32
    package private(set) var byteCount: Int

    /// - Parameter limit: how many bytes of a file that is there are kept, from its begin.
    /// - Throws: a `WritingFailure` if the folder is missing or the file cannot be written.
    package init(_ path: String, keepingAtMost limit: Int) throws(WritingFailure) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw WritingFailure(path, errno) }
        byteCount = max(0, min(limit, Int(lseek(descriptor, 0, SEEK_END))))
        guard ftruncate(descriptor, off_t(byteCount)) == 0, lseek(descriptor, 0, SEEK_END) >= 0 else {
            let code = errno
            close(descriptor)
            throw WritingFailure(path, code)
        }
    }

    deinit { close(descriptor) }

    package func write(_ bytes: [UInt8]) throws(WritingFailure) {
        try bytes.withUnsafeBufferPointer { buffer throws(WritingFailure) in
            try writeAll(UnsafeRawBufferPointer(buffer), to: descriptor, path)
        }
        byteCount += bytes.count
    }
}

/// Makes a folder, and those that it lies in, unless it is there.
///
/// - Throws: a `WritingFailure` if it cannot be made.
package func makeFolder(_ path: String) throws(WritingFailure) {
    var end = path.startIndex
    while end < path.endIndex {
        end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
        if mkdir(String(path[..<end]), 0o755) != 0, errno != EEXIST { throw WritingFailure(path, errno) }
    }
}
