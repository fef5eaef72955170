import CitiusPlatform

/// The lines of a source, one at a time, in a buffer that is as long as the longest line and a piece of the source.
final class LineReader {
    let name: String
    /// The number of the last line, from 1.
    private(set) var number = 0
    private let source: any ByteSource
    private var buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 18)
    /// The bytes that were read lie before `end`.
    private var end = 0
    private var start = 0
    private var next = 0
    private var isAtEnd = false

    /// The longest line, or record of several lines.
    static let byteLimit = 1 << 26

    init(_ source: any ByteSource) {
        self.source = source
        name = source.name
    }

    deinit { buffer.deallocate() }

    /// The next line, without its end (LF or CRLF); nil after the last. Valid until the next call.
    func line() throws(DataError) -> UnsafeBufferPointer<UInt8>? {
        start = next
        return try scan()
    }

    /// The last line together with the one after it, its end between them; nil if there is none.
    func extended() throws(DataError) -> UnsafeBufferPointer<UInt8>? { try scan() }

    /// From the record's start to the end of the line that begins at `next`.
    private func scan() throws(DataError) -> UnsafeBufferPointer<UInt8>? {
        // Relative to the start, which refilling moves.
        var scanned = next - start
        while true {
            if let base = buffer.baseAddress,
                let found = memchr(base + start + scanned, 0x0A, end - start - scanned)
            {
                let place = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - UnsafePointer(base)
                next = place + 1
                return ended(at: place)
            }
            if isAtEnd {
                guard next < end else { return nil }
                next = end
                return ended(at: end)
            }
            scanned = end - start
            try refill()
        }
    }

    private func ended(at end: Int) -> UnsafeBufferPointer<UInt8> {
        number += 1
        let hasReturn = end > start && buffer[end - 1] == 0x0D
        return UnsafeBufferPointer(rebasing: buffer[start..<(hasReturn ? end - 1 : end)])
    }

    /// Moves what is left to the front and reads more behind it.
    private func refill() throws(DataError) {
        let count = end - start
        if start > 0, let base = buffer.baseAddress {
            memmove(base, base + start, count)
            next -= start
            start = 0
            end = count
        }
        if end == buffer.count {
            guard buffer.count < Self.byteLimit else {
                throw DataError(
                    .tooLarge,
                    "\(name), line \(number + 1): the line is longer than \(Self.byteLimit) bytes. Is it text?"
                )
            }
            let grown = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 2 * buffer.count)
            _ = grown.update(fromContentsOf: buffer)
            buffer.deallocate()
            buffer = grown
        }
        let read = try source.read(
            into: UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[end...]))
        end += read
        isAtEnd = read == 0
    }
}

/// A source, inflated if it is gzipped: its first bytes tell.
///
/// - Parameter open: gives the source from its start.
func plainSource(_ open: () throws(DataError) -> any ByteSource) throws(DataError) -> any ByteSource {
    Gzip.isGzip(try open().readBytes(2)) ? try GzipSource(open()) : try open()
}

/// The number that a text is, in decimal digits with a point and an exponent; nil if it is none.
///
/// Up to 2⁵³ with up to 22 decimals, the quotient or product of two doubles is the nearest one (Clinger 1990,
/// doi:10.1145/93542.93557); the rest is the library's.
@inline(__always)
func number(in bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    var index = 0
    let count = bytes.count
    var isNegative = false
    if index < count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
        isNegative = bytes[index] == UInt8(ascii: "-")
        index += 1
    }
    var mantissa: UInt64 = 0
    var (digits, exponent) = (0, 0)
    var (isExact, hasDigits) = (true, false)
    while index < count, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
        hasDigits = true
        if digits < 18 {
            mantissa = mantissa &* 10 &+ UInt64(digit)
            if mantissa > 0 { digits += 1 }
        } else {
            isExact = false
        }
        index += 1
    }
    if index < count, bytes[index] == UInt8(ascii: ".") {
        index += 1
        while index < count, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
            hasDigits = true
            if digits < 18 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
                if mantissa > 0 { digits += 1 }
                exponent -= 1
            } else {
                isExact = false
            }
            index += 1
        }
    }
    guard hasDigits else { return notFinite(bytes) }
    if index < count, bytes[index] | 0x20 == UInt8(ascii: "e") {
        index += 1
        var isDown = false
        if index < count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
            isDown = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        let start = index
        var power = 0
        while index < count, case let digit = bytes[index] &- UInt8(ascii: "0"), digit < 10 {
            power = min(power * 10 + Int(digit), 100_000)
            index += 1
        }
        guard index > start else { return nil }
        exponent += isDown ? -power : power
    }
    guard index == count else { return nil }
    if isExact, mantissa <= 1 << 53, exponent >= -22, exponent <= 22 {
        let number =
            exponent == 0
            ? Double(mantissa)
            : exponent < 0
                ? Double(mantissa) / powersOfTen[-exponent] : Double(mantissa) * powersOfTen[exponent]
        return isNegative ? -number : number
    }
    return Double(String(decoding: bytes, as: UTF8.self))
}

private let powersOfTen: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
    1e20, 1e21, 1e22,
]

/// NaN and the infinities, in any case.
private func notFinite(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
    guard bytes.count <= 9 else { return nil }
    switch String(decoding: bytes, as: UTF8.self).lowercased() {
    case "nan", "+nan", "-nan": return .nan
    case "inf", "+inf", "infinity", "+infinity": return .infinity
    case "-inf", "-infinity": return -.infinity
    default: return nil
    }
}
