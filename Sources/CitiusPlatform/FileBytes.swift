/// The bytes of a file, mapped into memory, or bytes that are in memory anyway.
///
/// Of a mapped file, what is looked at is read, and given up again where memory is short: a file may be larger than
/// memory. Another process that cuts the file short meanwhile ends this one with SIGBUS, as mapped files do.
package final class FileBytes: @unchecked Sendable {
    /// What messages call the file.
    package let name: String
    /// Valid while this lives. Never written: any thread may read it.
    package let buffer: UnsafeRawBufferPointer
    private let isMapped: Bool

    package init(_ bytes: [UInt8], name: String = "the bytes") {
        self.name = name
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
        copy.copyBytes(from: bytes)
        buffer = UnsafeRawBufferPointer(copy)
        isMapped = false
    }

    package init(mapping path: String) throws(ReadingFailure) {
        let (descriptor, count) = try openRegularFile(path)
        defer { close(descriptor) }
        name = path
        guard count > 0 else {
            // Nothing can be mapped of an empty file.
            buffer = UnsafeRawBufferPointer(
                UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 64))
            isMapped = false
            return
        }
        guard let base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw ReadingFailure(
                isMissing: false,
                description: "\(path), \(count) bytes, cannot be mapped into memory: \(systemMessage(errno))."
            )
        }
        buffer = UnsafeRawBufferPointer(start: base, count: count)
        isMapped = true
    }

    deinit {
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: buffer.baseAddress), buffer.count)
        } else {
            buffer.deallocate()
        }
    }
}

/// Why a file cannot be read.
package struct ReadingFailure: Error, CustomStringConvertible {
    /// Whether there is no such file.
    package let isMissing: Bool
    package let description: String
}

/// Opens a file for reading, and says how long it is.
///
/// - Throws: a `ReadingFailure` if it is missing, closed to this user, or no regular file.
package func openRegularFile(_ path: String) throws(ReadingFailure) -> (descriptor: Int32, byteCount: Int) {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
        let code = errno
        throw ReadingFailure(
            isMissing: code == ENOENT || code == ENOTDIR,
            description:
                "\(path) cannot be read: \(systemMessage(code)). Check the path and its permissions.")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        close(descriptor)
        throw ReadingFailure(
            isMissing: false,
            description: "\(path) is not a regular file; give the path of a file with data.")
    }
    return (descriptor, Int(status.st_size))
}
