/// A block of memory shared by the tensors that view it; given back with the last one.
///
/// Sendable because it is written only while one tensor alone holds it (copy-on-write).
package final class Storage: @unchecked Sendable {
    package let pointer: UnsafeMutableRawPointer
    package let byteCount: Int
    /// Whether the tensor that alone holds it may write to it. A mapped file's bytes are copied first.
    package let isWritable: Bool
    /// What the memory belongs to; nil: to the allocator.
    private let owner: (any AnyObject & Sendable)?

    /// The bytes are not initialized.
    package init(byteCount: Int) {
        self.byteCount = byteCount
        pointer = CachingAllocator.shared.allocate(byteCount: byteCount)
        isWritable = true
        owner = nil
    }

    /// Memory that `owner` gives back when it goes away.
    package init(
        _ pointer: UnsafeMutableRawPointer, byteCount: Int, owner: any AnyObject & Sendable, isWritable: Bool
    ) {
        self.pointer = pointer
        self.byteCount = byteCount
        self.owner = owner
        self.isWritable = isWritable
    }

    deinit {
        if owner == nil { CachingAllocator.shared.deallocate(pointer, byteCount: byteCount) }
    }
}
