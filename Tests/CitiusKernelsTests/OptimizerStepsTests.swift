import CitiusSIMD
import CitiusTestSupport
import Testing

@testable import CitiusKernels

/// The microkernels of the optimizers' steps, of every instruction set, against their formulas in float64.
@Suite struct OptimizerStepsTests {
    static let names = InstructionSet.available.map(\.name)

    private func set(named name: String) throws -> InstructionSet {
        try #require(InstructionSet.available.first { $0.name == name })
    }

    private func random(_ count: Int, in range: ClosedRange<Float> = -1...1, seed: UInt64) -> [Float] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float.random(in: range, using: &generator) }
    }

    private static let steps = [
        citius_step(rate: 0.01, kept: 1, gradient_scale: 1, limit: .infinity),
        citius_step(rate: 0.02, kept: 0.9, gradient_scale: 0.5, limit: 0.25),
    ]

    private func prepared(_ gradient: Float, _ step: citius_step) -> Double {
        min(max(Double(gradient) * Double(step.gradient_scale), -Double(step.limit)), Double(step.limit))
    }

    private func expectClose(_ actual: [Float], _ expected: [Double], _ what: String) {
        for (index, value) in expected.enumerated() {
            #expect(
                abs(Double(actual[index]) - value) <= 3e-7 * (1 + abs(value)),
                "\(what), element \(index) of \(expected.count)")
        }
        // The element behind the last one is not touched.
        #expect(actual[expected.count] == 7, "\(what)")
    }

    @Test(arguments: names) func gradientDescent(name: String) throws {
        let kernels = try set(named: name).kernels
        for count in Array(0...35) + [64, 1_000] {
            for (number, step) in Self.steps.enumerated() {
                for (momentum, isNesterov) in [(0, false), (0.9, false), (0.9, true)] as [(Float, Bool)] {
                    let (w, g) = (random(count, seed: 1), random(count, seed: 2))
                    let v = random(count, seed: 3)
                    var (weights, velocities) = (w + [7], v + [7])
                    if momentum == 0 {
                        kernels.sgd_step(&weights, g, nil, count, step, momentum, 0)
                    } else {
                        kernels.sgd_step(
                            &weights, g, &velocities, count, step, momentum, isNesterov ? 1 : 0)
                    }
                    let moves = g.map { prepared($0, step) * Double(step.rate) }
                    let newVelocities = zip(v, moves).map {
                        (momentum == 0 ? 0 : Double($0) * Double(momentum)) - $1
                    }
                    let what = "set \(number), momentum \(momentum), Nesterov \(isNesterov)"
                    expectClose(
                        weights,
                        (0..<count).map {
                            let change =
                                isNesterov
                                ? newVelocities[$0] * Double(momentum) - moves[$0] : newVelocities[$0]
                            return Double(w[$0]) * Double(step.kept) + change
                        }, what)
                    expectClose(velocities, momentum == 0 ? v.map { Double($0) } : newVelocities, what)
                }
            }
        }
    }

    @Test(arguments: names) func adam(name: String) throws {
        let kernels = try set(named: name).kernels
        let adam = citius_adam(new1: 0.1, new2: 0.001, epsilon: 1e-3)
        for count in Array(0...35) + [64, 1_000] {
            for step in Self.steps {
                for keepsMaximum in [false, true] {
                    let (w, g, m) = (random(count, seed: 1), random(count, seed: 2), random(count, seed: 3))
                    let v = random(count, in: 0.01...1, seed: 4)
                    let largest = random(count, in: 0.01...1, seed: 5)
                    var (weights, means, squares, maxima) = (w + [7], m + [7], v + [7], largest + [7])
                    if keepsMaximum {
                        kernels.adam_step(&weights, g, &means, &squares, &maxima, count, step, adam)
                    } else {
                        kernels.adam_step(&weights, g, &means, &squares, nil, count, step, adam)
                    }
                    var expected = [[Double]](repeating: [], count: 4)
                    for index in 0..<count {
                        let gradient = prepared(g[index], step)
                        let mean = Double(m[index]) + (gradient - Double(m[index])) * Double(adam.new1)
                        let square =
                            Double(v[index]) + (gradient * gradient - Double(v[index])) * Double(adam.new2)
                        let maximum = keepsMaximum ? max(square, Double(largest[index])) : square
                        expected[0].append(
                            Double(w[index]) * Double(step.kept) - mean * Double(step.rate)
                                / (maximum.squareRoot() + Double(adam.epsilon)))
                        expected[1].append(mean)
                        expected[2].append(square)
                        expected[3].append(keepsMaximum ? maximum : Double(largest[index]))
                    }
                    expectClose(weights, expected[0], "weights")
                    expectClose(means, expected[1], "means")
                    expectClose(squares, expected[2], "squares")
                    expectClose(maxima, expected[3], "largest squares")
                }
            }
        }
    }

    /// Where gradients are 0 from some step on, what is kept ends at 0 and not among the subnormal numbers.
    @Test(arguments: names) func whatIsKeptIsNeverSubnormal(name: String) throws {
        let kernels = try set(named: name).kernels
        let smallest = Float.leastNormalMagnitude
        for count in [3, 21] {
            let zeros = [Float](repeating: 0, count: count)
            var w = [Float](repeating: 1, count: count)
            var m = (0..<count).map { smallest * Float($0 % 3 - 1) * 1.05 }
            var v = (0..<count).map { smallest * Float($0 % 3) * 1.0005 }
            let adam = citius_adam(new1: 0.1, new2: 0.001, epsilon: 1e-7)
            kernels.adam_step(&w, zeros, &m, &v, nil, count, Self.steps[0], adam)
            #expect(m.allSatisfy { $0 == 0 })
            #expect(zip(v, 0...).allSatisfy { $0 == 0 ? $1 % 3 < 2 : $0.isNormal })
            var velocities = (0..<count).map { smallest * Float($0 % 3 - 1) * 1.05 }
            kernels.sgd_step(&w, zeros, &velocities, count, Self.steps[0], 0.9, 0)
            #expect(velocities.allSatisfy { $0 == 0 })
        }
    }

    @Test(arguments: names) func aWrongGradientShows(name: String) throws {
        let kernels = try set(named: name).kernels
        var (w, v) = ([1, 1, 1] as [Float], [0, 0, 0] as [Float])
        kernels.sgd_step(&w, [.nan, .infinity, 1], &v, 3, Self.steps[1], 0.9, 0)
        #expect(w[0].isNaN && w[1].isFinite && w[2].isFinite)
    }

    /// Every element is in one run of its segment, and in one only.
    @Test func runsCoverTheSegments() {
        let counts = [1, 100_000, 0, 3, 16_384, 40_001]
        let buffers = counts.map { UnsafeMutablePointer<Float>.allocate(capacity: $0) }
        defer { for buffer in buffers { buffer.deallocate() } }
        for (buffer, count) in zip(buffers, counts) { buffer.initialize(repeating: 0, count: count) }
        let segments = zip(buffers, counts).map {
            StepSegment(value: $0, gradient: $0, count: $1)
        }
        forEachRun(of: segments) { segment, run in
            for index in run { segment.values(of: Float.self)[index] += 1 }
        }
        for (buffer, count) in zip(buffers, counts) {
            #expect(UnsafeBufferPointer(start: buffer, count: count).allSatisfy { $0 == 1 })
        }
    }
}
