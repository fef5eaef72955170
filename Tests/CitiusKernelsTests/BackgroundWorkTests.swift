import Synchronization
import Testing

@testable import CitiusKernels

@Suite struct BackgroundWorkTests {
    /// Counts how often each piece was done.
    private final class Hits: Sendable {
        private let counts: Mutex<[Int]>

        init(_ count: Int) { counts = Mutex([Int](repeating: 0, count: count)) }

        func add(_ piece: Int) { counts.withLock { $0[piece] += 1 } }
        var all: [Int] { counts.withLock { $0 } }
    }

    @Test(arguments: [1, 2, 3]) func everyPieceIsDoneOnceBetweenLoops(threads: Int) {
        let pool = ThreadPool(threadCount: threads)
        for count in [0, 1, 5, 64, 200] {
            let hits = Hits(count)
            let work = pool.begin(pieces: count) { hits.add($0) }
            for _ in 0..<20 {
                let sum = Atomic<Int>(0)
                pool.run(10) { sum.add($0, ordering: .relaxed) }
                #expect(sum.load(ordering: .relaxed) == 45)
            }
            work.finish("work", elements: count)
            #expect(hits.all == [Int](repeating: 1, count: count))
            work.finish("work", elements: count)
            #expect(hits.all == [Int](repeating: 1, count: count))
        }
    }

    /// What an idle worker calls again and again.
    @Test func theSlotGivesPieceAfterPiece() {
        let slot = BackgroundSlot()
        slot.runPiece()
        let hits = Hits(3)
        let work = slot.begin(count: 3) { hits.add($0) }
        slot.runPiece()
        #expect(hits.all == [1, 0, 0])
        for _ in 0..<5 { slot.runPiece() }
        #expect(hits.all == [1, 1, 1])
        work.finish("work", elements: 3)
        #expect(hits.all == [1, 1, 1])
        // Empty again, and ready for more.
        let more = Hits(1)
        _ = slot.begin(count: 1) { more.add($0) }
        slot.runPiece()
        #expect(more.all == [1] && hits.all == [1, 1, 1])
    }

    @Test func whatIsCancelledIsLeftUndone() {
        let pool = ThreadPool(threadCount: 1)
        let hits = Hits(4)
        let work = pool.begin(pieces: 4) { hits.add($0) }
        #expect(work.runPiece())
        work.cancel()
        #expect(!work.runPiece())
        #expect(hits.all == [1, 0, 0, 0])
    }

    @Test func laterWorkDoesNotLoseTheFirst() {
        let pool = ThreadPool(threadCount: 2)
        let (first, second) = (Hits(30), Hits(30))
        let works = [first, second].map { hits in pool.begin(pieces: 30) { hits.add($0) } }
        for work in works { work.finish("work", elements: 0) }
        #expect(first.all == second.all && first.all == [Int](repeating: 1, count: 30))
    }

    /// What has ended keeps nothing alive, also where no worker comes by to see it.
    @Test(arguments: [1, 2], [false, true]) func whatHasEndedLetsGo(threads: Int, cancels: Bool) {
        final class DataSet: Sendable {}
        let pool = ThreadPool(threadCount: threads)
        weak var kept: DataSet?
        do {
            let data = DataSet()
            kept = data
            let work = pool.begin(pieces: 3) { _ in withExtendedLifetime(data) {} }
            if cancels { work.cancel() } else { work.finish("work", elements: 3) }
        }
        // A worker that has just looked may hold it for a moment.
        for _ in 0..<10_000 where kept != nil { pool.run(2) { _ in } }
        #expect(kept == nil)
    }
}
