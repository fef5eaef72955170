import CitiusSIMD
import CitiusTestSupport
import Testing

@testable import CitiusKernels

/// Every microkernel of every instruction set that this machine runs, against its definition.
@Suite struct InstructionSetTests {
    static let names = InstructionSet.available.map(\.name)

    private func set(named name: String) throws -> InstructionSet {
        try #require(InstructionSet.available.first { $0.name == name })
    }

    private func random(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
    }

    private func pool(
        _ x: [Float], _ cells: [Int], _ channels: Int, _ kernels: citius_kernels, _ y: inout [Float],
        _ argmax: inout [UInt8]
    ) {
        let numbers = [UInt8](0...255)
        x.withUnsafeBufferPointer { x in
            cells.withUnsafeBufferPointer { cells in
                numbers.withUnsafeBufferPointer { numbers in
                    y.withUnsafeMutableBufferPointer { y in
                        argmax.withUnsafeMutableBufferPointer { argmax in
                            var job = citius_max_pool(
                                x: x.baseAddress, window_stride: 0, window_count: 1,
                                cells: cells.baseAddress, numbers: numbers.baseAddress,
                                cell_count: cells.count, channels: channels,
                                clamp: Clamp.identity.forMicrokernels,
                                y: y.baseAddress, argmax: argmax.baseAddress)
                            kernels.max_pool(&job)
                        }
                    }
                }
            }
        }
    }

    @Test func theBaselineIsThere() {
        #expect(Self.names.first == "baseline")
        #expect(Self.names.contains(InstructionSet.chosen.name))
    }

    @Test(arguments: names) func addsBias(name: String) throws {
        let kernels = try set(named: name).kernels
        for channels in [1, 3, 4, 5, 8, 15, 16, 17, 33, 64] {
            let bias = random(channels, seed: 1)
            var x = random(7 * channels, seed: 2)
            x[3 * channels] = .nan
            for clamp in [Clamp.identity, .relu, Clamp(lower: -0.5, upper: 0.25)] {
                var result = x
                kernels.add_bias(&result, bias, 7, channels, clamp.forMicrokernels)
                for index in x.indices {
                    let sum = x[index] + bias[index % channels]
                    let expected = sum.isNaN ? sum : min(max(sum, Float(clamp.lower)), Float(clamp.upper))
                    #expect(result[index] == expected || (result[index].isNaN && expected.isNaN))
                }
            }
        }
    }

    @Test(arguments: names) func poolsMaxima(name: String) throws {
        let kernels = try set(named: name).kernels
        for channels in [1, 3, 4, 7, 8, 16, 19, 32, 50] {
            for cells in [1, 2, 4, 9, 256] {
                let x = random(cells * channels + 5, seed: UInt64(cells)).map { ($0 * 8).rounded() }
                let offsets = (0..<cells).map { ($0 * 7 % cells) * channels + 5 }
                var y = [Float](repeating: .nan, count: channels)
                var argmax = [UInt8](repeating: 0, count: channels)
                pool(x, offsets, channels, kernels, &y, &argmax)
                for channel in 0..<channels {
                    let values = offsets.map { x[$0 + channel] }
                    #expect(y[channel] == values.max())
                    #expect(Int(argmax[channel]) == values.firstIndex(of: y[channel]))
                }
            }
        }
    }

    @Test(arguments: names) func theFirstNaNWins(name: String) throws {
        let kernels = try set(named: name).kernels
        let channels = 21
        var x = random(4 * channels, seed: 3)
        for channel in 0..<channels {
            x[(channel % 3 + 1) * channels + channel] = .nan
            x[3 * channels + channel] = .nan
        }
        var y = [Float](repeating: 0, count: channels)
        var argmax = [UInt8](repeating: 0, count: channels)
        pool(x, (0..<4).map { $0 * channels }, channels, kernels, &y, &argmax)
        #expect(y.allSatisfy { $0.isNaN })
        #expect(argmax.enumerated().allSatisfy { Int($1) == $0 % 3 + 1 })
    }
}
