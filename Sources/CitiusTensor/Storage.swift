/// A block of memory shared by the tensors that view it; given back to the allocator with the last one.
///
/// Sendable because it is written only while one tensor alone holds it (copy-on-write).
package final class Storage: @unchecked Sendable {
    package let pointer: UnsafeMutableRawPointer
    package let byteCount: Int

    /// The bytes are not initialized.
    package init(byteCount: Int) {
        self.byteCount = byteCount
        pointer = CachingAllocator.shared.allocate(byteCount: byteCount)
    }

    deinit {
        CachingAllocator.shared.deallocate(pointer, byteCount: byteCount)
    }
}
