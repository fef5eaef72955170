import Citius

extension Model {
    /// A checksum of the weights' bits, in order: equal for equal trainings (FNV-1a, 64 bits).
    public var weightsChecksum: String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for weight in weights {
            for element in weight.cast(to: .float64).elements(as: Double.self) {
                var bits = element.bitPattern
                for _ in 0..<8 {
                    hash = (hash ^ (bits & 0xFF)) &* 0x100_0000_01B3
                    bits >>= 8
                }
            }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
