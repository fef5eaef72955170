/// A thread of the system's: not one of Swift's cooperative ones, which must never block.
package struct SystemThread {
    private let handle: pthread_t

    /// Starts a thread that runs `body`. Fails if the system refuses to start one.
    ///
    /// - Parameter owner: the operation that starts it, named by the message.
    package init(for owner: String, _ body: @escaping @Sendable () -> Void) {
        #if canImport(Glibc)
            var handle = pthread_t()
        #else
            var handle: pthread_t?
        #endif
        let context = Unmanaged.passRetained(Body(body))
        let result = pthread_create(
            &handle, nil,
            { context in
                // Optional on some platforms; never nil.
                let pointer: UnsafeMutableRawPointer? = context
                if let pointer { Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        let started: pthread_t? = handle
        guard result == 0, let started else {
            fail("\(owner): the system refused to start a thread (error \(result))")
        }
        self.handle = started
    }

    /// What tells the calling thread from all others that run; not 0.
    package static var currentIdentifier: UInt {
        #if canImport(Glibc)
            UInt(pthread_self())
        #else
            UInt(bitPattern: pthread_self())
        #endif
    }

    /// Waits until the thread has ended. To be called once.
    package func join() { pthread_join(handle, nil) }

    /// What a thread runs, in a box that can pass through the system's `void *`.
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
