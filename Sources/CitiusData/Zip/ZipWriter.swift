import CitiusPlatform
import CitiusZlib

/// Writes a zip archive member by member. Every member has the date of the format's first day, so that the same
/// members give the same bytes. Sizes beyond 32 bits are written as zip64.
struct ZipWriter {
    private struct Entry {
        let name: [UInt8]
        let isCompressed: Bool
        let checksum: UInt32
        let byteCount: Int
        let storedCount: Int
        let offset: Int
    }

    private var entries: [Entry] = []
    private var offset = 0
    /// What is written in 32 bits: less, in a test of the rest.
    private let limit: Int

    init(limit: Int = 0xFFFF_FFFF) { self.limit = limit }

    /// Writes a member. Deflated bytes are gathered in memory: their number comes before them.
    mutating func add<Sink: ByteSink>(
        _ name: String, _ content: some ByteContent, compressed: Bool, to sink: Sink
    ) throws(Sink.Failure) {
        let plain = ChecksumSink()
        content.write(to: plain)
        var deflated: [UInt8]?
        if compressed {
            let deflater = Deflater()
            content.write(to: deflater)
            deflated = deflater.finish()
        }
        let entry = Entry(
            name: Array(name.utf8), isCompressed: compressed, checksum: plain.checksum,
            byteCount: plain.byteCount,
            storedCount: deflated?.count ?? plain.byteCount, offset: offset)
        entries.append(entry)
        // Both sizes or none, in a member's own header.
        let isLarge = entry.byteCount >= limit || entry.storedCount >= limit
        var header =
            little(0x0403_4B50, 4)
            + common(
                of: entry,
                isLarge
                    ? [0xFFFF_FFFF, 0xFFFF_FFFF]
                    : [
                        entry.storedCount, entry.byteCount,
                    ])
        let extra =
            isLarge
            ? little(1, 2) + little(16, 2) + little(entry.byteCount, 8) + little(entry.storedCount, 8) : []
        header += little(extra.count, 2) + entry.name + extra
        try sink.write(header)
        if let deflated { try sink.write(deflated) } else { try content.write(to: sink) }
        offset += header.count + entry.storedCount
    }

    /// Writes the directory.
    func finish<Sink: ByteSink>(to sink: Sink) throws(Sink.Failure) {
        var directory: [UInt8] = []
        for entry in entries {
            let fields = [entry.byteCount, entry.storedCount, entry.offset]
            let shown = fields.map { $0 >= limit ? 0xFFFF_FFFF : $0 }
            let large = fields.filter { $0 >= limit }.flatMap { little($0, 8) }
            let extra = large.isEmpty ? [] : little(1, 2) + little(large.count, 2) + large
            // The version of the writer stands before what a member's own header has.
            directory += little(0x0201_4B50, 4) + little(45, 2) + common(of: entry, [shown[1], shown[0]])
            // Extra fields, comment, file, and two sets of attributes.
            directory += little(extra.count, 2) + little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4)
            directory += little(shown[2], 4) + entry.name + extra
        }
        let fields = [entries.count, directory.count, offset]
        var end: [UInt8] = []
        if entries.count >= min(0xFFFF, limit) || fields[1] >= limit || fields[2] >= limit {
            let place = offset + directory.count
            end += little(0x0606_4B50, 4) + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8)
            end += little(entries.count, 8) + fields.flatMap { little($0, 8) }
            end += little(0x0706_4B50, 4) + little(0, 4) + little(place, 8) + little(1, 4)
            end += little(0x0605_4B50, 4) + little(0, 4) + little(-1, 2) + little(-1, 2) + little(-1, 4)
            end += little(-1, 4) + little(0, 2)
        } else {
            end += little(0x0605_4B50, 4) + little(0, 4) + little(entries.count, 2) + little(entries.count, 2)
            end += little(directory.count, 4) + little(offset, 4) + little(0, 2)
        }
        try sink.write(directory + end)
    }

    /// What a member's own header and its entry in the directory share: version, flags (names are UTF-8), method, date
    /// (the first of January 1980), checksum, sizes and the name's length.
    private func common(of entry: Entry, _ sizes: [Int]) -> [UInt8] {
        little(45, 2) + little(0x0800, 2) + little(entry.isCompressed ? 8 : 0, 2) + little(0, 2)
            + little(0x21, 2)
            + little(Int(entry.checksum), 4) + sizes.flatMap { little($0, 4) } + little(entry.name.count, 2)
    }

    private func little(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}

/// Counts bytes, and takes their CRC-32.
private final class ChecksumSink: ByteSink {
    private(set) var checksum: UInt32 = 0
    private(set) var byteCount = 0

    func write(_ bytes: UnsafeRawBufferPointer) {
        bytes.withMemoryRebound(to: UInt8.self) { checksum = crc32($0, after: checksum) }
        byteCount += bytes.count
    }
}

/// Deflates bytes, in zlib's raw form.
private final class Deflater: ByteSink {
    /// zlib's state points back at the stream, which therefore must not move.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let chunk = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 17)
    private var output: [UInt8] = []

    init() {
        stream.initialize(to: z_stream())
        let status = deflateInit2_(
            stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        require(status == Z_OK, "ZipWriter: zlib has no memory to deflate")
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        chunk.deallocate()
    }

    func write(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while let base = rest.baseAddress, !rest.isEmpty {
            // zlib counts in 32 bits.
            let part = rest.prefix(1 << 30)
            stream.pointee.next_in = UnsafeMutableRawPointer(mutating: base).assumingMemoryBound(
                to: UInt8.self)
            stream.pointee.avail_in = UInt32(part.count)
            deflate(Z_NO_FLUSH)
            rest = UnsafeRawBufferPointer(rebasing: rest[part.count...])
        }
    }

    func finish() -> [UInt8] {
        deflate(Z_FINISH)
        return output
    }

    private func deflate(_ flush: Int32) {
        repeat {
            stream.pointee.next_out = chunk.baseAddress
            stream.pointee.avail_out = UInt32(chunk.count)
            _ = CitiusZlib.deflate(stream, flush)
            output += chunk[..<(chunk.count - Int(stream.pointee.avail_out))]
        } while stream.pointee.avail_out == 0
    }
}

/// A zip archive of files.
///
/// - Parameter limit: what is written in 32 bits; less writes the rest as zip64.
package func zipArchive(
    _ members: [(name: String, content: [UInt8])], compressed: Bool = false, limit: Int = 0xFFFF_FFFF
) -> [UInt8] {
    let sink = MemorySink()
    var writer = ZipWriter(limit: limit)
    for (name, content) in members { writer.add(name, content, compressed: compressed, to: sink) }
    writer.finish(to: sink)
    return sink.bytes
}
