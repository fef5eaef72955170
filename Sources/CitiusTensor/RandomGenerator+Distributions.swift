import CitiusKernels
import CitiusPlatform

extension RandomGenerator {
    /// A number spread evenly over [0, 1).
    package mutating func uniform() -> Double { Double(next() >> 11) / Double(1 << 53) }

    /// Puts numbers into a random order, each as likely: Fisher and Yates' shuffle (Durstenfeld 1964,
    /// doi:10.1145/364520.364540).
    package mutating func shuffle(_ numbers: inout [Int]) {
        numbers.withUnsafeMutableBufferPointer { numbers in
            for last in stride(from: numbers.count - 1, to: 0, by: -1) {
                // The high half of a product is a number up to `last`, as even as 64 bits allow; the
                // standard library's `shuffle` might draw otherwise in another version, and seeds must keep.
                numbers.swapAt(last, Int(next().multipliedFullWidth(by: UInt64(last + 1)).high))
            }
        }
    }

    /// A normally distributed number (Box and Muller 1958).
    private mutating func normal() -> Double {
        let radius = (-2 * Double.log(1 - uniform())).squareRoot()
        return radius * Double.cos(2 * .pi * uniform())
    }

    /// A number of the gamma distribution of this shape and scale 1 (Marsaglia and Tsang 2000,
    /// doi:10.1145/358407.358414).
    package mutating func gamma(_ shape: Double) -> Double {
        require(shape > 0 && shape.isFinite, "gamma: the shape is \(shape), expected a positive number")
        if shape < 1 {
            // u^(1/shape) may be smaller than any number: the caller's ratio is then 0 or 1.
            let power = Double.log(1 - uniform()) / shape
            return gamma(shape + 1) * Double.exp(power)
        }
        let d = shape - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let t = 1 + c * x
            guard t > 0 else { continue }
            let v = t * t * t
            if Double.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Double.log(v) { return d * v }
        }
    }

    /// A number of the beta distribution.
    package mutating func beta(_ a: Double, _ b: Double) -> Double {
        let (x, y) = (gamma(a), gamma(b))
        // Both may be 0 for tiny shapes, where the distribution is that of a coin.
        return x + y > 0 ? x / (x + y) : (uniform() < a / (a + b) ? 1 : 0)
    }
}
