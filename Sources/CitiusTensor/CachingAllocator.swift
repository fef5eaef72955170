import CitiusKernels
import CitiusPlatform
import Synchronization

/// What the tensors' allocator holds, in bytes and in counts since the start of the process.
public struct AllocatorStatistics: Sendable, Equatable {
    /// Bytes of the blocks that tensors hold now.
    public internal(set) var bytesInUse = 0
    /// The most bytes that tensors held at once.
    public internal(set) var peakBytesInUse = 0
    /// Bytes of free blocks, kept for the next tensor of their size.
    public internal(set) var bytesCached = 0
    /// Blocks handed out.
    public internal(set) var allocations = 0
    /// Blocks that had to come from the system; in a steady training loop this stands still.
    public internal(set) var systemAllocations = 0
}

/// Keeps the blocks of tensors that ended for tensors that begin, so that a steady training loop neither
/// calls `malloc` for them nor takes page faults.
public enum Allocator {
    /// A snapshot of the allocator's counters.
    public static var statistics: AllocatorStatistics { CachingAllocator.shared.statistics }

    /// Gives the free blocks back to the system.
    public static func emptyCache() { CachingAllocator.shared.emptyCache() }
}

package final class CachingAllocator: Sendable {
    package static let shared = CachingAllocator(cacheLimit: 256 << 20)

    private struct State {
        /// Free blocks by size class. The addresses are kept as numbers, which may cross threads.
        var free = [[UInt]](repeating: [], count: SizeClass.count)
        var statistics = AllocatorStatistics()
    }

    private let state = Mutex(State())
    /// Free blocks beyond this many bytes go back to the system.
    private let cacheLimit: Int

    package init(cacheLimit: Int) { self.cacheLimit = cacheLimit }

    package var statistics: AllocatorStatistics { state.withLock { $0.statistics } }

    /// Four classes per power of two: at most a quarter of a block is unused.
    package struct SizeClass {
        /// Bytes of a block.
        package let size: Int
        /// The class's number.
        let number: Int

        /// A class holds 2^8 bytes at least.
        private static let smallestExponent = 8
        static let count = 4 * (Int.bitWidth - smallestExponent)

        package init(for byteCount: Int) {
            let byteCount = max(byteCount, 1 << Self.smallestExponent)
            let exponent = Int.bitWidth - 1 - (byteCount - 1).leadingZeroBitCount
            let step = 1 << (exponent - 2)
            let steps = (byteCount + step - 1) >> (exponent - 2)
            size = steps * step
            // 5…8 steps; before the first power of two there is the smallest class alone.
            number = 4 * (exponent - Self.smallestExponent + 1) + steps - 5
        }
    }

    package func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
        let sizeClass = SizeClass(for: byteCount)
        let size = sizeClass.size
        let cached: UInt? = state.withLock { state in
            state.statistics.allocations += 1
            state.statistics.bytesInUse += size
            state.statistics.peakBytesInUse = max(
                state.statistics.peakBytesInUse, state.statistics.bytesInUse)
            if let address = state.free[sizeClass.number].popLast() {
                state.statistics.bytesCached -= size
                return address
            }
            state.statistics.systemAllocations += 1
            return nil
        }
        if let cached, let pointer = UnsafeMutableRawPointer(bitPattern: cached) { return pointer }
        return Self.systemAllocate(size)
    }

    package func deallocate(_ pointer: UnsafeMutableRawPointer, byteCount: Int) {
        let sizeClass = SizeClass(for: byteCount)
        let size = sizeClass.size
        let address = UInt(bitPattern: pointer)
        let isKept = state.withLock { state in
            state.statistics.bytesInUse -= size
            guard state.statistics.bytesCached + size <= cacheLimit else { return false }
            state.free[sizeClass.number].append(address)
            state.statistics.bytesCached += size
            return true
        }
        if !isKept { free(pointer) }
    }

    package func emptyCache() {
        let blocks = state.withLock { state in
            let blocks = state.free.flatMap { $0 }
            state.free = State().free
            state.statistics.bytesCached = 0
            return blocks
        }
        for block in blocks { free(UnsafeMutableRawPointer(bitPattern: block)) }
    }

    /// Blocks of 4 MiB and more start on a huge page's boundary and ask for huge pages.
    private static func systemAllocate(_ size: Int) -> UnsafeMutableRawPointer {
        let hugePage = 2 << 20
        let isLarge = size >= 2 * hugePage
        var pointer: UnsafeMutableRawPointer?
        guard posix_memalign(&pointer, isLarge ? hugePage : 64, size) == 0, let pointer else {
            fail("Allocator: the system has no \(size) bytes for a tensor")
        }
        if isLarge { adviseHugePages(pointer, byteCount: size) }
        return pointer
    }
}
