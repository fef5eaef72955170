import CitiusPlatform

/// A file that appears under its name only when it is whole: it is written beside its destination and
/// renamed. If that never happens, it is removed.
package final class TemporaryFile {
    private let destination: String
    private let path: String
    private var descriptor: Int32

    package init(for destination: String) throws(DataError) {
        self.destination = destination
        let suffix = String(UInt64.random(in: 0 ... .max), radix: 36)
        path = "\(destination).\(suffix).partial"
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(destination, errno) }
    }

    deinit {
        if descriptor >= 0 {
            close(descriptor)
            unlink(path)
        }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(DataError) {
        guard let base = bytes.baseAddress else { return }
        var written = 0
        while written < bytes.count {
            let count = CitiusPlatform.write(descriptor, base + written, bytes.count - written)
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure(destination, errno)
            }
            written += count
        }
    }

    package func write(_ bytes: [UInt8]) throws(DataError) {
        let failure: DataError? = bytes.withUnsafeBytes { buffer in
            do throws(DataError) {
                try write(buffer)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }

    /// Gives the file its name, over a file that may have had it.
    package func commit() throws(DataError) {
        // A full disk may only show when the file is closed.
        let closed = close(descriptor)
        descriptor = -1
        guard closed == 0, rename(path, destination) == 0 else {
            let code = errno
            unlink(path)
            throw Self.failure(destination, code)
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> DataError {
        DataError(
            .unwritable,
            "\(path) cannot be written: \(systemMessage(code)). Choose a folder that this user may write to, "
                + "with enough space.")
    }
}
