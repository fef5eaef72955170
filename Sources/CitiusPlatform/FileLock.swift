/// A lock that one process, or one part of a process, holds at a time; given back when this goes away, or the process
/// ends in whatever way.
package final class FileLock {
    private let descriptor: Int32

    /// Waits until nobody else holds the lock.
    ///
    /// - Parameter path: of the file that stands for the lock; it is made, stays empty and is not removed, since another
    ///   process may wait for it.
    /// - Throws: a `WritingFailure` if the file cannot be made.
    package init(_ path: String) throws(WritingFailure) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw WritingFailure(path, errno) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else {
                let code = errno
                close(descriptor)
                throw WritingFailure(path, code)
            }
        }
    }

    deinit { close(descriptor) }
}
