import CitiusPlatform
import CitiusTensor

/// What is known of how much faster one way is than another, from runs that are paired by seed.
package struct PairedRatio: Sendable, Equatable {
    /// The baseline's time divided by the other's, of each seed. Where one never reached the target it is 0 or infinite;
    /// where neither did it is left out.
    package let ratios: [Double]

    package init(baseline: [Double], other: [Double]) {
        ratios = zip(baseline, other).compactMap { a, b in
            switch (a.isFinite, b.isFinite) {
            case (true, true): a / b
            case (true, false): 0
            case (false, true): .infinity
            case (false, false): nil
            }
        }
    }

    package var median: Double { Self.median(ratios) }

    /// 95 % of the medians of as many ratios, drawn from these with replacement, lie between (percentile bootstrap: Efron
    /// 1979, doi:10.1214/aos/1176344552).
    package func interval(draws: Int = 2_000) -> (low: Double, high: Double) {
        guard !ratios.isEmpty else { return (.nan, .nan) }
        var generator = RandomGenerator(seed: 1)
        let medians = (0..<draws).map { _ in
            Self.median(ratios.map { _ in ratios[Int(generator.uniform() * Double(ratios.count))] })
        }.sorted()
        return (medians[draws * 25 / 1_000], medians[draws * 975 / 1_000 - 1])
    }

    /// The probability that chance alone makes so many seeds agree on which is faster: the two-sided sign test, ties left
    /// out.
    package var signTest: Double {
        let (faster, slower) = (ratios.filter { $0 > 1 }.count, ratios.filter { $0 < 1 }.count)
        let count = faster + slower
        guard count > 0 else { return 1 }
        var (term, sum) = (1.0, 0.0)
        for k in 0...min(faster, slower) {
            sum += term
            term *= Double(count - k) / Double(k + 1)
        }
        return min(1, 2 * sum / pow(2, Double(count)))
    }

    static func median(_ numbers: [Double]) -> Double {
        guard !numbers.isEmpty else { return .nan }
        let sorted = numbers.sorted()
        let middle = sorted.count / 2
        if sorted.count % 2 == 1 { return sorted[middle] }
        let (a, b) = (sorted[middle - 1], sorted[middle])
        return a == b ? a : (a + b) / 2
    }
}
