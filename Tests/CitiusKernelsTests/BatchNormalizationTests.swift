import CitiusSIMD
import CitiusTestSupport
import Testing

@testable import CitiusKernels

/// The microkernels of normalization, of every instruction set, against their definitions in float64.
@Suite struct BatchNormalizationTests {
    static let names = InstructionSet.available.map(\.name)
    static let widths = [1, 3, 4, 5, 8, 16, 17, 31, 32, 48, 64, 65, 80, 130]
    static let rowCounts = [1, 2, 63, 65, 255, 257, 700]

    private func set(named name: String) throws -> InstructionSet {
        try #require(InstructionSet.available.first { $0.name == name })
    }

    private func random(_ count: Int, in range: ClosedRange<Float> = -1...1, seed: UInt64) -> [Float] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float.random(in: range, using: &generator) }
    }

    /// Mean and Σ (x − mean)² of a column, in float64.
    private func moments(_ x: [Float], column: Int, of width: Int) -> (mean: Double, squares: Double) {
        let values = stride(from: column, to: x.count, by: width).map { Double(x[$0]) }
        let mean = values.reduce(0, +) / Double(values.count)
        return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) })
    }

    @Test(arguments: names) func momentsOfColumns(name: String) throws {
        let kernels = try set(named: name).kernels
        for width in Self.widths {
            for rows in Self.rowCounts {
                // Far from zero, and a first row that is nothing like the others.
                for (center, outlier) in [(0, 0), (1e4, 0), (0, 300), (-3, -1e4)] as [(Float, Float)] {
                    var x = random(rows * width, in: center - 0.02...center + 0.02, seed: UInt64(rows))
                    for column in 0..<width { x[column] += outlier }
                    var distance = [Float](repeating: 7, count: width + 1)
                    var squares = distance
                    kernels.moments(x, rows, width, &distance, &squares)
                    for column in 0..<width {
                        let expected = moments(x, column: column, of: width)
                        let deviation = (expected.squares / Double(rows)).squareRoot()
                        let mean = Double(x[column]) + Double(distance[column])
                        #expect(
                            abs(mean - expected.mean) <= 1e-6 * (deviation + abs(Double(outlier))),
                            "\(rows) rows of \(width) about \(center), outlier \(outlier)")
                        #expect(
                            abs(Double(squares[column]) - expected.squares) <= 1e-5 * expected.squares,
                            "\(rows) rows of \(width) about \(center), outlier \(outlier)")
                    }
                    #expect(distance[width] == 7 && squares[width] == 7)
                }
            }
        }
    }

    /// Rows that drift: every block's mean is another.
    @Test(arguments: names) func momentsOfATrend(name: String) throws {
        let kernels = try set(named: name).kernels
        let (rows, width) = (5_000, 19)
        let x = (0..<rows * width).map { Float($0 / width) * 0.25 + Float($0 % 7) }
        var distance = [Float](repeating: 0, count: width)
        var squares = distance
        kernels.moments(x, rows, width, &distance, &squares)
        for column in 0..<width {
            let expected = moments(x, column: column, of: width)
            #expect(abs(Double(x[column] + distance[column]) - expected.mean) <= 1e-5 * expected.mean)
            #expect(abs(Double(squares[column]) - expected.squares) <= 1e-5 * expected.squares)
        }
    }

    @Test(arguments: names, [Clamp.identity, .relu, Clamp(lower: -0.5, upper: 0.25)])
    func normalizesAndBack(name: String, clamp: Clamp) throws {
        let kernels = try set(named: name).kernels
        for width in Self.widths {
            for rows in [1, 2, 63, 129] {
                let count = rows * width
                let (x, dy) = (random(count, seed: 1), random(count, seed: 2))
                let (center, factor, shift) = (
                    random(width, seed: 3), random(width, seed: 4), random(width, seed: 5)
                )
                let (slope, constant) = (random(width, seed: 6), random(width, seed: 7))
                var (y, dx) = (
                    [Float](repeating: 7, count: count + 1), [Float](repeating: 7, count: count + 1)
                )
                var (sums, products) = (random(width, seed: 8) + [7], random(width, seed: 9) + [7])
                let (sumsBefore, productsBefore) = (sums, products)
                center.withUnsafeBufferPointer { center in
                    factor.withUnsafeBufferPointer { factor in
                        shift.withUnsafeBufferPointer { shift in
                            let n = citius_normalization(
                                center: center.baseAddress, factor: factor.baseAddress,
                                shift: shift.baseAddress)
                            let bounds = clamp.forMicrokernels
                            kernels.normalize(x, n, rows, width, bounds, &y)
                            kernels.normalization_sums(x, dy, n, rows, width, bounds, &sums, &products)
                            kernels.normalization_gradient(
                                x, dy, n, slope, constant, rows, width, bounds, &dx)
                        }
                    }
                }
                var (expectedSums, expectedProducts) = (
                    sumsBefore.map { Double($0) }, productsBefore.map { Double($0) }
                )
                for index in 0..<count {
                    let column = index % width
                    let difference = Double(x[index]) - Double(center[column])
                    let result = difference * Double(factor[column]) + Double(shift[column])
                    #expect(abs(Double(y[index]) - min(max(result, clamp.lower), clamp.upper)) <= 5e-7)
                    // The mask is the result's own place between the bounds, to the bit.
                    let passes = Double(y[index]) > clamp.lower && Double(y[index]) < clamp.upper
                    let gradient = passes ? Double(dy[index]) : 0
                    expectedSums[column] += gradient
                    expectedProducts[column] += gradient * difference
                    let expected =
                        gradient * Double(factor[column]) + difference * Double(slope[column])
                        + Double(constant[column])
                    #expect(abs(Double(dx[index]) - expected) <= 1e-6)
                }
                for column in 0...width {
                    #expect(abs(Double(sums[column]) - expectedSums[column]) <= 2e-5)
                    #expect(abs(Double(products[column]) - expectedProducts[column]) <= 2e-5)
                }
                #expect(y[count] == 7 && dx[count] == 7)
            }
        }
    }

    @Test(arguments: names, [Clamp.identity, .relu, .relu6]) func aNaNStays(name: String, clamp: Clamp) throws
    {
        let kernels = try set(named: name).kernels
        let ones = [Float](repeating: 1, count: 20)
        var y = ones
        ones.withUnsafeBufferPointer { ones in
            let n = citius_normalization(
                center: ones.baseAddress, factor: ones.baseAddress, shift: ones.baseAddress)
            kernels.normalize([Float](repeating: .nan, count: 20), n, 1, 20, clamp.forMicrokernels, &y)
        }
        #expect(y.allSatisfy { $0.isNaN })
    }

    /// Parts, folded rows and the row that ends early come together to the moments of the whole.
    @Test func momentsOfChannels() {
        for channels in [1, 3, 5, 8, 16, 17, 32, 100, 300] {
            for rows in [1, 2, 7, 64, 33_000 / channels + 5] {
                let x = random(rows * channels, in: 9_999...10_001, seed: UInt64(channels))
                let layout = ChannelRows(rows: rows, channels: channels)
                #expect(layout.restStart + layout.rest == x.count)
                let inFloats = channelMoments(x, layout)
                let inDoubles = channelMoments(x.map { Double($0) }, layout)
                for channel in 0..<channels {
                    let expected = moments(x, column: channel, of: channels)
                    let variance = expected.squares / Double(rows)
                    for (result, tolerance) in [(inFloats, 1e-6), (inDoubles, 1e-9)] {
                        #expect(abs(result.mean[channel] - expected.mean) <= tolerance)
                        #expect(abs(result.variance[channel] - variance) <= 5 * tolerance * (1e-9 + variance))
                    }
                }
            }
        }
    }
}
