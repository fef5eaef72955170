import CitiusTensor

extension Variable {
    /// The elements in order along an axis, and where each stood. Pullback: back to where they stood.
    public func sorted(axis: Int = -1, descending: Bool = false) -> (values: Variable, indices: Tensor) {
        let (values, indices) = value.sorted(axis: axis, descending: descending)
        return (gathered(values, by: indices, axis: axis), indices)
    }

    /// The `k` largest elements along an axis, largest first, and where each stood.
    public func topK(_ k: Int, axis: Int = -1) -> (values: Variable, indices: Tensor) {
        let (values, indices) = value.topK(k, axis: axis)
        return (gathered(values, by: indices, axis: axis), indices)
    }

    /// The sums of the elements up to each one along an axis. Pullback: the sums from each one to the end.
    public func cumulativeSum(axis: Int) -> Variable {
        computing(value.cumulativeSum(axis: axis)) { $0.cumulativeSum(axis: axis, isReversed: true) }
    }

    private func gathered(_ values: Tensor, by indices: Tensor, axis: Int) -> Variable {
        let shape = self.shape
        return computing(values) {
            Tensor.gatheringPullback($0, indices: indices, axis: axis, source: shape)
        }
    }
}
