/// SipHash-2-4 of bytes under a secret key (Aumasson and Bernstein 2012, 131002.net/siphash).
package func sipHash64(_ bytes: UnsafeRawBufferPointer, key: (UInt64, UInt64)) -> UInt64 {
    var v0 = key.0 ^ 0x736f_6d65_7073_6575
    var v1 = key.1 ^ 0x646f_7261_6e64_6f6d
    var v2 = key.0 ^ 0x6c79_6765_6e65_7261
    var v3 = key.1 ^ 0x7465_6462_7974_6573
    func rotated(_ x: UInt64, _ bits: UInt64) -> UInt64 { x &<< bits | x &>> (64 - bits) }
    func rounds(_ count: Int) {
        for _ in 0..<count {
            v0 = v0 &+ v1
            v2 = v2 &+ v3
            v1 = rotated(v1, 13) ^ v0
            v3 = rotated(v3, 16) ^ v2
            v0 = rotated(v0, 32)
            v2 = v2 &+ v1
            v0 = v0 &+ v3
            v1 = rotated(v1, 17) ^ v2
            v3 = rotated(v3, 21) ^ v0
            v2 = rotated(v2, 32)
        }
    }
    func absorb(_ word: UInt64) {
        v3 ^= word
        rounds(2)
        v0 ^= word
    }
    let words = bytes.count / 8
    for index in 0..<words {
        absorb(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)))
    }
    // What is left, and the length in the highest byte.
    var last = UInt64(truncatingIfNeeded: bytes.count) << 56
    for index in words * 8..<bytes.count { last |= UInt64(bytes[index]) << UInt64((index & 7) * 8) }
    absorb(last)
    v2 ^= 0xff
    rounds(4)
    return v0 ^ v1 ^ v2 ^ v3
}
