import Synchronization
import Testing

@testable import CitiusKernels

@Suite struct ThreadPoolTests {
    @Test(arguments: [1, 2, 3, 7]) func everyIndexRunsOnce(threads: Int) {
        let pool = ThreadPool(threadCount: threads)
        for count in [0, 1, 2, 5, 64, 1_000] {
            let hits = Mutex([Int](repeating: 0, count: count))
            pool.run(count) { index in hits.withLock { $0[index] += 1 } }
            #expect(hits.withLock { $0 } == [Int](repeating: 1, count: count))
        }
    }

    @Test(arguments: [1, 2, 3, 7]) func scratchMemoryIsOnesOwn(threads: Int) {
        let pool = ThreadPool(threadCount: threads)
        for scratchCount in [0, 1, 17, 5_000, 100] {
            let hits = Mutex([Int](repeating: 0, count: 40))
            pool.forChunks(10, of: 40, scratchCount: scratchCount) {
                (chunk, range, scratch: UnsafeMutablePointer<Float>) in
                #expect(Int(bitPattern: scratch) % 64 == 0)
                for index in 0..<scratchCount { scratch[index] = Float(chunk) }
                // A loop inside runs on this thread, with memory of its own.
                pool.forChunks(3, of: 3, scratchCount: scratchCount) {
                    (_, _, inner: UnsafeMutablePointer<Float>) in
                    for index in 0..<scratchCount { inner[index] = -1 }
                }
                #expect((0..<scratchCount).allSatisfy { scratch[$0] == Float(chunk) })
                hits.withLock { hits in for index in range { hits[index] += 1 } }
            }
            #expect(hits.withLock { $0 } == [Int](repeating: 1, count: 40))
        }
    }

    @Test func workersWakeAfterSleep() async throws {
        let pool = ThreadPool(threadCount: 3)
        for _ in 0..<5 {
            try await Task.sleep(for: .milliseconds(20))
            let sum = Atomic<Int>(0)
            pool.run(100) { sum.add($0, ordering: .relaxed) }
            #expect(sum.load(ordering: .relaxed) == 4_950)
        }
    }

    @Test func loopsInsideLoopsRun() {
        let pool = ThreadPool(threadCount: 2)
        let sum = Atomic<Int>(0)
        pool.run(10) { _ in pool.run(10) { sum.add($0, ordering: .relaxed) } }
        #expect(sum.load(ordering: .relaxed) == 450)
    }

    @Test func loopsFromManyThreadsRun() async {
        let pool = ThreadPool(threadCount: 2)
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let sum = Atomic<Int>(0)
                    for _ in 0..<50 { pool.run(20) { sum.add($0, ordering: .relaxed) } }
                    return sum.load(ordering: .relaxed)
                }
            }
            for await sum in group { #expect(sum == 50 * 190) }
        }
    }

    @Test func resizes() {
        let pool = ThreadPool(threadCount: 1)
        for count in [4, 2, 1, 3] {
            pool.resize(to: count)
            #expect(pool.threadCount == count)
            let sum = Atomic<Int>(0)
            pool.run(100) { sum.add($0, ordering: .relaxed) }
            #expect(sum.load(ordering: .relaxed) == 4_950)
        }
    }

    /// Two, three or sixteen threads cut a loop into the same ranges.
    @Test func chunksDependOnSizesAlone() {
        for (count, grain) in [(1, 1), (7, 1), (100, 8), (1_000, 16), (100_000, 1)] {
            let cuts = [1, 2, 3, 16].map { threads in
                let ranges = Mutex<Set<Range<Int>>>([])
                ThreadPool(threadCount: threads).forRanges(of: count, grain: grain) { range in
                    ranges.withLock { _ = $0.insert(range) }
                }
                return ranges.withLock { $0 }
            }
            #expect(cuts.allSatisfy { $0 == cuts[0] }, "\(count) by \(grain)")
            #expect(cuts[0].allSatisfy { $0.count >= grain })
            #expect(cuts[0].count == ThreadPool.chunkCount(of: count, grain: grain))
        }
        #expect(ThreadPool.chunkCount(of: 0, grain: 8) == 1)
        #expect(ThreadPool.chunkCount(of: 1_000, grain: 0, limit: 5) == 4)
    }

    @Test func rangesCoverWithoutOverlap() {
        let pool = ThreadPool(threadCount: 3)
        for count in [1, 2, 3, 10, 64, 101] {
            let hits = Mutex([Int](repeating: 0, count: count))
            pool.forRanges(of: count, grain: 4) { range in
                hits.withLock { hits in for index in range { hits[index] += 1 } }
            }
            #expect(hits.withLock { $0 } == [Int](repeating: 1, count: count))
        }
    }
}
