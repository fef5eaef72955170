/// TensorFlow's framing of records in a file: the length (8 bytes), its checksum (4), the data, its checksum (4), all
/// little-endian.
package enum TFRecord {
    package static func framed(_ data: [UInt8]) -> [UInt8] {
        let length = withUnsafeBytes(of: UInt64(data.count).littleEndian) { Array($0) }
        return length + checksum(length) + data + checksum(data)
    }

    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        withUnsafeBytes(of: masked(crc32C(bytes)).littleEndian) { Array($0) }
    }

    /// A checksum that is itself in the data of another should not be one of it.
    private static func masked(_ checksum: UInt32) -> UInt32 {
        (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
    }

    /// The cyclic redundancy check of Castagnoli's polynomial (RFC 3720, appendix B.4).
    package static func crc32C(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(0xFFFF_FFFF) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 0 ? rest >> 1 : rest >> 1 ^ 0x82F6_3B78 }
    }
}
