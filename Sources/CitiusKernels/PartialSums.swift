import CitiusSIMD
import Synchronization

/// The sums that the chunks of a loop make, each in a slot of its own, and that are added in pairs: 0 + 1, 2 + 3, …,
/// then the pairs in pairs, as `addSlots` adds them.
///
/// Whichever thread finishes the second chunk of a pair adds the two at once, while they are in its cache: mostly both
/// are its own. Only the last two slots, the work of different threads, are left for `total`. Which thread adds is left
/// open; what is added to what is not, and so neither are the bits.
struct PartialSums<T: KernelReal>: ~Copyable {
    private let slots: UnsafeMutablePointer<T>
    private let count: Int
    private let slotCount: Int
    /// One bit for each pair, set by the first of its two sides to be there.
    private let halfFinished = Atomic<UInt64>(0)

    /// Slots of `count` elements one after the other: a power of two of them, at most 64, or none.
    init(_ slots: UnsafeMutablePointer<T>, count: Int, slotCount: Int) {
        assert(slotCount & (slotCount - 1) == 0 && slotCount <= 64)
        self.slots = slots
        self.count = count
        self.slotCount = slotCount
    }

    func slot(_ chunk: Int) -> UnsafeMutablePointer<T> { slots + chunk * count }

    /// Says that a chunk's sum is complete. To be said once of every chunk.
    func finish(_ chunk: Int) {
        var distance = 1
        while 2 * distance < slotCount {
            let left = chunk & ~(2 * distance - 1)
            // Pairs are numbered by the slot between their sides.
            let pair: UInt64 = 1 << UInt64(left + distance)
            guard halfFinished.bitwiseOr(pair, ordering: .acquiringAndReleasing).oldValue & pair != 0 else {
                return
            }
            add(slot(left + distance), to: slot(left))
            distance *= 2
        }
    }

    private func add(_ right: UnsafeMutablePointer<T>, to left: UnsafeMutablePointer<T>) {
        if T.self == Float.self {
            InstructionSet.chosen.kernels.add_rows(
                UnsafeRawPointer(right).assumingMemoryBound(to: Float.self), 1, count,
                UnsafeMutableRawPointer(left).assumingMemoryBound(to: Float.self))
            return
        }
        for index in 0..<count { left[index] += right[index] }
    }

    /// out ← the sum of all chunks, of the elements in `range`; 0 if there are no slots. After the loop.
    func total(_ range: Range<Int>, to out: UnsafeMutablePointer<T>) {
        switch slotCount {
        case 0: for index in range { out[index - range.lowerBound] = 0 }
        case 1: out.update(from: slots + range.lowerBound, count: range.count)
        default:
            let (left, right) = (slots + range.lowerBound, slot(slotCount / 2) + range.lowerBound)
            for index in 0..<range.count { out[index] = left[index] + right[index] }
        }
    }
}
