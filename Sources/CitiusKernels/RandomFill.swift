import CitiusPlatform

/// Random elements from a counter-based generator: element i depends on the key and on i alone, so that any
/// thread may make it.
extension Philox {
    /// out[i] ← lower + u·(upper − lower) with u uniform in [0, 1): 24 random bits for `Float`, 53 for
    /// `Double`. Takes `blocks(for: count)` blocks from `first` on.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func fillUniform<T: KernelReal>(
        _ out: UnsafeMutablePointer<T>, count: Int, from first: UInt64, lower: T, upper: T
    ) {
        forEachPair(count, first) { index, a, b in
            out[index] = min(lower + T(a) * (upper - lower), upper.nextDown)
            if index + 1 < count { out[index + 1] = min(lower + T(b) * (upper - lower), upper.nextDown) }
        }
    }

    /// out[i] ← mean + deviation·z with z normal (Box and Muller 1958, doi:10.1214/aoms/1177706645).
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func fillNormal<T: KernelReal>(
        _ out: UnsafeMutablePointer<T>, count: Int, from first: UInt64, mean: T, deviation: T
    ) {
        forEachPair(count, first) { index, a, b in
            // 1 − a is in (0, 1]: its logarithm is finite.
            let radius = (-2 * Double.log(1 - a)).squareRoot()
            let angle = 2 * Double.pi * b
            out[index] = mean + deviation * T(radius * Double.cos(angle))
            if index + 1 < count { out[index + 1] = mean + deviation * T(radius * Double.sin(angle)) }
        }
    }

    /// out[i] ← mean + deviation·z with z normal, drawn again while |z| > 2.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func fillTruncatedNormal<T: KernelReal>(
        _ out: UnsafeMutablePointer<T>, count: Int, from first: UInt64, mean: T, deviation: T
    ) {
        ThreadPool.shared.forRanges(of: count, grain: 4_096) { range in
            for index in range {
                // Each element has a stream of its own, of which it takes as many draws as it needs.
                var draw: UInt64 = 1
                var z = Double.infinity
                while abs(z) > 2 {
                    let (a, b) = Self.pair(block(first &+ UInt64(index), stream: draw))
                    z = (-2 * Double.log(1 - a)).squareRoot() * Double.cos(2 * Double.pi * b)
                    draw += 1
                }
                out[index] = mean + deviation * T(z)
            }
        }
    }

    /// out[i] ← 1 with the given probability, else 0.
    @specialized(where T == Float)
    @specialized(where T == Double)
    @specialized(where T == Int32)
    @specialized(where T == UInt8)
    package func fillBernoulli<T: KernelNumber>(
        _ out: UnsafeMutablePointer<T>, count: Int, from first: UInt64, probability: Double
    ) {
        let (zero, one) = (T.zero, T.one)
        forEachPair(count, first) { index, a, b in
            out[index] = a < probability ? one : zero
            if index + 1 < count { out[index + 1] = b < probability ? one : zero }
        }
    }

    /// Blocks that a fill of so many elements takes (a truncated normal takes one an element).
    package static func blocks(for count: Int) -> Int { (count + 1) / 2 }

    /// Two numbers of 53 random bits in [0, 1) from a block.
    @inline(__always)
    static func pair(_ block: SIMD4<UInt32>) -> (Double, Double) {
        let a = UInt64(block.x) << 21 ^ UInt64(block.y) >> 11
        let b = UInt64(block.z) << 21 ^ UInt64(block.w) >> 11
        let scale = 1.0 / Double(1 << 53)
        return (Double(a & (1 << 53 - 1)) * scale, Double(b & (1 << 53 - 1)) * scale)
    }

    @inline(__always)
    private func forEachPair(_ count: Int, _ first: UInt64, _ body: (Int, Double, Double) -> Void) {
        ThreadPool.shared.forRanges(of: Self.blocks(for: count), grain: 4_096) { range in
            for number in range {
                let (a, b) = Self.pair(block(first &+ UInt64(number)))
                body(2 * number, a, b)
            }
        }
    }
}
