import CitiusPlatform

/// Tar archives (POSIX.1-1988 and GNU's long names), plain or gzipped, read from the first file to the last.
enum TarReader {
    /// Goes over an archive's regular files.
    ///
    /// - Parameters:
    ///   - byteLimit: the most bytes of one file to read.
    ///   - body: is given a file's path, and reads its bytes if it wants them.
    /// - Throws: a `DataError` if the archive cannot be read, is damaged or truncated, or a wanted file is larger.
    static func forEachFile(
        in path: String, byteLimit: Int,
        _ body: (_ name: String, _ bytes: () throws(DataError) -> [UInt8]) throws(DataError) -> Void
    ) throws(DataError) {
        try forEachFile(
            in: plainSource { () throws(DataError) in try FileSource(path: path) }, byteLimit: byteLimit, body
        )
    }

    static func forEachFile(
        in source: any ByteSource, byteLimit: Int,
        _ body: (_ name: String, _ bytes: () throws(DataError) -> [UInt8]) throws(DataError) -> Void
    ) throws(DataError) {
        var longName: String?
        while true {
            let header = try source.readBytes(blockSize)
            // An archive ends with blocks of zeros; some end without.
            if header.isEmpty || header.allSatisfy({ $0 == 0 }) {
                // Reading on to the end makes zlib check its CRC-32.
                _ = try source.countRemaining(upTo: .max - 1)
                return
            }
            guard header.count == blockSize, let size = number(header[124..<136]), checksum(header) else {
                throw DataError(
                    .malformed, "\(source.name) is no tar archive, or a damaged one. Get the file again.")
            }
            func read() throws(DataError) -> [UInt8] {
                guard size <= byteLimit else {
                    throw DataError(
                        .tooLarge,
                        "\(source.name) has a file of \(size) bytes, more than the \(byteLimit) that are read."
                    )
                }
                // In pieces: a damaged size must not take memory for what is not there.
                var bytes: [UInt8] = []
                while bytes.count < size {
                    let piece = try source.readBytes(min(1 << 20, size - bytes.count))
                    if piece.isEmpty { throw truncated(source) }
                    bytes += piece
                }
                return bytes
            }
            let type = header[156]
            var isRead = false
            if type == UInt8(ascii: "L") {
                longName = string(try read()[...])
                isRead = true
            } else if type == UInt8(ascii: "0") || type == 0 {
                let prefix =
                    header[257..<262].elementsEqual(Array("ustar".utf8)) && header[263] == 0x30
                    ? string(header[345..<500]) : ""
                let own = string(header[0..<100])
                let name = longName ?? (prefix.isEmpty ? own : prefix + "/" + own)
                longName = nil
                try body(name) { () throws(DataError) in
                    isRead = true
                    return try read()
                }
            }
            // Files take whole blocks.
            try skip(isRead ? padding(size) : size + padding(size), source)
        }
    }

    private static let blockSize = 512

    private static func padding(_ size: Int) -> Int { (blockSize - size % blockSize) % blockSize }

    private static func skip(_ count: Int, _ source: any ByteSource) throws(DataError) {
        var left = count
        while left > 0 {
            let read = try source.readBytes(min(1 << 18, left)).count
            if read == 0 { throw truncated(source) }
            left -= read
        }
    }

    private static func truncated(_ source: any ByteSource) -> DataError {
        DataError(.malformed, "\(source.name) is truncated: a file in it ends too early. Get the file again.")
    }

    /// Octal digits; nil if they are none, or more than a file's size can be.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        guard !digits.isEmpty else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap {
            (0..<1 << 40).contains($0) ? $0 : nil
        }
    }

    private static func string(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// Whether the header's sum is right, its own field taken for spaces.
    private static func checksum(_ header: [UInt8]) -> Bool {
        let sum = header.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 0x20 : Int(header[$1])) }
        return number(header[148..<156]) == sum
    }
}
