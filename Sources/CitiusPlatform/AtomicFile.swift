/// A file that appears under its name only when it is whole and on the disk, in place of one that may have had the
/// name: at every moment, also after a crash or a loss of power, the name stands for the old file or for the new one.
///
/// Where the file system can, the file has no name until then, so that a process that is killed leaves nothing
/// behind; else it is written beside its destination under a name that ends in `.partial`.
package final class AtomicFile {
    package let destination: String
    private let partial: String
    private var descriptor: Int32
    /// Whether the file has the name `partial`.
    private var isNamed: Bool

    /// - Throws: a `WritingFailure` if the folder is missing or cannot be written, or the name stands for a folder, a
    ///   device or another thing that no file should take the place of.
    package init(for destination: String) throws(WritingFailure) {
        self.destination = destination
        var old = stat()
        if stat(destination, &old) == 0, old.st_mode & S_IFMT != S_IFREG {
            throw WritingFailure(destination, EEXIST, reason: "it is there, and not a regular file")
        }
        partial = "\(destination).\(String(UInt64.random(in: 0 ... .max), radix: 36)).partial"
        isNamed = false
        descriptor = Self.openNameless(in: Self.folder(of: destination))
        if descriptor < 0 {
            descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
            isNamed = descriptor >= 0
        }
        guard descriptor >= 0 else { throw WritingFailure(destination, errno) }
    }

    deinit {
        if descriptor >= 0 { discard() }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws(WritingFailure) {
        try writeAll(bytes, to: descriptor, destination)
    }

    package func write(_ bytes: [UInt8]) throws(WritingFailure) {
        try bytes.withUnsafeBufferPointer { buffer throws(WritingFailure) in
            try write(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Gives the file its name, after its bytes are on the disk.
    package func commit() throws(WritingFailure) {
        var isDone = fsync(descriptor) == 0
        if isDone, !isNamed {
            isDone =
                linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, partial, AT_SYMLINK_FOLLOW) == 0
            isNamed = isDone
        }
        isDone = isDone && rename(partial, destination) == 0
        guard isDone else {
            let code = errno
            discard()
            throw WritingFailure(destination, code)
        }
        close(descriptor)
        descriptor = -1
        // The name is in the folder, which has to reach the disk as well. Some file systems cannot say so; that takes
        // nothing from the file.
        let folder = open(Self.folder(of: destination), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if folder >= 0 {
            fsync(folder)
            close(folder)
        }
    }

    private func discard() {
        close(descriptor)
        descriptor = -1
        if isNamed { unlink(partial) }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A file without a name; -1 where the system or the file system has none.
    private static func openNameless(in folder: String) -> Int32 {
        #if os(Linux)
            // __O_TMPFILE of <bits/fcntl-linux.h>, which the importer of C headers does not see.
            let nameless: Int32 = 0o20_000_000
            guard access("/proc/self/fd", X_OK) == 0 else { return -1 }
            return open(folder, nameless | O_DIRECTORY | O_WRONLY | O_CLOEXEC, 0o644)
        #else
            return -1
        #endif
    }
}

/// Why a file cannot be written.
package struct WritingFailure: Error, CustomStringConvertible {
    package let path: String
    /// The system's number of the error.
    package let code: Int32
    private let reason: String

    /// - Parameter reason: by default the system's words for the number.
    package init(_ path: String, _ code: Int32, reason: String? = nil) {
        self.path = path
        self.code = code
        self.reason = reason ?? systemMessage(code)
    }

    package var description: String {
        "\(path) cannot be written: \(reason). Choose a folder that this user may write to, "
            + "with enough space."
    }
}

/// The system's words for an error number.
package func systemMessage(_ code: Int32) -> String { String(cString: strerror(code)) }

/// Writes all of the bytes to an open file, whose path errors name.
package func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ path: String
) throws(WritingFailure) {
    guard let base = bytes.baseAddress else { return }
    var written = 0
    while written < bytes.count {
        let count = write(descriptor, base + written, bytes.count - written)
        if count < 0 {
            if errno == EINTR { continue }
            throw WritingFailure(path, errno)
        }
        written += count
    }
}
