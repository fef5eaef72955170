import CitiusBLAS
import CitiusPlatform
import CitiusSIMD
import Synchronization

/// How many threads the library computes with.
public enum Threads {
    /// The number of threads of the pool, the caller's included: as many as the machine's cores that this
    /// process may run on, or what the environment's `CITIUS_THREADS` says.
    ///
    /// No result depends on it, not by a bit: work is cut by the sizes of the data alone. Set it while nothing is being
    /// computed: before a training, not during one. Traps if it is set below 1.
    public static var count: Int {
        get { ThreadPool.shared.threadCount }
        set {
            require(newValue >= 1, "Threads: count is \(newValue), expected at least 1")
            ThreadPool.shared.resize(to: newValue)
        }
    }
}

/// The one pool of threads. A parallel loop wakes its workers, which spin briefly after each loop (the next
/// one of a training step is microseconds away) and then sleep.
///
/// OpenBLAS runs single-threaded and is called from here, so that two pools never fight. A loop that starts
/// while another one runs (from inside it, or from another thread) runs on its caller's thread alone.
package final class ThreadPool: @unchecked Sendable {
    package static let shared = ThreadPool(threadCount: ThreadPool.defaultThreadCount())

    /// Threads that take part in a loop, the caller included.
    package var threadCount: Int { storedThreadCount.load(ordering: .relaxed) }
    /// Atomic for its readers' sake: a plain property of a class is checked for exclusive access at every reading.
    private let storedThreadCount: Atomic<Int>

    /// Held by the thread whose loop is running; also guards `body`, `bodyCount` and the workers.
    private let isBusy = Atomic<Bool>(false)
    private var body: ((_ index: Int, _ thread: Int) -> Void)?
    private var bodyCount = 0
    /// One for each thread; used by that thread alone, during a loop.
    private var scratch: [ScratchMemory] = []
    /// The indices that no thread has taken yet, a bit for each; of loops of up to 64.
    private let untaken = Atomic<UInt64>(0)
    /// The next index; of longer loops.
    private let next = Atomic<Int>(0)
    /// Gives each worker its number; the caller's is 0.
    private let startedWorkers = Atomic<Int>(0)
    private let unfinishedWorkers = Atomic<Int>(0)
    /// Counts loops; a worker that sees it change has work. Negative: the workers must end.
    private let generation = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wakeUp = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var workers: [SystemThread] = []
    private let background = BackgroundSlot()

    /// How long a worker spins before it sleeps: longer than the serial stretches of a training step, far shorter
    /// than anything a user would notice as load. To wake a sleeper takes some 50 µs.
    private static let nanosecondsBeforeSleep = 200_000

    package init(threadCount: Int) {
        storedThreadCount = Atomic(threadCount)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(wakeUp, nil)
        openblas_set_num_threads(1)
        startWorkers()
    }

    deinit {
        stopWorkers()
        pthread_cond_destroy(wakeUp)
        pthread_mutex_destroy(mutex)
        wakeUp.deallocate()
        mutex.deallocate()
    }

    private static func defaultThreadCount() -> Int {
        if let value = environment("CITIUS_THREADS") {
            guard let count = Int(value), count >= 1 else {
                fail("CITIUS_THREADS is \"\(value)\", expected a whole number of at least 1")
            }
            return count
        }
        return Int(citius_usable_core_count())
    }

    // MARK: Loops

    /// Calls `body` with every index below `count`, on all threads; returns when all are done.
    ///
    /// A thread begins with the indices that are its own, so that what it wrote in one loop it finds in its cache
    /// in the next, and then takes what others have not begun: which thread runs which index is left open, and
    /// results must not depend on it.
    package func run(_ count: Int, _ body: (Int) -> Void) {
        guard count > 1, threadCount > 1, claim() else {
            for index in 0..<count { body(index) }
            return
        }
        defer { release() }
        runClaimed(count) { index, _ in body(index) }
    }

    private func claim() -> Bool {
        isBusy.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    }

    private func release() { isBusy.store(false, ordering: .releasing) }

    private func runClaimed(_ count: Int, _ body: (_ index: Int, _ thread: Int) -> Void) {
        withoutActuallyEscaping(body) { body in
            self.body = body
            bodyCount = count
            next.store(0, ordering: .relaxed)
            untaken.store(count < 64 ? (1 << UInt64(count)) - 1 : .max, ordering: .relaxed)
            unfinishedWorkers.store(workers.count, ordering: .relaxed)
            generation.add(1, ordering: .sequentiallyConsistent)
            if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
                pthread_mutex_lock(mutex)
                pthread_cond_broadcast(wakeUp)
                pthread_mutex_unlock(mutex)
            }
            takeIndices(body, count, thread: 0)
            var spins = 0
            while unfinishedWorkers.load(ordering: .acquiring) > 0 {
                spins += 1
                // The worker may have lost its core to another process: let it have this one.
                if spins % 4_096 == 0 { sched_yield() } else { citius_cpu_relax() }
            }
            self.body = nil
        }
    }

    /// How many chunks a loop over `count` items is cut into: by its size alone, never by the number of threads, so
    /// that neither sums nor products depend on that number.
    ///
    /// A power of two, so that two, four or eight threads have equally many; at most `limit`.
    package static func chunkCount(of count: Int, grain: Int, limit: Int = 64) -> Int {
        let most = max(1, min(limit, count / max(1, grain)))
        return 1 << (Int.bitWidth - 1 - most.leadingZeroBitCount)
    }

    /// Calls `body` with chunks of `0..<count`, of nearly equal size and at least `grain` long where possible.
    package func forRanges(of count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        forChunks(Self.chunkCount(of: count, grain: grain), of: count) { _, range in body(range) }
    }

    /// Cuts `0..<count` into `chunks` ranges of nearly equal size and calls `body` with each one's number and range.
    ///
    /// `chunks` must follow from sizes alone.
    package func forChunks(_ chunks: Int, of count: Int, _ body: (Int, Range<Int>) -> Void) {
        guard count > 0 else { return }
        run(chunks) { chunk in
            let range = Self.range(chunk, of: chunks, in: count)
            if !range.isEmpty { body(chunk, range) }
        }
    }

    static func range(_ chunk: Int, of chunks: Int, in count: Int) -> Range<Int> {
        count * chunk / chunks..<count * (chunk + 1) / chunks
    }

    /// The same, with scratch memory for `scratchCount` elements, not initialized, that a thread keeps from loop to
    /// loop: it stays in its core's cache, where memory that changes hands between cores would be fetched from
    /// the other one. Loops inside of `body` run on their caller's thread.
    package func forChunks<T: BitwiseCopyable>(
        _ chunks: Int, of count: Int, scratchCount: Int,
        _ body: (Int, Range<Int>, UnsafeMutablePointer<T>) -> Void
    ) {
        guard count > 0 else { return }
        func runChunk(_ chunk: Int, _ scratch: ScratchMemory) {
            let range = Self.range(chunk, of: chunks, in: count)
            if !range.isEmpty { body(chunk, range, scratch.elements(scratchCount)) }
        }
        guard claim() else {
            let scratch = ScratchMemory()
            for chunk in 0..<chunks { runChunk(chunk, scratch) }
            return
        }
        defer { release() }
        if chunks > 1 && threadCount > 1 {
            runClaimed(chunks) { chunk, thread in runChunk(chunk, scratch[thread]) }
        } else {
            for chunk in 0..<chunks { runChunk(chunk, scratch[0]) }
        }
    }

    private func takeIndices(_ body: (Int, Int) -> Void, _ count: Int, thread: Int) {
        if count <= 64 {
            let home = thread * count / threadCount
            while true {
                // Looked at first: a look is cheaper than a claim.
                let left = untaken.load(ordering: .relaxed)
                if left == 0 { return }
                // The first one from home on, and around the end.
                let fromHome = left >> UInt64(home) | left << UInt64((64 - home) & 63)
                let index = (fromHome.trailingZeroBitCount + home) & 63
                let bit: UInt64 = 1 << UInt64(index)
                if untaken.bitwiseAnd(~bit, ordering: .relaxed).oldValue & bit != 0 { body(index, thread) }
            }
        }
        while true {
            let index = next.add(1, ordering: .relaxed).oldValue
            if index >= count { return }
            body(index, thread)
        }
    }

    /// Begins work that workers do in pieces between loops; `finish()` does the rest.
    package func begin(pieces: Int, _ body: @escaping @Sendable (Int) -> Void) -> BackgroundWork {
        background.begin(count: pieces, body)
    }

    // MARK: Workers

    package func resize(to newCount: Int) {
        while !claim() { sched_yield() }
        defer { release() }
        guard newCount != threadCount else { return }
        stopWorkers()
        storedThreadCount.store(newCount, ordering: .relaxed)
        startWorkers()
    }

    private func startWorkers() {
        generation.store(0, ordering: .sequentiallyConsistent)
        startedWorkers.store(0, ordering: .relaxed)
        scratch = (0..<threadCount).map { _ in ScratchMemory() }
        for _ in 1..<max(1, threadCount) {
            // Workers hold no reference that would keep the pool alive; `deinit` joins them.
            let pool = Unmanaged.passUnretained(self)
            workers.append(SystemThread(for: "ThreadPool") { pool.takeUnretainedValue().work() })
        }
    }

    private func stopWorkers() {
        generation.store(-1, ordering: .sequentiallyConsistent)
        pthread_mutex_lock(mutex)
        pthread_cond_broadcast(wakeUp)
        pthread_mutex_unlock(mutex)
        for worker in workers { worker.join() }
        workers = []
    }

    private func work() {
        let thread = startedWorkers.add(1, ordering: .relaxed).newValue
        var seen = 0
        while true {
            let current = waitForChange(from: seen)
            if current < 0 { return }
            seen = current
            if let body { takeIndices(body, bodyCount, thread: thread) }
            unfinishedWorkers.subtract(1, ordering: .releasing)
        }
    }

    private func waitForChange(from seen: Int) -> Int {
        let start = nanoseconds()
        repeat {
            for _ in 0..<64 {
                let current = generation.load(ordering: .acquiring)
                if current != seen { return current }
                background.runPiece()
                citius_cpu_relax()
            }
        } while nanoseconds() - start < Self.nanosecondsBeforeSleep
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        sleepers.add(1, ordering: .sequentiallyConsistent)
        defer { sleepers.subtract(1, ordering: .sequentiallyConsistent) }
        while true {
            let current = generation.load(ordering: .sequentiallyConsistent)
            if current != seen { return current }
            pthread_cond_wait(wakeUp, mutex)
        }
    }
}
