/// What sums, means and other reductions of tensors and of variables have in common: the axes are given as a list,
/// `axes: [0, -1]`, or as one, `axis: -1`.
///
/// Negative axes count from the end. A reduced axis is dropped, or kept with size 1 (`keepingAxes`).
public protocol AxisReducing {
    func sum(axes: [Int]?, keepingAxes: Bool) -> Self
    func product(axes: [Int]?, keepingAxes: Bool) -> Self
    func max(axes: [Int]?, keepingAxes: Bool) -> Self
    func min(axes: [Int]?, keepingAxes: Bool) -> Self
    func mean(axes: [Int]?, keepingAxes: Bool) -> Self
    func variance(axes: [Int]?, keepingAxes: Bool, correction: Int) -> Self
    func logSumExp(axes: [Int]?, keepingAxes: Bool) -> Self
}

extension AxisReducing {
    /// The sum along one axis.
    public func sum(axis: Int, keepingAxes: Bool = false) -> Self {
        sum(axes: [axis], keepingAxes: keepingAxes)
    }

    /// The product along one axis.
    public func product(axis: Int, keepingAxes: Bool = false) -> Self {
        product(axes: [axis], keepingAxes: keepingAxes)
    }

    /// The largest element along one axis.
    public func max(axis: Int, keepingAxes: Bool = false) -> Self {
        max(axes: [axis], keepingAxes: keepingAxes)
    }

    /// The smallest element along one axis.
    public func min(axis: Int, keepingAxes: Bool = false) -> Self {
        min(axes: [axis], keepingAxes: keepingAxes)
    }

    /// The mean along one axis.
    public func mean(axis: Int, keepingAxes: Bool = false) -> Self {
        mean(axes: [axis], keepingAxes: keepingAxes)
    }

    /// The variance along one axis, Σ (x − mean)² / (n − correction).
    public func variance(axis: Int, keepingAxes: Bool = false, correction: Int = 0) -> Self {
        variance(axes: [axis], keepingAxes: keepingAxes, correction: correction)
    }

    /// log Σ exp(x) along one axis, without overflow.
    public func logSumExp(axis: Int, keepingAxes: Bool = false) -> Self {
        logSumExp(axes: [axis], keepingAxes: keepingAxes)
    }
}

extension Tensor: AxisReducing {
    /// Whether any element along one axis holds. Traps if the tensor is not bool.
    public func any(axis: Int, keepingAxes: Bool = false) -> Tensor {
        any(axes: [axis], keepingAxes: keepingAxes)
    }

    /// Whether all elements along one axis hold. Traps if the tensor is not bool.
    public func all(axis: Int, keepingAxes: Bool = false) -> Tensor {
        all(axes: [axis], keepingAxes: keepingAxes)
    }
}
