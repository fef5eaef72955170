import CitiusLibzip
import CitiusPlatform

/// A zip archive in memory.
package final class ZipArchive {
    /// How many times more bytes than the archive's a member may have.
    static let expansionLimit = 100
    /// Bytes that a member may have whatever the archive's.
    static let expansionFloor = 64 << 20

    private let name: String
    private let archive: OpaquePointer
    /// What libzip reads from.
    private let bytes: UnsafeMutableRawBufferPointer

    /// - Parameter name: what messages call the file.
    package init(_ bytes: [UInt8], name: String = "the bytes") throws(KerasFileError) {
        // libzip takes no bytes for an archive without members.
        guard !bytes.isEmpty else {
            throw KerasFileError(.malformed, "\(name) is no zip archive: it is empty.")
        }
        self.name = name
        self.bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        self.bytes.copyBytes(from: bytes)
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        guard
            let source = zip_source_buffer_create(
                self.bytes.baseAddress, zip_uint64_t(bytes.count), 0, &error)
        else {
            self.bytes.deallocate()
            throw KerasFileError(
                .malformed, "\(name) cannot be opened: \(String(cString: zip_error_strerror(&error))).")
        }
        guard let archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error) else {
            zip_source_free(source)
            self.bytes.deallocate()
            throw KerasFileError(
                .malformed,
                "\(name) is no zip archive, or a damaged one: \(String(cString: zip_error_strerror(&error))). "
                    + "Copy or download it again.")
        }
        self.archive = archive
    }

    deinit {
        zip_discard(archive)
        bytes.deallocate()
    }

    /// The bytes of a member; nil if there is none of that name.
    package func member(named member: String) throws(KerasFileError) -> [UInt8]? {
        let index = zip_name_locate(archive, member, 0)
        guard index >= 0 else { return nil }
        var status = zip_stat_t()
        guard zip_stat_index(archive, zip_uint64_t(index), 0, &status) == 0,
            status.valid & zip_uint64_t(ZIP_STAT_SIZE) != 0
        else { throw malformed(member) }
        let limit = max(
            Self.expansionFloor, bytes.count.multipliedReportingOverflow(by: Self.expansionLimit).partialValue
        )
        guard status.size <= limit else {
            throw KerasFileError(
                .tooLarge,
                "\(name): its \(quoted(member)) would have \(status.size) bytes, in an archive of \(bytes.count), and is refused as "
                    + "a bomb.")
        }
        guard let file = zip_fopen_index(archive, zip_uint64_t(index), 0) else { throw malformed(member) }
        defer { zip_fclose(file) }
        var content = [UInt8](repeating: 0, count: Int(status.size))
        var filled = 0
        while filled < content.count {
            let count = content.withUnsafeMutableBytes { buffer in
                zip_fread(file, buffer.baseAddress.map { $0 + filled }, zip_uint64_t(buffer.count - filled))
            }
            guard count > 0 else { throw malformed(member) }
            filled += Int(count)
        }
        // The checksum is compared where the end is read.
        var extra: UInt8 = 0
        guard zip_fread(file, &extra, 1) == 0 else { throw malformed(member) }
        return content
    }

    private func malformed(_ member: String) -> KerasFileError {
        KerasFileError(
            .malformed,
            "\(name): its \(quoted(member)) cannot be read: \(String(cString: zip_strerror(archive))). Copy or download it again."
        )
    }

    // MARK: Writing

    /// An archive of these members as they are, uncompressed. The same members give the same bytes.
    package static func bytes(of members: [(name: String, content: [UInt8])]) throws(KerasFileError)
        -> [UInt8]
    {
        var error = zip_error_t()
        zip_error_init(&error)
        defer { zip_error_fini(&error) }
        guard let target = zip_source_buffer_create(nil, 0, 0, &error) else { throw unwritable(&error) }
        defer { zip_source_free(target) }
        // The archive takes one reference, and lets go of it when it is closed.
        zip_source_keep(target)
        guard let archive = zip_open_from_source(target, ZIP_TRUNCATE, &error) else {
            zip_source_free(target)
            throw unwritable(&error)
        }
        // libzip reads the members when the archive is closed.
        let copies = members.map { member in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: member.content.count, alignment: 1)
            copy.copyBytes(from: member.content)
            return copy
        }
        defer { for copy in copies { copy.deallocate() } }
        for (member, copy) in zip(members, copies) {
            guard let source = zip_source_buffer(archive, copy.baseAddress, zip_uint64_t(copy.count), 0)
            else {
                zip_discard(archive)
                throw unwritable(&error)
            }
            let index = zip_file_add(archive, member.name, source, ZIP_FL_ENC_UTF_8)
            guard index >= 0 else {
                zip_source_free(source)
                zip_discard(archive)
                throw unwritable(&error)
            }
            zip_set_file_compression(archive, zip_uint64_t(index), ZIP_CM_STORE, 0)
            // The first of January 1980, the format's first day: 315532800 seconds after 1970's, and twelve hours for
            // time zones.
            zip_file_set_mtime(archive, zip_uint64_t(index), 315_532_800 + 43_200, 0)
        }
        guard zip_close(archive) == 0 else {
            zip_discard(archive)
            throw unwritable(&error)
        }
        guard zip_source_open(target) == 0 else { throw unwritable(&error) }
        defer { zip_source_close(target) }
        zip_source_seek(target, 0, SEEK_END)
        let count = zip_source_tell(target)
        zip_source_seek(target, 0, SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: max(0, Int(count)))
        guard count > 0, zip_source_read(target, &bytes, zip_uint64_t(count)) == count else {
            throw unwritable(&error)
        }
        return bytes
    }

    private static func unwritable(_ error: inout zip_error_t) -> KerasFileError {
        KerasFileError(
            .unwritable, "The archive cannot be made: \(String(cString: zip_error_strerror(&error))).")
    }
}
