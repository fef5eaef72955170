import CitiusPlatform
import CitiusTensor
import Dispatch
import Synchronization

/// Makes elements ahead of their use, in order, on a thread of its own; dropped, it ends the thread and
/// waits for it.
///
/// The thread is the system's, not one of Swift's cooperative ones, which must never block.
final class Prefetcher<Element: Sendable> {
    private let queue: BoundedQueue<Element>
    private var thread: SystemThread?

    /// - Parameters:
    ///   - count: how many elements there are.
    ///   - ahead: how many may wait to be taken.
    ///   - make: gives the element of an index; called on the thread alone.
    init(count: Int, ahead: Int, make: @escaping @Sendable (Int) -> Element) {
        let queue = BoundedQueue<Element>(capacity: ahead)
        self.queue = queue
        thread = SystemThread(for: "prefetched") {
            for index in 0..<count {
                guard queue.waitForRoom() else { return }
                queue.append(make(index))
            }
            queue.finish()
        }
    }

    deinit {
        queue.stop()
        join()
    }

    /// The next element; waits for it if it is being made. Nil after the last.
    func next() -> Element? {
        if let element = queue.takeFirst() { return element }
        join()
        return nil
    }

    private func join() {
        thread?.join()
        thread = nil
    }
}

/// A queue between one thread that appends and one that takes.
///
/// Two semaphores count its room and its elements. They start at 0 and are signalled up: a semaphore that
/// ends below its first value is an error to Dispatch.
private final class BoundedQueue<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var isFinished = false
        var isStopped = false
    }

    private let state = Mutex(State())
    private let room = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)

    init(capacity: Int) {
        for _ in 0..<capacity { room.signal() }
    }

    /// Waits until there is room; false if the taker has stopped.
    func waitForRoom() -> Bool {
        room.wait()
        return state.withLock { !$0.isStopped }
    }

    func append(_ element: Element) {
        state.withLock { $0.elements.append(element) }
        filled.signal()
    }

    /// After the last element.
    func finish() {
        state.withLock { $0.isFinished = true }
        filled.signal()
    }

    /// Waits for an element; nil when there are no more.
    func takeFirst() -> Element? {
        filled.wait()
        let element: Element? = state.withLock { state in
            // The queue is a handful of elements long.
            state.elements.isEmpty ? nil : state.elements.removeFirst()
        }
        // Only the end leaves the queue empty after a signal; a further call must find the same.
        if element == nil { filled.signal() } else { room.signal() }
        return element
    }

    /// The taker takes no more.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            state.elements = []
        }
        room.signal()
    }
}
