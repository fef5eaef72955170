import CitiusPlatform
import Synchronization
import Testing

@Suite struct LibcTests {
    @Test func aThreadRunsItsBodyUntilItIsJoined() {
        final class Counter: Sendable {
            let count = Atomic<Int>(0)
        }
        let counter = Counter()
        let threads = (0..<4).map { index in
            SystemThread(for: "the test") {
                usleep(1_000)
                counter.count.add(index + 1, ordering: .relaxed)
            }
        }
        for thread in threads { thread.join() }
        #expect(counter.count.load(ordering: .relaxed) == 10)
    }

    @Test func variablesOfTheEnvironment() {
        #expect(environment("PATH") != nil)
        #expect(environment("CITIUS_A_VARIABLE_THAT_NOBODY_SETS") == nil)
    }

    @Test func theClockCountsNanoseconds() {
        let start = nanoseconds()
        usleep(2_000)
        let elapsed = nanoseconds() - start
        #expect(elapsed >= 2_000_000)
        #expect(elapsed < 60_000_000_000)
    }

    @Test func theMostMemoryIsCountedInBytes() {
        let before = peakMemoryByteCount()
        let size = before + (32 << 20)
        let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        // Touched, so that the system must give it.
        memset(block, 1, size)
        let peak = peakMemoryByteCount()
        block.deallocate()
        #expect(peak >= size)
        #expect(peak < 4 * size + (1 << 30))
    }
}
