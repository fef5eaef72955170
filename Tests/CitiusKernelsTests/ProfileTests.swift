import Testing

@testable import CitiusKernels

/// Serialized: a process takes one profile at a time.
@Suite(.serialized) struct ProfileTests {
    @Test func countsCallsAndArithmetic() throws {
        let (m, n, k) = (7, 11, 13)
        let (a, b) = ([Float](repeating: 1, count: m * k), [Float](repeating: 2, count: k * n))
        var c = [Float](repeating: 0, count: m * n)
        let profile = Profile.taken {
            for _ in 0..<3 {
                matrixMultiply(rows: m, columns: n, depth: k, a, leadingA: k, b, leadingB: n, &c, leadingC: n)
            }
        }
        #expect(c.allSatisfy { $0 == Float(2 * k) })
        // Other tests run at the same time; no other one multiplies these shapes.
        let entry = try #require(profile.entries.first { $0.name == "matrix product 7×13 · 13×11" })
        #expect(entry.calls == 3)
        #expect(entry.operations == Double(3 * 2 * m * n * k))
        #expect(entry.bytes == Double(3 * 4 * (m * k + k * n + m * n)))
        #expect(entry.seconds > 0 && entry.seconds <= profile.seconds)
    }

    @Test func ordersByTimeAndEndsWithItsBody() throws {
        struct Failure: Error {}
        #expect(throws: Failure.self) { try Profile.taken { throw Failure() } }
        // The one that threw is over: another may begin.
        let profile = Profile.taken {}
        #expect(profile.entries.map(\.seconds) == profile.entries.map(\.seconds).sorted(by: >))
    }

    @Test func thePeakIsAPositiveNumber() {
        #expect(Profile.peakOperationsPerSecond(trials: 2) > 1e8)
    }

    @Test func twoAtATimeTrap() async {
        await #expect(processExitsWith: .failure) {
            _ = Profile.taken { _ = Profile.taken {} }
        }
    }
}
