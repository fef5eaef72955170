import CitiusPlatform
import CitiusTensor
import Dispatch
import Synchronization

/// Makes elements ahead of their use, on threads of its own, and gives them in their order; dropped, it ends the threads
/// and waits for them.
///
/// The threads are the system's, not Swift's cooperative ones, which must never block.
final class Prefetcher<Element: Sendable> {
    typealias Make = @Sendable () throws(DataError) -> Element

    private let queue: SlotQueue<Element>
    private var threads: [SystemThread]
    private var taken = 0

    /// - Parameters:
    ///   - threads: how many make elements at once.
    ///   - ahead: how many may wait to be taken, or be in the making.
    ///   - claim: says how the next element is made; nil after the last. Called by one thread at a time.
    init(
        threads: Int, ahead: Int, claim: sending @escaping () throws(DataError) -> Make?
    ) {
        let queue = SlotQueue<Element>(capacity: ahead, claim)
        self.queue = queue
        self.threads = (0..<threads).map { _ in SystemThread(for: "prefetched") { while queue.makeNext() {} }
        }
    }

    deinit {
        queue.stop()
        join()
    }

    /// The next element; waits for it if it is being made. Nil after the last, or after an error.
    func next() throws(DataError) -> Element? {
        guard !threads.isEmpty else { return nil }
        do throws(DataError) {
            if let element = try queue.take(taken) {
                taken += 1
                return element
            }
        } catch {
            queue.stop()
            join()
            throw error
        }
        join()
        return nil
    }

    private func join() {
        for thread in threads { thread.join() }
        threads = []
    }
}

/// A ring of slots between threads that fill them and one that takes from them in order.
///
/// Semaphores count the room, and say of each slot that it is filled. They start at 0 and are signalled up: a semaphore
/// that ends below its first value is an error to Dispatch.
private final class SlotQueue<Element: Sendable>: Sendable {
    private struct Claims: ~Copyable {
        var next: () throws(DataError) -> Prefetcher<Element>.Make?
        var count = 0
        var isAtEnd = false
    }

    private let claims: Mutex<Claims>
    private let slots: Mutex<[Result<Element?, DataError>?]>
    private let isStopped = Atomic<Bool>(false)
    private let room = DispatchSemaphore(value: 0)
    private let filled: [DispatchSemaphore]

    init(
        capacity: Int, _ claim: sending @escaping () throws(DataError) -> Prefetcher<Element>.Make?
    ) {
        claims = Mutex(Claims(next: claim))
        slots = Mutex(Array(repeating: nil, count: capacity))
        filled = (0..<capacity).map { _ in DispatchSemaphore(value: 0) }
        for _ in 0..<capacity { room.signal() }
    }

    /// Claims an element when there is room, and makes it; false when there is no more to do.
    func makeNext() -> Bool {
        room.wait()
        if isStopped.load(ordering: .acquiring) { return false }
        // Elements are taken in order, so that room for the n-th means that its slot is free.
        let (index, claimed) = claims.withLock {
            claims -> (Int, Result<Prefetcher<Element>.Make?, DataError>) in
            if claims.isAtEnd { return (-1, .success(nil)) }
            let index = claims.count
            claims.count += 1
            do throws(DataError) {
                let make = try claims.next()
                claims.isAtEnd = make == nil
                return (index, .success(make))
            } catch {
                claims.isAtEnd = true
                return (index, .failure(error))
            }
        }
        guard index >= 0 else {
            // The others find the end too.
            room.signal()
            return false
        }
        do throws(DataError) {
            guard let make = try claimed.get() else {
                fill(index, .success(nil))
                return false
            }
            fill(index, .success(try make()))
            return true
        } catch {
            claims.withLock { $0.isAtEnd = true }
            fill(index, .failure(error))
            return false
        }
    }

    private func fill(_ index: Int, _ element: Result<Element?, DataError>) {
        slots.withLock { $0[index % filled.count] = element }
        filled[index % filled.count].signal()
        // After the end, or an error, the other threads end without waiting for the taker.
        if case .success(.some) = element { return }
        room.signal()
    }

    /// Waits for an element; nil when there are no more.
    func take(_ index: Int) throws(DataError) -> Element? {
        let slot = index % filled.count
        filled[slot].wait()
        let element = slots.withLock { slots in
            let element = slots[slot]
            slots[slot] = nil
            return element
        }
        room.signal()
        return try element?.get()
    }

    /// The taker takes no more.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        for slot in filled.indices { slots.withLock { $0[slot] = nil } }
        for _ in filled { room.signal() }
    }
}
