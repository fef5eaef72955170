import CitiusPlatform

/// Where bytes go, piece by piece: a file, memory, a checksum.
protocol ByteSink: AnyObject {
    associatedtype Failure: Error
    func write(_ bytes: UnsafeRawBufferPointer) throws(Failure)
}

extension ByteSink {
    func write(_ bytes: [UInt8]) throws(Failure) {
        try bytes.withUnsafeBufferPointer { buffer throws(Failure) in
            try write(UnsafeRawBufferPointer(buffer))
        }
    }
}

/// Bytes that can be written, the same each time.
protocol ByteContent {
    func write<Sink: ByteSink>(to sink: Sink) throws(Sink.Failure)
}

extension [UInt8]: ByteContent {
    func write<Sink: ByteSink>(to sink: Sink) throws(Sink.Failure) { try sink.write(self) }
}

extension ByteContent {
    /// The bytes in memory.
    var bytes: [UInt8] {
        let sink = MemorySink()
        write(to: sink)
        return sink.bytes
    }
}

extension TemporaryFile: ByteSink {}

/// Gathers bytes in memory.
final class MemorySink: ByteSink {
    private(set) var bytes: [UInt8] = []

    func write(_ bytes: UnsafeRawBufferPointer) { self.bytes += bytes }
}
