/// Memory that grows to what was ever asked of it, for one thread at a time.
package final class ScratchMemory: @unchecked Sendable {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

    package init() {}

    /// Room for so many elements, from the start of a cache line on. What was there before is lost if it grows.
    package func elements<T: BitwiseCopyable>(
        _ count: Int, of type: T.Type = T.self
    ) -> UnsafeMutablePointer<T> {
        let byteCount = max(64, count * MemoryLayout<T>.stride)
        if memory.count < byteCount {
            memory.deallocate()
            memory = .allocate(byteCount: byteCount, alignment: 64)
        }
        return memory.baseAddress!.bindMemory(to: T.self, capacity: count)
    }

    deinit { memory.deallocate() }
}
