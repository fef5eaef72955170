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

    /// Bytes up to the end, all read; at most one more than `limit`.
    func countRemaining(upTo limit: Int) throws(DataError) -> Int {
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { scratch.deallocate() }
        var count = 0
        while count <= limit {
            let room = min(scratch.count, limit + 1 - count)
            let read = try read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[0..<room]))
            if read == 0 { break }
            count += read
        }
        return count
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
        do throws(ReadingFailure) {
            (descriptor, byteCount) = try openRegularFile(path)
        } catch {
            throw DataError(error)
        }
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

/// Some bytes of a mapped file, or of one in memory.
final class FileBytesSource: ByteSource {
    let name: String
    private let file: FileBytes
    private var range: Range<Int>

    /// - Parameter name: what messages call the bytes; nil: what they call the file.
    init(_ file: FileBytes, _ range: Range<Int>, name: String? = nil) {
        self.file = file
        self.range = range
        self.name = name ?? file.name
    }

    var remainingByteLimit: Int? { range.count }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
        let part = range.prefix(buffer.count)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: file.buffer[part]))
        range = part.upperBound..<range.upperBound
        return part.count
    }
}

/// The bytes of some sources one after another.
final class JoinedSource: ByteSource {
    let name: String
    private let sources: [any ByteSource]
    private var current = 0

    init(_ sources: [any ByteSource], name: String) {
        self.sources = sources
        self.name = name
    }

    var remainingByteLimit: Int? {
        sources[current...].reduce(0) { sum, source in
            sum.flatMap { sum in source.remainingByteLimit.map { sum + $0 } }
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
        var filled = 0
        while filled < buffer.count, current < sources.count {
            let count = try sources[current].read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            if count == 0 { current += 1 }
            filled += count
        }
        return filled
    }
}

extension DataError {
    init(_ failure: ReadingFailure) {
        self.init(failure.isMissing ? .missing : .unreadable, failure.description)
    }
}
