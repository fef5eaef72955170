import CitiusPlatform
import CitiusSIMD
import Synchronization

/// Where the time of a piece of work went, kernel by kernel.
///
/// ```swift
/// let profile = try Profile.taken { try model.fit(data, batchSize: 32) }
/// for entry in profile.entries { print(entry.name, entry.seconds) }
/// ```
///
/// While none is taken, a kernel spends a nanosecond on asking.
public struct Profile: Sendable {
    /// What the calls of one kernel with operands of one shape took.
    public struct Entry: Sendable, Hashable {
        /// The kernel and its operands, such as `convolution 28×28×1 → 26×26×32`.
        public let name: String
        public internal(set) var calls = 0
        /// From begin to end of each call, summed; not multiplied by the threads that worked.
        public internal(set) var seconds = 0.0
        /// Multiplications and additions that a dense algorithm needs: a convolution without its zeros needs fewer,
        /// and may come out above the machine's peak.
        public internal(set) var operations = 0.0
        /// Bytes of the operands and results, each counted once.
        public internal(set) var bytes = 0.0
    }

    /// Those that took longest first.
    public let entries: [Entry]
    /// From begin to end of the work, without the time that taking the profile took.
    public let seconds: Double

    /// The time spent in kernels; the rest of `seconds` is overhead.
    public var secondsInKernels: Double { entries.reduce(0) { $0 + $1.seconds } }

    /// Calls `body` and watches all kernels of the process meanwhile.
    ///
    /// Kernels that other threads run at the same time are left out: those that prepare batches ahead. Traps if a
    /// profile is being taken already.
    public static func taken<E: Error>(of body: () throws(E) -> Void) throws(E) -> Profile {
        Profiler.begin()
        let start = nanoseconds()
        defer { Profiler.end() }
        try body()
        let elapsed = nanoseconds() - start
        let (entries, bookkeeping) = Profiler.results()
        return Profile(
            entries: entries.sorted { $0.seconds > $1.seconds },
            seconds: Double(elapsed - bookkeeping) * 1e-9)
    }

    /// Begins to watch the kernels until `endSample`, for work that is no closure. False if a profile is being taken.
    package static func beginSample() -> Bool { Profiler.tryToBegin() }

    /// What was seen since `beginSample`, which gave true.
    ///
    /// - Parameter start: when it was, by `nanoseconds()`.
    package static func endSample(since start: Int) -> Profile {
        let elapsed = nanoseconds() - start
        Profiler.end()
        let (entries, bookkeeping) = Profiler.results()
        return Profile(entries: entries, seconds: Double(elapsed - bookkeeping) * 1e-9)
    }

    /// The most multiplications and additions a second that the machine reaches on the library's threads:
    /// measured for some milliseconds by multiply-adds that never leave the registers. The best of `trials`.
    public static func peakOperationsPerSecond(trials: Int = 20) -> Double {
        let kernels = InstructionSet.chosen.kernels
        let threads = ThreadPool.shared.threadCount
        let rounds = 200_000
        var best = 0.0
        for _ in 0..<trials {
            let start = nanoseconds()
            let operations = Atomic<Int>(0)
            ThreadPool.shared.run(threads) { _ in
                operations.add(kernels.multiply_add_loop(rounds), ordering: .relaxed)
            }
            best = max(
                best, Double(operations.load(ordering: .relaxed)) * 1e9 / Double(nanoseconds() - start))
        }
        return best
    }
}

/// A kernel's call, from `init` to `end`; nothing unless a profile is being taken. Of calls inside of calls the
/// outermost counts.
struct Span {
    private let name: String
    private let operations: Double
    private let bytes: Double
    private let entered: Int
    private let start: Int

    /// - Parameters:
    ///   - operations: as of `Profile.Entry`.
    ///   - elements: how many numbers are read and written, of `elementBytes` each.
    @inline(__always)
    init(
        _ name: @autoclosure () -> String, operations: @autoclosure () -> Int = 0,
        elements: @autoclosure () -> Int, elementBytes: Int = 4
    ) {
        guard Profiler.enter() else {
            (self.name, self.operations, bytes, entered, start) = ("", 0, 0, 0, 0)
            return
        }
        entered = nanoseconds()
        self.name = name()
        self.operations = Double(operations())
        bytes = Double(elements() * elementBytes)
        start = nanoseconds()
    }

    @inline(__always)
    func end() {
        if start != 0 {
            Profiler.leave(name, nanoseconds() - start, operations, bytes, bookkeepingSince: entered)
        }
    }
}

/// The profile that is being taken.
private enum Profiler {
    private enum State {
        static let off = 0
        static let idle = 1
        static let inKernel = 2
    }

    private static let state = Atomic<Int>(State.off)
    private static let record = Mutex((entries: [String: Profile.Entry](), bookkeeping: 0))

    static func begin() { require(tryToBegin(), "Profile: one is being taken already") }

    static func tryToBegin() -> Bool {
        let change = state.compareExchange(
            expected: State.off, desired: State.idle, ordering: .sequentiallyConsistent)
        if change.exchanged { record.withLock { $0 = ([:], 0) } }
        return change.exchanged
    }

    static func end() { state.store(State.off, ordering: .sequentiallyConsistent) }

    /// The entries, and the nanoseconds that were spent on making them.
    static func results() -> ([Profile.Entry], bookkeeping: Int) {
        record.withLock { (Array($0.entries.values), $0.bookkeeping) }
    }

    @inline(__always)
    static func enter() -> Bool {
        if state.load(ordering: .relaxed) != State.idle { return false }
        return state.compareExchange(
            expected: State.idle, desired: State.inKernel, ordering: .acquiringAndReleasing
        ).exchanged
    }

    static func leave(
        _ name: String, _ duration: Int, _ operations: Double, _ bytes: Double, bookkeepingSince entered: Int
    ) {
        record.withLock { record in
            var entry = record.entries[name] ?? Profile.Entry(name: name)
            entry.calls += 1
            entry.seconds += Double(duration) * 1e-9
            entry.operations += operations
            entry.bytes += bytes
            record.entries[name] = entry
            record.bookkeeping += nanoseconds() - entered - duration
        }
        _ = state.compareExchange(
            expected: State.inKernel, desired: State.idle, ordering: .acquiringAndReleasing)
    }
}
