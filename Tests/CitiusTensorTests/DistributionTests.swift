import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct DistributionTests {
    private let count = 200_000

    private func expectMoments(
        _ sample: Tensor, _ mean: Double, _ variance: Double, _ comment: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let sample = sample.cast(to: .float64)
        // Five standard deviations of the mean; the variance's are no more than thrice as wide for these.
        let bound = 5 * (variance / Double(sample.count)).squareRoot()
        #expect(abs(sample.mean().scalar - mean) < bound, "\(comment) mean", sourceLocation: sourceLocation)
        #expect(
            abs(sample.variance().scalar - variance) < 0.05 * variance, "\(comment) variance",
            sourceLocation: sourceLocation)
    }

    @Test(arguments: [0.05, 0.5, 1, 2.5, 40] as [Double]) func gamma(alpha: Double) {
        var generator = RandomGenerator(seed: 3)
        let sample = Tensor(gamma: [count], alpha: Tensor(alpha), dtype: .float64, using: &generator)
        expectMoments(sample, alpha, alpha, "gamma \(alpha)")
        #expect(sample.min().scalar >= 0)
    }

    @Test(arguments: [(0.5, 0.5), (2, 5), (1, 1), (30, 4)] as [(Double, Double)]) func beta(
        a: Double, b: Double
    ) {
        var generator = RandomGenerator(seed: 4)
        let sample = Tensor(
            beta: [count], alpha: Tensor(a), beta: Tensor(b), dtype: .float64, using: &generator)
        expectMoments(sample, a / (a + b), a * b / ((a + b) * (a + b) * (a + b + 1)), "beta \(a) \(b)")
        #expect(sample.min().scalar >= 0 && sample.max().scalar <= 1)
    }

    @Test(arguments: [(1, 0.3), (7, 0.5), (40, 0.1), (1_000, 0.75), (100_000, 0.001)] as [(Int, Double)])
    func binomial(trials: Int, probability: Double) {
        var generator = RandomGenerator(seed: 5)
        let sample = Tensor(
            binomial: [count], counts: Tensor(trials), probabilities: Tensor(probability), dtype: .int64,
            using: &generator)
        let mean = Double(trials) * probability
        expectMoments(sample, mean, mean * (1 - probability), "binomial \(trials) \(probability)")
        #expect(sample.min().element(as: Int64.self) >= 0)
        #expect(sample.max().element(as: Int64.self) <= Int64(trials))
    }

    /// A sure thing and an impossible one, and counts for each element.
    @Test func binomialEnds() {
        var generator = RandomGenerator(seed: 5)
        let sample = Tensor(
            binomial: [2, 3], counts: Tensor([0, 5, 1000]), probabilities: Tensor([[0.0], [1.0]]),
            dtype: .int64,
            using: &generator)
        #expect(sample == Tensor([[0, 0, 0], [0, 5, 1000]]))
    }

    @Test func integers() {
        var generator = RandomGenerator(seed: 6)
        let sample = Tensor(integers: [count], in: -3..<4, using: &generator)
        #expect(sample.dtype == .int64)
        var counts: [Int64: Int] = [:]
        for number in sample.elements(as: Int64.self) { counts[number, default: 0] += 1 }
        #expect(counts.keys.sorted() == Array(-3...3))
        let expected = Double(count) / 7
        #expect(
            counts.values.allSatisfy { abs(Double($0) - expected) < 5 * expected.squareRoot() }, "\(counts)")
        let wide = Tensor(integers: [1000], in: Int.min..<Int.max, using: &generator)
        #expect(
            wide.min().element(as: Int64.self) < -(1 << 60) && wide.max().element(as: Int64.self) > 1 << 60)
        #expect(
            Tensor(integers: [9], in: 7..<8, dtype: .uint8, using: &generator)
                == Tensor(repeating: UInt8(7), shape: [9]))
    }

    @Test func categorical() {
        var generator = RandomGenerator(seed: 7)
        let logits = Tensor([[0.0, 1.0, -.infinity, 2.0], [3.0, 3.0, 3.0, 3.0]])
        let sample = Tensor(categorical: logits, count: count, using: &generator)
        #expect(sample.shape == [2, count] && sample.dtype == .int64)
        let probabilities = logits.softmax()
        for row in 0..<2 {
            for label in 0..<4 {
                let share = (sample[row] .== Double(label)).cast(to: .float64).mean().scalar
                let p = probabilities[row][label].scalar
                #expect(abs(share - p) <= 5 * (p * (1 - p) / Double(count)).squareRoot(), "\(row) \(label)")
            }
        }
    }

    @Test func shuffled() {
        var generator = RandomGenerator(seed: 8)
        let x = Tensor(range: 0..<60).reshaped(to: [3, 20])
        let columns = x.shuffled(axis: 1, using: &generator)
        #expect(columns != x)
        #expect(columns.sorted(axis: 1).values == x)
        // Each column stays together.
        #expect(columns[1] - columns[0] == Tensor(repeating: Int64(20), shape: [20]))
    }

    /// The same generator gives the same, and the next draw is another.
    @Test func streams() {
        func draws(_ seed: UInt64) -> [Tensor] {
            var generator = RandomGenerator(seed: seed)
            let gammas = (0..<2).map { _ in Tensor(gamma: [10], alpha: Tensor(0.5), using: &generator) }
            return gammas + [
                Tensor(beta: [10], alpha: Tensor(2.0), beta: Tensor(3.0), using: &generator),
                Tensor(uniform: [10], using: &generator),
            ]
        }
        #expect(draws(1) == draws(1))
        #expect(draws(1) != draws(2))
        #expect(Set(draws(1).map { $0[0].scalar }).count == 4)
    }

    @Test func mistakesTrap() async {
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let gamma = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var generator = RandomGenerator(seed: 1)
            _ = Tensor(gamma: [2], alpha: Tensor([1.0, -1.0]), using: &generator)
        }
        #expect(
            text(gamma).contains("Tensor(gamma:): alpha of shape [2] holds a number that is out of range"))
        let categorical = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var generator = RandomGenerator(seed: 1)
            _ = Tensor(categorical: Tensor([[Double.nan, 0]]), count: 1, using: &generator)
        }
        #expect(text(categorical).contains("row 0 is NaN or allows no class"))
        let integers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var generator = RandomGenerator(seed: 1)
            _ = Tensor(integers: [2], in: 0..<300, dtype: .uint8, using: &generator)
        }
        #expect(text(integers).contains("uint8 does not hold the numbers of"))
    }
}
