import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusData
@testable import CitiusTensor

/// What a process leaves that is killed as it writes.
@Suite struct KilledWritersTests {
    private static let names = ["a.npy", "a.npz", "a.idx", "a.png"]

    private static func writeAll(_ number: UInt8, in folder: String) throws {
        let tensor = Tensor([UInt8](repeating: number, count: 12), shape: [2, 6])
        try NPY.write(tensor, to: folder + "/a.npy")
        try NPZ.write([("x", tensor)], to: folder + "/a.npz")
        try IDX.write(tensor, to: folder + "/a.idx")
        try tensor.reshaped([2, 6, 1]).writePNG(to: folder + "/a.png")
    }

    /// Before any call that changes a file: each name stands for the old file, or for the new one.
    @Test(.enabled(if: hasKillPoints)) func filesAreOldOrNew() async throws {
        try await withTemporaryFolderAsync { folder in
            func contents() throws -> [Data] {
                try Self.names.map { try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0)) }
            }
            try Self.writeAll(9, in: folder)
            let new = try contents()
            var counts: [Int] = []
            for call in 1... {
                try Self.writeAll(7, in: folder)
                let old = try contents()
                let result = await #expect(
                    processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]
                ) { [folder = folder as String, call = call as Int] in
                    try Survivor.run(before: call) { try Self.writeAll(9, in: folder) }
                }
                let found = try contents()
                for (index, name) in Self.names.enumerated() {
                    #expect(
                        found[index] == old[index] || found[index] == new[index],
                        "\(name), killed before call \(call)")
                }
                counts.append(zip(found, new).count { $0 == $1 })
                if try Survivor.wasSeen(in: result) { break }
            }
            // One after the other; each in a write at least, two times fsync, linkat and rename.
            #expect(counts == counts.sorted() && counts.count > 20 && counts.last == 4, "\(counts)")
        }
    }
}
