import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusData
@testable import CitiusTensor

@Suite struct PrefetcherTests {
    @Test(arguments: [1, 2, 5, 100]) func theBatchesAreThoseOfThePlainSequence(_ ahead: Int) throws {
        let plain = numbered(47).batched(4).shuffled(seed: 4)
        let prefetched = plain.prefetched(ahead)
        #expect(prefetched.count == 12)
        let expected = try plain.flatMap { try sampleNumbers($0) }
        for _ in 0..<3 {
            #expect(try prefetched.flatMap { try sampleNumbers($0) } == expected)
        }
    }

    @Test func afterTheEndComesNothing() {
        var iterator = numbered(3).batched(2).prefetched().makeIterator()
        #expect(iterator.next()?.count == 2)
        #expect(iterator.next()?.count == 1)
        for _ in 0..<3 { #expect(iterator.next() == nil) }
    }

    @Test func transformsRunOnTheThread() {
        let caller = pthread_self()
        let others = Counter()
        let batches = numbered(6).batched(2).prefetched().mapped { batch in
            if pthread_equal(pthread_self(), caller) == 0 { others.add() }
            return batch
        }
        #expect(Array(batches).count == 3)
        #expect(others.count == 3)
    }

    /// The thread owns the closure, so the closure's object lives as long as the thread works.
    @Test(arguments: [0, 1, 3]) func aDroppedIteratorEndsItsThread(_ taken: Int) {
        weak var watched: Counter?
        do {
            let counter = Counter()
            watched = counter
            let batches = numbered(200).batched(1).prefetched(2).mapped { batch in
                counter.add()
                return batch
            }
            var iterator = batches.makeIterator()
            for _ in 0..<taken { #expect(iterator.next() != nil) }
        }
        #expect(watched == nil)
    }

    @Test func noMoreIsMadeThanThereIsRoomFor() {
        let counter = Counter()
        let made = DispatchSemaphore(value: 0)
        let batches = numbered(50).batched(1).mapped { batch in
            counter.add()
            made.signal()
            return batch
        }.prefetched(3)
        do {
            var iterator = batches.makeIterator()
            for _ in 0..<4 { _ = iterator.next() }
            for _ in 0..<7 { made.wait() }
            #expect(counter.count == 7)
        }
        // The thread, woken to end, made no further one.
        #expect(counter.count == 7)
    }

    @Test func manyIteratorsComeAndGo() {
        let batches = numbered(20).batched(3).prefetched(2)
        for taken in 0..<200 {
            var iterator = batches.makeIterator()
            for _ in 0..<taken % 9 { _ = iterator.next() }
        }
        #expect(Array(batches).count == 7)
    }

    @Test func aCountBelowOneTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = numbered(3).batched(1).prefetched(0)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("prefetched: count is 0, expected at least 1"))
    }
}
