import CitiusSIMD
import Synchronization

/// Work in small pieces that the pool's workers do while they have nothing else to do: between two loops, while their
/// caller is busy with what runs on one thread. Whoever needs the result does what is left.
///
/// Pieces should take a microsecond or two: a loop that begins meanwhile waits for the piece.
package final class BackgroundWork: Sendable {
    /// Called with each number once, by any thread and in any order; holds all memory that it works on.
    private let body: @Sendable (Int) -> Void
    private let count: Int
    private let next = Atomic<Int>(0)
    private let doneCount = Atomic<Int>(0)
    /// Where idle workers find it, until it has ended.
    private let slot: BackgroundSlot

    fileprivate init(count: Int, in slot: BackgroundSlot, _ body: @escaping @Sendable (Int) -> Void) {
        self.count = count
        self.slot = slot
        self.body = body
    }

    /// Does a piece; false if none is left to begin.
    func runPiece() -> Bool {
        guard next.load(ordering: .relaxed) < count else { return false }
        let piece = next.add(1, ordering: .relaxed).oldValue
        guard piece < count else { return false }
        body(piece)
        doneCount.add(1, ordering: .releasing)
        return true
    }

    /// Returns when all is done, most of it by others if they had the time. A profile calls what was left to be done
    /// by `name`.
    package func finish(_ name: @autoclosure () -> String, elements: Int) {
        let span = Span(name(), elements: elements)
        defer { span.end() }
        while runPiece() {}
        while doneCount.load(ordering: .acquiring) < count { citius_cpu_relax() }
        slot.remove(self)
    }

    /// Leaves undone what nobody has begun; what is begun is done by those who began it. Not to be finished after that.
    package func cancel() {
        next.store(count, ordering: .relaxed)
        slot.remove(self)
    }
}

/// The work that idle workers look for: the last that was begun.
final class BackgroundSlot: Sendable {
    private let work = Mutex<BackgroundWork?>(nil)
    /// Whether there may be work; asked often, while the lock is taken but for a piece.
    private let isFilled = Atomic<Bool>(false)

    func begin(count: Int, _ body: @escaping @Sendable (Int) -> Void) -> BackgroundWork {
        let begun = BackgroundWork(count: count, in: self, body)
        work.withLock { $0 = begun }
        isFilled.store(true, ordering: .releasing)
        return begun
    }

    /// Does a piece if there is one.
    func runPiece() {
        guard isFilled.load(ordering: .acquiring), let found = work.withLock({ $0 }) else { return }
        if !found.runPiece() { remove(found) }
    }

    /// Lets go of work that has ended, and of the memory that it works on. Idle workers may be asleep, and a pool of one
    /// thread has none.
    fileprivate func remove(_ ended: BackgroundWork) {
        work.withLock { current in
            guard current === ended else { return }
            current = nil
            isFilled.store(false, ordering: .releasing)
        }
    }
}
