import CitiusTensor

extension Variable {
    /// One entry along the first axis. Pullback: w at its place, zero elsewhere.
    public subscript(index: Int) -> Variable { self[index..<index + 1].squeezed(axis: 0) }

    /// Consecutive entries along the first axis.
    public subscript(range: Range<Int>) -> Variable { sliced(range, axis: 0) }

    /// Consecutive entries along any axis. Pullback: w at their places, zero elsewhere.
    public func sliced(_ range: Range<Int>, axis: Int) -> Variable {
        let shape = self.shape
        let axis = shape.resolve(axis, "sliced")
        return computing(value.sliced(range, axis: axis)) { w in
            var widths = Array(repeating: (before: 0, after: 0), count: shape.rank)
            widths[axis] = (range.lowerBound, shape[axis] - range.upperBound)
            return w.padded(widths)
        }
    }

    /// The entries that `indices` name along an axis (`numpy.take`). Pullback: each entry gets the sum of
    /// what its copies got.
    public func taking(_ indices: Tensor, axis: Int = 0) -> Variable {
        let shape = self.shape
        return computing(value.taking(indices, axis: axis)) {
            Tensor.takingPullback($0, indices: indices, axis: axis, source: shape)
        }
    }

    /// For each place of `indices` the entry that it names along the axis (`numpy.take_along_axis`).
    public func gathering(_ indices: Tensor, axis: Int) -> Variable {
        let shape = self.shape
        return computing(value.gathering(indices, axis: axis)) {
            Tensor.gatheringPullback($0, indices: indices, axis: axis, source: shape)
        }
    }
}
