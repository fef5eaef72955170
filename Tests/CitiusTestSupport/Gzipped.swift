import CitiusZlib

/// A gzip member made by zlib.
public func gzipped(_ bytes: [UInt8], level: Int32 = 6) throws -> [UInt8] {
    var stream = z_stream()
    let gzip: Int32 = 16
    let status = deflateInit2_(
        &stream, level, Z_DEFLATED, gzip + MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw DeflatingFailure() }
    defer { deflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
    let written = input.withUnsafeMutableBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            let status = deflate(&stream, Z_FINISH)
            return status == Z_STREAM_END ? output.count - Int(stream.avail_out) : nil
        }
    }
    guard let written else { throw DeflatingFailure() }
    return Array(output.prefix(written))
}

private struct DeflatingFailure: Error {}
