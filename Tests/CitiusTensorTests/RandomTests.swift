import CitiusPlatform
import CitiusTestSupport
import Testing

@testable import CitiusKernels
@testable import CitiusTensor

@Suite struct RandomTests {
    /// The known answers of Random123's kat_vectors for philox4x32-10.
    @Test func philoxKnownAnswers() {
        #expect(
            Philox(key: 0).block(0) == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        #expect(
            Philox(key: .max).block(.max, stream: .max)
                == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        #expect(
            Philox(key: 0x299f_31d0_a409_3822).block(0x85a3_08d3_243f_6a88, stream: 0x0370_7344_1319_8a2e)
                == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    @Test(arguments: [DType.float32, .float64]) func moments(dtype: DType) {
        var generator = RandomGenerator(seed: 4)
        let count = 200_001
        func check(_ x: Tensor, mean: Double, variance: Double, in range: ClosedRange<Double>) {
            #expect(abs(x.mean().scalar - mean) < 0.02)
            #expect(abs(x.variance().scalar - variance) < 0.03 * variance)
            #expect(range.contains(x.min().scalar) && range.contains(x.max().scalar))
        }
        check(
            Tensor(uniform: [count], in: -1..<3, dtype: dtype, using: &generator), mean: 1,
            variance: 16.0 / 12, in: -1...3)
        check(
            Tensor(normal: [count], mean: 2, standardDeviation: 0.5, dtype: dtype, using: &generator),
            mean: 2, variance: 0.25, in: -1...5)
        check(
            Tensor(truncatedNormal: [count], standardDeviation: 1, dtype: dtype, using: &generator),
            mean: 0, variance: 0.7737, in: -2...2)
        check(
            Tensor(bernoulli: [count], probability: 0.3, dtype: dtype, using: &generator), mean: 0.3,
            variance: 0.21, in: 0...1)
    }

    /// In a process of its own: the number of threads must not change under other tests.
    @Test func theSameOnAnyNumberOfThreads() async {
        await #expect(processExitsWith: .success) {
            func draw() -> [Tensor] {
                var generator = RandomGenerator(seed: 9)
                return [
                    Tensor(uniform: [30_001], using: &generator), Tensor(normal: [30_001], using: &generator),
                    Tensor(truncatedNormal: [30_001], using: &generator),
                ]
            }
            let few = draw()
            Threads.count += 2
            require(draw() == few, "another number of threads drew other numbers")
        }
    }

    @Test func drawsDiffer() {
        var generator = RandomGenerator(seed: 1)
        let first = Tensor(uniform: [8], using: &generator)
        #expect(Tensor(uniform: [8], using: &generator) != first)
        var other = RandomGenerator(seed: 2)
        #expect(Tensor(uniform: [8], using: &other) != first)
        var split = generator.split()
        #expect(split.next() != generator.next())
        let permutation = Tensor(permutation: 100, using: &generator)
        #expect(permutation.sorted().values == Tensor(range: 0..<100))
        #expect(permutation != Tensor(range: 0..<100))
    }
}
