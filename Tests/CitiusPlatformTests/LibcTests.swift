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

    /// A terminal of the system's own, as wide as it is told to be.
    @Test func aTerminalTellsItsWidth() throws {
        let main = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        try #require(main >= 0)
        defer { close(main) }
        for columns in [60, 132] as [UInt16] {
            var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
            try #require(ioctl(main, UInt(TIOCSWINSZ), &size) == 0)
            #expect(terminalSize(main)?.columns == Int(columns))
        }
        var pipes: [Int32] = [0, 0]
        try #require(pipe(&pipes) == 0)
        #expect(terminalSize(pipes[1]) == nil)
        for end in pipes { close(end) }
    }
}
