/// The hash of bytes that TensorFlow calls a fingerprint and Keras bins words with: FarmHash64 of 2014 (Pike, G.,
/// github.com/google/farmhash, `farmhashna`), which reads words in little-endian order and never changes.
package func farmHash64(_ bytes: UnsafeRawBufferPointer) -> UInt64 { FarmHash(bytes).value }

private struct FarmHash {
    private let bytes: UnsafeRawBufferPointer
    private let count: Int

    private static let k0: UInt64 = 0xc3a5_c85c_97cb_3127
    private static let k1: UInt64 = 0xb492_b66f_be98_f273
    private static let k2: UInt64 = 0x9ae1_6a3b_2f90_404f

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        count = bytes.count
    }

    var value: UInt64 {
        switch count {
        case 0...16: upTo16
        case 17...32: upTo32
        case 33...64: upTo64
        default: long
        }
    }

    // MARK: Parts

    private func word(_ place: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }

    private func halfWord(_ place: Int) -> UInt64 {
        UInt64(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
    }

    private func rotated(_ x: UInt64, _ bits: UInt64) -> UInt64 { x &>> bits | x &<< (64 - bits) }

    private func mixed(_ x: UInt64) -> UInt64 { x ^ x >> 47 }

    private func joined(_ u: UInt64, _ v: UInt64, _ factor: UInt64) -> UInt64 {
        let a = mixed((u ^ v) &* factor)
        return mixed((v ^ a) &* factor) &* factor
    }

    private var factor: UInt64 { Self.k2 &+ UInt64(count) &* 2 }

    // MARK: By length

    private var upTo16: UInt64 {
        if count >= 8 {
            let (a, b) = (word(0) &+ Self.k2, word(count - 8))
            return joined(
                rotated(b, 37) &* factor &+ a, (rotated(a, 25) &+ b) &* factor, factor)
        }
        if count >= 4 { return joined(UInt64(count) &+ halfWord(0) << 3, halfWord(count - 4), factor) }
        guard count > 0 else { return Self.k2 }
        let y = UInt64(bytes[0]) + UInt64(bytes[count >> 1]) << 8
        let z = UInt64(count) + UInt64(bytes[count - 1]) << 2
        return mixed(y &* Self.k2 ^ z &* Self.k0) &* Self.k2
    }

    private var upTo32: UInt64 {
        let (a, b) = (word(0) &* Self.k1, word(8))
        let (c, d) = (word(count - 8) &* factor, word(count - 16) &* Self.k2)
        return joined(
            rotated(a &+ b, 43) &+ rotated(c, 30) &+ d, a &+ rotated(b &+ Self.k2, 18) &+ c, factor)
    }

    private var upTo64: UInt64 {
        let (a, b) = (word(0) &* Self.k2, word(8))
        let (c, d) = (word(count - 8) &* factor, word(count - 16) &* Self.k2)
        let y = rotated(a &+ b, 43) &+ rotated(c, 30) &+ d
        let z = joined(y, a &+ rotated(b &+ Self.k2, 18) &+ c, factor)
        let (e, f) = (word(16) &* factor, word(24))
        let g = (y &+ word(count - 32)) &* factor
        let h = (z &+ word(count - 24)) &* factor
        return joined(
            rotated(e &+ f, 43) &+ rotated(g, 30) &+ h, e &+ rotated(f &+ a, 18) &+ g, factor)
    }

    private typealias Pair = (first: UInt64, second: UInt64)

    /// Mixes 32 bytes with two seeds.
    private func weak(_ place: Int, _ seedA: UInt64, _ seedB: UInt64) -> Pair {
        let a = seedA &+ word(place)
        let z = word(place + 24)
        let b = rotated(seedB &+ a &+ z, 21)
        let sum = a &+ word(place + 8) &+ word(place + 16)
        return (sum &+ z, b &+ rotated(sum, 44) &+ a)
    }

    private var long: UInt64 {
        let seed: UInt64 = 81
        var x = seed &* Self.k2 &+ word(0)
        var y = seed &* Self.k1 &+ 113
        var z = mixed(y &* Self.k2 &+ 113) &* Self.k2
        var v: Pair = (0, 0)
        var w: Pair = (0, 0)
        /// 64 bytes. The last round, which may overlap the one before, has weights of its own.
        func round(_ s: Int, _ factor: UInt64, _ weight: UInt64) {
            x = rotated(x &+ y &+ v.first &+ word(s + 8), 37) &* factor
            y = rotated(y &+ v.second &+ word(s + 48), 42) &* factor
            x ^= w.second &* weight
            y = y &+ v.first &* weight &+ word(s + 40)
            z = rotated(z &+ w.first, 33) &* factor
            v = weak(s, v.second &* factor, x &+ w.first)
            w = weak(s + 32, z &+ w.second, y &+ word(s + 16))
            swap(&z, &x)
        }
        let rounds = (count - 1) / 64
        for number in 0..<rounds { round(number * 64, Self.k1, 1) }
        let last = Self.k1 &+ (z & 0xff) << 1
        w.first = w.first &+ UInt64((count - 1) & 63)
        v.first = v.first &+ w.first
        w.first = w.first &+ v.first
        round(count - 64, last, 9)
        return joined(
            joined(v.first, w.first, last) &+ mixed(y) &* Self.k0 &+ z,
            joined(v.second, w.second, last) &+ x, last)
    }
}

/// Two fingerprints as one, as TensorFlow crosses features: a step of MurmurHash64A.
package func joinedFingerprints(_ first: UInt64, _ second: UInt64) -> UInt64 {
    let factor: UInt64 = 0xc6a4_a793_5bd1_e995
    func mixed(_ x: UInt64) -> UInt64 { x ^ x >> 47 }
    let joined = (first ^ factor ^ mixed(second &* factor) &* factor) &* factor
    return mixed(mixed(joined) &* factor)
}
