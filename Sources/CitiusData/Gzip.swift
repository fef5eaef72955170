import CitiusPlatform
import CitiusZlib

/// The gzip format (RFC 1952), over zlib.
public enum Gzip {
    /// Whether the bytes start as a gzip file does.
    public static func isGzip(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

    /// The inflated bytes of a gzip file, of one member or several.
    ///
    /// - Parameter byteLimit: the most bytes to inflate to; a small file may otherwise ask for a thousand
    ///   times its size.
    ///   Traps if it is negative.
    /// - Throws: a ``DataError`` for bytes that are no gzip, truncated or corrupt ones (every member's
    ///   CRC-32 is checked), or more of them than the limit.
    public static func inflate(_ bytes: [UInt8], upTo byteLimit: Int = 1 << 30) throws(DataError) -> [UInt8] {
        require(byteLimit >= 0, "Gzip.inflate: the limit is \(byteLimit) bytes, expected at least 0")
        let source = try GzipSource(MemorySource(bytes, name: "the gzip data"))
        var inflated: [UInt8] = []
        while true {
            // One byte more than allowed tells a stream that ends at the limit from one that goes on.
            let chunk = try source.readBytes(min(1 << 18 - 1, byteLimit - inflated.count) + 1)
            if chunk.isEmpty { return inflated }
            inflated += chunk
            if inflated.count > byteLimit {
                throw DataError(
                    .tooLarge,
                    "The gzip data inflates to more than \(byteLimit) bytes; raise the limit if that is right."
                )
            }
        }
    }
}

/// The inflated bytes of a gzip source. Reads its input in pieces; holds none of its output.
package final class GzipSource: ByteSource {
    package var name: String { input.name }
    private let input: any ByteSource
    /// What messages call the format.
    private let format: String
    /// zlib's state points back at the stream, which therefore must not move.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 64)
    private var isAtEnd = false
    /// Between two members, or before the first: the end of the input is in order here.
    private var isBetweenMembers = true
    private var memberCount = 0

    package init(_ input: any ByteSource, format: String = "gzip") throws(DataError) {
        self.input = input
        self.format = format
        stream.initialize(to: z_stream())
        let gzipOnly: Int32 = 16
        let status = inflateInit2_(
            stream, gzipOnly + MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else {
            throw DataError(.unreadable, "\(input.name) cannot be inflated: zlib has no memory for it.")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        chunk.deallocate()
    }

    /// Deflate's best ratio is 1 to 1032 (a pair of one-bit codes gives 258 bytes).
    package var remainingByteLimit: Int? {
        guard let left = input.remainingByteLimit else { return nil }
        let window = 1 << 15
        let (bytes, overflow) = (left + Int(stream.pointee.avail_in) + window).multipliedReportingOverflow(
            by: 1032)
        return overflow ? nil : bytes
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(DataError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var filled = 0
        while filled < buffer.count, !isAtEnd {
            if stream.pointee.avail_in == 0, try !refill() { break }
            if isBetweenMembers { try beginMember() }
            // zlib counts in 32 bits.
            let room = min(buffer.count - filled, 1 << 30)
            stream.pointee.next_out = (base + filled).assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(room)
            let status = CitiusZlib.inflate(stream, Z_NO_FLUSH)
            filled += room - Int(stream.pointee.avail_out)
            switch status {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END: isBetweenMembers = true
            default: throw corrupt(stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(status)")
            }
        }
        return filled
    }

    /// Whether there is more input. Its end is an error inside a member.
    private func refill() throws(DataError) -> Bool {
        let count = try input.read(into: chunk)
        stream.pointee.next_in = chunk.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(count)
        if count > 0 { return true }
        guard isBetweenMembers, memberCount > 0 else {
            throw DataError(
                .malformed, "\(name) is truncated: the \(format) stream ends too early. Get the file again.")
        }
        isAtEnd = true
        return false
    }

    private func beginMember() throws(DataError) {
        if memberCount > 0 {
            // zlib checks the whole header; this tells a further member from stray bytes.
            guard stream.pointee.next_in.pointee == 0x1F else {
                throw DataError(
                    .malformed,
                    "\(name) has bytes after its end that are no further \(format) member. Get the file again."
                )
            }
            inflateReset(stream)
        }
        memberCount += 1
        isBetweenMembers = false
    }

    private func corrupt(_ reason: String) -> DataError {
        DataError(.malformed, "\(name) is no intact \(format) data (\(reason)). Get the file again.")
    }
}
