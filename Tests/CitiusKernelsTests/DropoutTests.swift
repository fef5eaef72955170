import CitiusTestSupport
import Testing

@testable import CitiusKernels

/// Dropout's masks against the generator's definition, and what is made of them.
@Suite struct DropoutTests {
    static let names = InstructionSet.available.map(\.name)

    private func set(named name: String) throws -> InstructionSet {
        try #require(InstructionSet.available.first { $0.name == name })
    }

    /// Element 16·w + b of 64: word w of block b.
    private func oracle(_ philox: Philox, _ first: UInt64, _ threshold: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { index in
            let block = philox.block(first &+ UInt64(index / 64 * 16 + index % 16))
            return UInt64(block[index % 64 / 16]) < threshold ? 1 : 0
        }
    }

    @Test(arguments: names) func masksAreTheGeneratorsWords(name: String) throws {
        let kernels = try set(named: name).kernels
        for (key, first) in [(0, 0), (0x299f_31d0_a409_3822, 0x85a3_08d3_ffff_fff8)] as [(UInt64, UInt64)] {
            for count in [0, 1, 15, 16, 63, 64, 65, 200, 1_000] {
                for threshold in [0, 1 << 31, 3_000_000_000, 1 << 32] as [UInt64] {
                    var keep = [UInt8](repeating: 7, count: count + 1)
                    kernels.keep_randomly(key, first, threshold, &keep, count)
                    #expect(keep == oracle(Philox(key: key), first, threshold, count) + [7])
                }
            }
        }
    }

    @Test(arguments: names) func masks(name: String) throws {
        let kernels = try set(named: name).kernels
        for count in 0...70 {
            let x = (0..<count).map { Float($0) - 30 }
            let keep = (0..<count).map { UInt8($0 * 7 % 3) }
            var y = [Float](repeating: 7, count: count + 1)
            kernels.mask(x, keep, 1.5, count, &y)
            #expect(y == zip(x, keep).map { $1 != 0 ? $0 * 1.5 : 0 } + [7])
        }
    }

    /// Runs of a long tensor go on where the one before ended; floats and doubles drop the same.
    @Test func runsAreOneMask() {
        let count = 30_001
        let philox = Philox(key: 5)
        let mask = DropoutMask(philox, firstBlock: 77, keeping: 0.7)
        var keep = [UInt8](repeating: 7, count: count)
        var (floats, doubles) = ([Float](repeating: 7, count: count), [Double](repeating: 7, count: count))
        mask.drop([Double](repeating: 1, count: count), scale: 2, count: count, keep: &keep, to: &doubles)
        mask.drop([Float](repeating: 1, count: count), scale: 2, count: count, keep: &keep, to: &floats)
        #expect(keep == oracle(philox, 77, UInt64(0.7 * 0x1p32), count))
        #expect(floats == keep.map { Float($0) * 2 })
        #expect(doubles == keep.map { Double($0) * 2 })
        applyMask(keep, to: floats, scale: 3, count: count, into: &floats)
        #expect(floats == keep.map { Float($0) * 6 })
        #expect(DropoutMask.blocks(for: count) >= count / 4)
    }
}
