/// A message in the wire format of protocol buffers, as it is written: fields by their numbers.
///
/// Follows "Encoding", protobuf.dev. A field that has its default value may be left out.
package struct ProtobufMessage {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// A number as a varint: int32, int64, uint32, uint64, bool, enum.
    package mutating func add(_ field: Int, _ value: Int) {
        addTag(field, 0)
        addVarint(UInt64(bitPattern: Int64(value)))
    }

    package mutating func add(_ field: Int, _ value: Double) {
        addTag(field, 1)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    package mutating func add(_ field: Int, _ value: Float) {
        addTag(field, 5)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    package mutating func add(_ field: Int, _ value: [UInt8]) {
        addTag(field, 2)
        addVarint(UInt64(value.count))
        bytes += value
    }

    package mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

    package mutating func add(_ field: Int, _ message: ProtobufMessage) { add(field, message.bytes) }

    /// A message of fields that `body` adds.
    package mutating func add(_ field: Int, _ body: (inout ProtobufMessage) -> Void) {
        var message = ProtobufMessage()
        body(&message)
        add(field, message)
    }

    private mutating func addTag(_ field: Int, _ type: Int) { addVarint(UInt64(field << 3 | type)) }

    private mutating func addVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
