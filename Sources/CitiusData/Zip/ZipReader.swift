import CitiusPlatform
import CitiusZlib

/// A zip archive (PKWARE's APPNOTE.TXT 6.3): members that are stored or deflated, also beyond 4 GiB (zip64).
///
/// The directory at the end says what there is. It is checked as a whole: names once each, members within the file and
/// apart from each other, so that no member is read twice (the trick of the densest zip bombs). What is held is in
/// proportion to the directory's bytes.
struct ZipReader: Sendable {
    struct Member: Sendable {
        let name: String
        let isCompressed: Bool
        /// Bytes when it is inflated.
        let byteCount: Int
        let checksum: UInt32
        /// Where its bytes lie in the file.
        let range: Range<Int>
    }

    let members: [Member]
    let file: FileBytes

    private static let endByteCount = 22
    private static let entryByteCount = 46
    private static let localByteCount = 30

    init(_ file: FileBytes) throws(DataError) {
        self.file = file
        let bytes = ZipBytes(file)
        let directory = try bytes.directory()
        var members: [Member] = []
        var names: Set<String> = []
        var offset = directory.range.lowerBound
        for index in 0..<directory.count {
            guard directory.range.upperBound - offset >= Self.entryByteCount,
                bytes.word32(offset) == 0x0201_4B50
            else { throw bytes.malformed("its directory ends within entry \(index) of \(directory.count)") }
            let nameCount = bytes.word16(offset + 28)
            let extraCount = bytes.word16(offset + 30)
            let end = offset + Self.entryByteCount + nameCount + extraCount + bytes.word16(offset + 32)
            guard end <= directory.range.upperBound else {
                throw bytes.malformed("its directory ends within entry \(index) of \(directory.count)")
            }
            let nameRange = offset + Self.entryByteCount..<offset + Self.entryByteCount + nameCount
            guard let name = String(validating: file.buffer[nameRange], as: UTF8.self) else {
                throw bytes.malformed("the name of entry \(index) is no UTF-8")
            }
            guard names.insert(name).inserted else {
                throw bytes.malformed("it has two members called \"\(name.prefix(200))\"")
            }
            members.append(
                try Self.member(
                    name, entry: offset, extra: nameRange.upperBound..<nameRange.upperBound + extraCount,
                    bytes,
                    before: directory.range.lowerBound))
            offset = end
        }
        guard offset == directory.range.upperBound else {
            throw bytes.malformed("its directory has bytes after its \(directory.count) entries")
        }
        var end = 0
        for range in members.map(\.range).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard range.lowerBound >= end else { throw bytes.malformed("two of its members share bytes") }
            end = range.upperBound
        }
        self.members = members
    }

    private static func member(
        _ name: String, entry: Int, extra: Range<Int>, _ bytes: ZipBytes, before limit: Int
    ) throws(DataError) -> Member {
        let shown = "\"\(name.prefix(200))\""
        guard bytes.word16(entry + 8) & 1 == 0 else {
            throw DataError(
                .unsupportedType,
                "\(bytes.name): its member \(shown) is encrypted. Save it without a password.")
        }
        let method = bytes.word16(entry + 10)
        guard method == 0 || method == 8 else {
            throw DataError(
                .unsupportedType,
                "\(bytes.name): its member \(shown) is compressed by method \(method), expected stored (0) or deflated "
                    + "(8).")
        }
        var fields = [bytes.word32(entry + 24), bytes.word32(entry + 20), bytes.word32(entry + 42)].map {
            UInt64($0)
        }
        // Sizes and places beyond 32 bits stand in an extra field, those alone and in this order.
        if fields.contains(0xFFFF_FFFF), var place = bytes.zip64Field(in: extra) {
            for index in fields.indices where fields[index] == 0xFFFF_FFFF {
                guard place.count >= 8 else { throw bytes.malformed("the sizes of \(shown) are cut short") }
                fields[index] = bytes.word64(place.lowerBound)
                place = place.lowerBound + 8..<place.upperBound
            }
        }
        guard let byteCount = Int(exactly: fields[0]), let storedCount = Int(exactly: fields[1]),
            let local = Int(exactly: fields[2]), local <= limit - localByteCount,
            bytes.word32(local) == 0x0403_4B50
        else { throw bytes.malformed("its member \(shown) does not lie where the directory says") }
        let start = local + localByteCount + bytes.word16(local + 26) + bytes.word16(local + 28)
        guard start <= limit, storedCount <= limit - start else {
            throw bytes.malformed("its member \(shown) goes on into the directory")
        }
        // Deflate's best ratio is 1 to 1032.
        guard method == 0 ? byteCount == storedCount : byteCount / 1_032 <= storedCount else {
            throw bytes.malformed("its member \(shown) cannot have the \(byteCount) bytes that it claims")
        }
        return Member(
            name: name, isCompressed: method == 8, byteCount: byteCount,
            checksum: UInt32(bytes.word32(entry + 16)), range: start..<start + storedCount)
    }

    /// The bytes of a member, inflated as they are read. Whoever reads them to the end has them checked: by their
    /// number and their CRC-32.
    func source(of member: Member) throws(DataError) -> any ByteSource {
        let name = "\(file.name): \(member.name.prefix(200))"
        if member.isCompressed {
            // A deflated member is a gzip member (RFC 1952) without the header and the trailer.
            var trailer: [UInt8] = []
            withUnsafeBytes(of: member.checksum.littleEndian) { trailer += $0 }
            withUnsafeBytes(of: UInt32(truncatingIfNeeded: member.byteCount).littleEndian) { trailer += $0 }
            return try GzipSource(
                JoinedSource(
                    [
                        MemorySource([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF], name: name),
                        FileBytesSource(file, member.range, name: name), MemorySource(trailer, name: name),
                    ], name: name), format: "zip")
        }
        let checksum = file.buffer[member.range].withContiguousStorageIfAvailable { crc32($0) }
        guard checksum == member.checksum else {
            throw DataError(
                .checksumMismatch,
                "\(name) is damaged: its CRC-32 is another than the archive says. Get the file again.")
        }
        return FileBytesSource(file, member.range, name: name)
    }
}

/// The CRC-32 of bytes, which go on those of a checksum before.
func crc32(_ bytes: UnsafeBufferPointer<UInt8>, after checksum: UInt32 = 0) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_z(UInt(checksum), bytes.baseAddress, bytes.count))
}

/// The numbers of an archive, little-endian wherever they lie.
private struct ZipBytes {
    private let file: FileBytes
    var name: String { file.name }

    init(_ file: FileBytes) { self.file = file }

    /// Places are within the file: callers have checked it.
    func word16(_ offset: Int) -> Int {
        Int(UInt16(littleEndian: file.buffer.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
    }

    func word32(_ offset: Int) -> Int {
        Int(UInt32(littleEndian: file.buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    func word64(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: file.buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Where the directory lies, and how many entries it has.
    func directory() throws(DataError) -> (range: Range<Int>, count: Int) {
        let end = try endRecord()
        var fields = [word16(end + 10), word32(end + 12), word32(end + 16)].map { UInt64($0) }
        var limit = end
        let locator = end - 20
        let isLarge = fields[0] == 0xFFFF || fields[1] == 0xFFFF_FFFF || fields[2] == 0xFFFF_FFFF
        if isLarge, locator >= 0, word32(locator) == 0x0706_4B50 {
            guard let record = Int(exactly: word64(locator + 8)), record >= 0, record <= locator - 56,
                word32(record) == 0x0606_4B50
            else { throw malformed("its second end record (zip64) is not where it should be") }
            fields = [word64(record + 32), word64(record + 40), word64(record + 48)]
            limit = record
        } else if word16(end + 4) != 0 || word16(end + 6) != 0 || word16(end + 8) != word16(end + 10) {
            throw malformed("it is a part of an archive of several files")
        }
        guard let count = Int(exactly: fields[0]), let byteCount = Int(exactly: fields[1]),
            let start = Int(exactly: fields[2]), start <= limit, byteCount == limit - start
        else { throw malformed("its directory is not where its end says") }
        guard count <= byteCount / 46 else {
            throw malformed("its directory is too short for \(count) entries")
        }
        return (start..<limit, count)
    }

    /// The last record that a comment of its own length follows.
    private func endRecord() throws(DataError) -> Int {
        let count = file.buffer.count
        var offset = count - 22
        while offset >= 0, offset >= count - 22 - 0xFFFF {
            if word32(offset) == 0x0605_4B50, offset + 22 + word16(offset + 20) == count { return offset }
            offset -= 1
        }
        throw DataError(
            .malformed,
            "\(name) is no zip archive, or is truncated: it does not end as one does. Get the file again.")
    }

    /// Where the field of large sizes (zip64) lies among an entry's extra ones.
    func zip64Field(in extra: Range<Int>) -> Range<Int>? {
        var offset = extra.lowerBound
        while extra.upperBound - offset >= 4 {
            let end = offset + 4 + word16(offset + 2)
            if end > extra.upperBound { return nil }
            if word16(offset) == 1 { return offset + 4..<end }
            offset = end
        }
        return nil
    }

    func malformed(_ what: String) -> DataError {
        DataError(.malformed, "\(name) is a damaged zip archive: \(what). Get the file again.")
    }
}
