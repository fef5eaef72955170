import CitiusPlatform

/// Bytes that come in order, from a file, from memory, or inflated from either.
package protocol ByteSource: AnyObject {
    /// What messages call it: a path, or "the bytes".
    var name: String { get }
    /// The most bytes that can still come, if that is known.
    var remainingByteLimit: Int? { get }
    /// Fills the buffer, or as much of it as there are bytes left; 0 means the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int
}

extension ByteSource {
    /// The next bytes, fewer only at the end.
    package func readBytes(_ count: Int) throws(DataError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var failure: DataError?
        var filled = 0
        bytes.withUnsafeMutableBytes { buffer in
            do throws(DataError) {
                filled = try read(into: buffer)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        bytes.removeLast(count - filled)
        return bytes
    }
}

/// Bytes in memory.
package final class MemorySource: ByteSource {
    package let name: String
    private let bytes: [UInt8]
    private var position = 0

    package init(_ bytes: [UInt8], name: String = "the bytes") {
        self.bytes = bytes
        self.name = name
    }

    package var remainingByteLimit: Int? { bytes.count - position }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
        let count = min(buffer.count, bytes.count - position)
        bytes.withUnsafeBytes { source in
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[position..<position + count]))
        }
        position += count
        return count
    }
}

/// A regular file, read from its start.
package final class FileSource: ByteSource {
    package let name: String
    private let descriptor: Int32
    private let byteCount: Int
    private var position = 0

    package init(path: String) throws(DataError) {
        name = path
        // Without O_NONBLOCK, opening a named pipe would wait for a writer.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            throw DataError(
                code == ENOENT ? .missing : .unreadable,
                "\(path) cannot be read: \(systemMessage(code)). Check the path and its permissions.")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw DataError(.unreadable, "\(path) is not a regular file; give the path of a file with data.")
        }
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    package var remainingByteLimit: Int? { byteCount - position }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var filled = 0
        while filled < buffer.count {
            let count = CitiusPlatform.read(descriptor, base + filled, buffer.count - filled)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw DataError(
                    .unreadable,
                    "Reading \(name) failed at byte \(position): \(systemMessage(errno)).")
            }
            filled += count
            position += count
        }
        return filled
    }
}
