/// Σ of blocks in a fixed binary tree: neighbours in pairs, then pairs of pairs (Higham 1993, doi:10.1137/0914050).
///
/// A block's sum goes through log₂(blocks) additions, where a running sum would take it through all of them. The tree
/// depends on the number of blocks alone; a run of 2ᵏ blocks that begins at a multiple of 2ᵏ is a subtree, so that its
/// sum may be made elsewhere.
@inline(__always)
func combinePairwise<T: BitwiseCopyable>(
    _ blocks: Int, _ combine: (T, T) -> T, _ block: (Int) -> T
) -> T {
    if blocks == 1 { return block(0) }
    // The sums of complete subtrees, the largest first: a one in the number of blocks so far stands for each.
    return withUnsafeTemporaryAllocation(of: T.self, capacity: Int.bitWidth) { sums in
        var count = 0
        for number in 0..<blocks {
            var sum = block(number)
            for _ in 0..<(~number).trailingZeroBitCount {
                count -= 1
                sum = combine(sums[count], sum)
            }
            sums[count] = sum
            count += 1
        }
        var result = sums[count - 1]
        for index in (0..<count - 1).reversed() { result = combine(sums[index], result) }
        return result
    }
}

/// Σ of `count` terms, in blocks of 128 one after the other, which are added in pairs.
@inline(__always)
func pairwiseSum<T: KernelReal>(_ count: Int, _ term: (Int) -> T) -> T {
    let length = 128
    if count == 0 { return 0 }
    return combinePairwise((count + length - 1) / length, { $0 + $1 }) { block in
        var sum: T = 0
        for index in block * length..<min((block + 1) * length, count) { sum += term(index) }
        return sum
    }
}

/// out ← Σ of `slots` partial sums, `stride` elements apart, in pairs; 0 if there are none. Of the elements in `range`.
///
/// The sums are used up: what is left in their place is of no use.
@inline(__always)
func addSlots<T: KernelReal>(
    _ sums: UnsafeMutablePointer<T>, stride: Int, slots: Int, _ range: Range<Int>,
    to out: UnsafeMutablePointer<T>
) {
    guard slots > 0 else {
        for index in range { out[index] = 0 }
        return
    }
    // Some elements of all slots stay in the L1 cache.
    let length = 512
    for start in Swift.stride(from: range.lowerBound, to: range.upperBound, by: length) {
        let part = start..<min(start + length, range.upperBound)
        var distance = 1
        while distance < slots {
            for slot in Swift.stride(from: 0, to: slots - distance, by: 2 * distance) {
                let (left, right) = (sums + slot * stride, sums + (slot + distance) * stride)
                for index in part { left[index] += right[index] }
            }
            distance *= 2
        }
        for index in part { out[index] = sums[index] }
    }
}
