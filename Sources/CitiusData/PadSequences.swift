import CitiusPlatform
import CitiusTensor

/// An end of a sequence.
public enum SequenceEnd: Sendable {
    /// Its beginning.
    case pre
    /// Its end.
    case post
}

/// Sequences of different lengths as one tensor [sequences, steps]: shorter ones are filled up, longer ones cut off.
/// Follows `keras.utils.pad_sequences`.
///
/// ```swift
/// padSequences([[1], [2, 3], [4, 5, 6]])                       // [[0, 0, 1], [0, 2, 3], [4, 5, 6]]
/// padSequences([[1], [2, 3], [4, 5, 6]], maximumLength: 2)     // [[0, 1], [2, 3], [5, 6]]
/// ```
///
/// - Parameters:
///   - maximumLength: the number of steps; nil: as many as the longest sequence has. Traps if it is negative.
///   - padding: the end at which sequences are filled up.
///   - truncating: the end at which they are cut off.
///   - value: what they are filled up with.
public func padSequences<T: Scalar & ExpressibleByIntegerLiteral>(
    _ sequences: [[T]], maximumLength: Int? = nil, padding: SequenceEnd = .pre,
    truncating: SequenceEnd = .pre, value: T = 0
) -> Tensor {
    let steps = steps(of: sequences.map { $0.count }, maximumLength)
    return Tensor(shape: [sequences.count, steps]) { (out: UnsafeMutablePointer<T>) in
        out.update(repeating: value, count: sequences.count * steps)
        for (row, sequence) in sequences.enumerated() {
            let kept = kept(of: sequence.count, steps, padding, truncating)
            sequence.withUnsafeBufferPointer { source in
                guard let base = source.baseAddress else { return }
                (out + row * steps + kept.place).update(
                    from: base + kept.range.lowerBound, count: kept.range.count)
            }
        }
    }
}

/// As the other, of whole numbers: int64.
public func padSequences(
    _ sequences: [[Int]], maximumLength: Int? = nil, padding: SequenceEnd = .pre,
    truncating: SequenceEnd = .pre, value: Int = 0
) -> Tensor {
    padSequences(
        sequences.map { $0.map { Int64($0) } }, maximumLength: maximumLength, padding: padding,
        truncating: truncating, value: Int64(value))
}

/// As the other, of sequences whose steps are tensors: each [steps, …] → [sequences, steps, …].
///
/// Traps if two sequences differ in what their steps are.
public func padSequences(
    _ sequences: [Tensor], maximumLength: Int? = nil, padding: SequenceEnd = .pre,
    truncating: SequenceEnd = .pre, value: Double = 0
) -> Tensor {
    guard let first = sequences.first else {
        fail("padSequences: no sequences, expected at least one tensor")
    }
    for (index, sequence) in sequences.enumerated() {
        require(
            sequence.rank >= 1 && sequence.dtype == first.dtype
                && sequence.shape.droppingFirst() == first.shape.droppingFirst(),
            "padSequences: sequence \(index) is \(sequence.dtype) \(sequence.shape), expected steps like those of "
                + "sequence 0, \(first.dtype) \(first.shape)")
    }
    let steps = steps(of: sequences.map { $0.shape[0] }, maximumLength)
    let one = first.shape.droppingFirst()
    func filling(_ count: Int) -> Tensor {
        Tensor(zeros: one.prepending(count), dtype: first.dtype) + value
    }
    let rows = sequences.map { sequence -> Tensor in
        let kept = kept(of: sequence.shape[0], steps, padding, truncating)
        let parts = [
            filling(kept.place), sequence[kept.range], filling(steps - kept.place - kept.range.count),
        ].filter { $0.shape[0] > 0 }
        return (parts.isEmpty ? filling(0) : Tensor.concatenate(parts)).expandingAxis(at: 0)
    }
    return Tensor.concatenate(rows)
}

/// The number of steps that all sequences get.
private func steps(of lengths: [Int], _ maximumLength: Int?) -> Int {
    let steps = maximumLength ?? lengths.max() ?? 0
    require(steps >= 0, "padSequences: maximumLength is \(steps), expected at least 0")
    return steps
}

/// What is kept of a sequence, and where it goes.
private func kept(
    of length: Int, _ steps: Int, _ padding: SequenceEnd, _ truncating: SequenceEnd
) -> (range: Range<Int>, place: Int) {
    let count = min(length, steps)
    let start = truncating == .pre ? length - count : 0
    return (start..<start + count, padding == .pre ? steps - count : 0)
}
