import CitiusPlatform

// Distributions whose elements take a number of draws that is not known before. Each element has draws of its own, so
// that any thread may make it.

/// The random numbers of one element of a fill.
struct ElementDraws {
    private let philox: Philox
    private let block: UInt64
    private var stream: UInt64 = 0

    init(_ philox: Philox, block: UInt64) {
        self.philox = philox
        self.block = block
    }

    /// Two numbers in [0, 1).
    mutating func pair() -> (Double, Double) {
        stream += 1
        return Philox.pair(philox.block(block, stream: stream))
    }

    /// 64 random bits.
    mutating func bits() -> UInt64 {
        stream += 1
        let block = philox.block(block, stream: stream)
        return UInt64(block.x) | UInt64(block.y) << 32
    }

    /// A number in (0, 1].
    mutating func positive() -> Double { 1 - pair().0 }

    mutating func normal() -> Double {
        let (a, b) = pair()
        return (-2 * Double.log(1 - a)).squareRoot() * Double.cos(2 * Double.pi * b)
    }

    /// Of density xᵅ⁻¹·e⁻ˣ (Marsaglia and Tsang 2000, doi:10.1145/358407.358414).
    mutating func gamma(_ alpha: Double) -> Double {
        if alpha < 1 {
            // A gamma of α + 1, times u^(1/α).
            return gamma(alpha + 1) * Double.exp(Double.log(positive()) / alpha)
        }
        let d = alpha - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let root = 1 + c * x
            guard root > 0 else { continue }
            let v = root * root * root
            if Double.log(positive()) < x * x / 2 + d * (1 - v + Double.log(v)) { return d * v }
        }
    }

    mutating func beta(_ alpha: Double, _ beta: Double) -> Double {
        let (x, y) = (gamma(alpha), gamma(beta))
        // Both round to 0 for the smallest α and β, whose beta is 0 or 1.
        return x + y > 0 ? x / (x + y) : (positive() * (alpha + beta) <= alpha ? 1 : 0)
    }

    /// How many of so many trials succeed.
    ///
    /// The i-th smallest of n uniform numbers is a beta: those below it are counted at once, and the rest is a smaller
    /// task of the same kind (Relles 1972, doi:10.1080/01621459.1972.10481259).
    mutating func binomial(_ trials: Int, _ probability: Double) -> Int {
        var (n, p, count) = (trials, probability, 0)
        while n > 32 && p > 0 && p < 1 {
            let middle = (n + 1) / 2
            let place = beta(Double(middle), Double(n + 1 - middle))
            if place <= p {
                count += middle
                n -= middle
                p = min(1, (p - place) / (1 - place))
            } else {
                n = middle - 1
                p /= place
            }
        }
        for _ in 0..<n where pair().0 < p { count += 1 }
        return count
    }
}

extension Philox {
    /// out[i] ← a gamma of shape alpha[i] and scale 1. Takes a block an element, from `first` on.
    package func fillGamma(
        _ out: UnsafeMutablePointer<Double>, alpha: UnsafePointer<Double>, count: Int, from first: UInt64
    ) {
        fill(count, first) { out[$0] = $1.gamma(alpha[$0]) }
    }

    /// out[i] ← a beta of alpha[i] and beta[i]. Takes a block an element, from `first` on.
    package func fillBeta(
        _ out: UnsafeMutablePointer<Double>, alpha: UnsafePointer<Double>, beta: UnsafePointer<Double>,
        count: Int,
        from first: UInt64
    ) {
        fill(count, first) { out[$0] = $1.beta(alpha[$0], beta[$0]) }
    }

    /// out[i] ← the successes among trials[i], each of probability[i]. Takes a block an element, from `first` on.
    package func fillBinomial(
        _ out: UnsafeMutablePointer<Int64>, trials: UnsafePointer<Int64>, probability: UnsafePointer<Double>,
        count: Int, from first: UInt64
    ) {
        fill(count, first) { out[$0] = Int64($1.binomial(Int(trials[$0]), probability[$0])) }
    }

    /// out[i] ← an integer of lower..<upper, each as likely. Takes a block an element, from `first` on.
    package func fillIntegers(
        _ out: UnsafeMutablePointer<Int64>, count: Int, from first: UInt64, lower: Int64, width: UInt64
    ) {
        fill(count, first) { index, draws in
            // The high half of a product of 64 bits; what would make some more likely is drawn again (Lemire 2019,
            // arXiv:1805.10941).
            let threshold = (0 &- width) % width
            var product: (high: UInt64, low: UInt64)
            repeat { product = width.multipliedFullWidth(by: draws.bits()) } while product.low < threshold
            out[index] = lower &+ Int64(bitPattern: product.high)
        }
    }

    private func fill(_ count: Int, _ first: UInt64, _ body: (Int, inout ElementDraws) -> Void) {
        ThreadPool.shared.forRanges(of: count, grain: 1_024) { range in
            for index in range {
                var draws = ElementDraws(self, block: first &+ UInt64(index))
                body(index, &draws)
            }
        }
    }
}
