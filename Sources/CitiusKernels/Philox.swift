/// Philox4x32-10: a counter-based random generator (Salmon et al., "Parallel random numbers: as easy as
/// 1, 2, 3", SC 2011, doi:10.1145/2063384.2063405).
///
/// Block `n` of a key is a pure function of `n`, so any part of a stream can be computed by any thread and
/// the result is the same.
package struct Philox: Sendable, Equatable {
    package let key: UInt64

    package init(key: UInt64) { self.key = key }

    /// The four words of block `counter` of stream `stream`.
    @inline(__always)
    package func block(_ counter: UInt64, stream: UInt64 = 0) -> SIMD4<UInt32> {
        var x0 = UInt32(truncatingIfNeeded: counter)
        var x1 = UInt32(truncatingIfNeeded: counter >> 32)
        var x2 = UInt32(truncatingIfNeeded: stream)
        var x3 = UInt32(truncatingIfNeeded: stream >> 32)
        var k0 = UInt32(truncatingIfNeeded: key)
        var k1 = UInt32(truncatingIfNeeded: key >> 32)
        for _ in 0..<10 {
            let p0 = UInt64(x0) &* 0xD251_1F53
            let p1 = UInt64(x2) &* 0xCD9E_8D57
            let y0 = UInt32(truncatingIfNeeded: p1 >> 32) ^ x1 ^ k0
            let y2 = UInt32(truncatingIfNeeded: p0 >> 32) ^ x3 ^ k1
            x1 = UInt32(truncatingIfNeeded: p1)
            x3 = UInt32(truncatingIfNeeded: p0)
            x0 = y0
            x2 = y2
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return SIMD4(x0, x1, x2, x3)
    }
}
