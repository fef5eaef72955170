import CitiusKernels
import CitiusPlatform

extension Tensor {
    /// The elements in order along an axis, and where each stood (int64). Equal ones keep their order; NaN
    /// comes last.
    public func sorted(axis: Int = -1, descending: Bool = false) -> (values: Tensor, indices: Tensor) {
        let axis = shape.resolve(axis, "sorted")
        let (outer, inner) = extents(around: axis)
        func apply<T: NumberScalar>(_ type: T.Type) -> (Tensor, Tensor) {
            var indices = Tensor(uninitialized: shape, dtype: .int64)
            let values = Tensor(shape: shape) { (values: UnsafeMutablePointer<T>) in
                withElements { x in
                    indices.withMutableElements { indices in
                        sortAxis(
                            x, outer: outer, axisSize: shape.sizes[axis], inner: inner,
                            isDescending: descending, values: values, indices: indices)
                    }
                }
            }
            return (values, indices)
        }
        return apply(dtype.numberType(for: "sorted"))
    }

    /// Where the elements stood that come first, second, … in order along an axis (int64).
    public func argSorted(axis: Int = -1, descending: Bool = false) -> Tensor {
        sorted(axis: axis, descending: descending).indices
    }

    /// The `k` largest elements along an axis, largest first, and where each stood (int64). Traps if the axis
    /// has fewer than `k`.
    public func topK(_ k: Int, axis: Int = -1) -> (values: Tensor, indices: Tensor) {
        let axis = shape.resolve(axis, "topK")
        require(
            k >= 0 && k <= shape.sizes[axis],
            "topK: \(k) elements of axis \(axis) of shape \(shape), which has \(shape.sizes[axis])")
        let (values, indices) = sorted(axis: axis, descending: true)
        return (values.sliced(0..<k, axis: axis), indices.sliced(0..<k, axis: axis))
    }

    /// The sums of the elements up to each one along an axis, itself included.
    public func cumulativeSum(axis: Int) -> Tensor { cumulativeSum(axis: axis, isReversed: false) }

    /// The same from the end: the pullback of the one from the start.
    package func cumulativeSum(axis: Int, isReversed: Bool) -> Tensor {
        let axis = shape.resolve(axis, "cumulativeSum")
        let (outer, inner) = extents(around: axis)
        func apply<T: NumberScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                withElements {
                    CitiusKernels.cumulativeSum(
                        $0, outer: outer, axisSize: shape.sizes[axis], inner: inner, isReversed: isReversed,
                        to: out)
                }
            }
        }
        return apply(dtype.numberType(for: "cumulativeSum"))
    }

    /// The whole numbers of a range, one after another.
    public init(range: Range<Int>, dtype: DType = .int64) {
        self = Tensor(range.map { Int64($0) }).cast(to: dtype)
    }

    /// The identity matrix, of shape [size, size].
    public init(identity size: Int, dtype: DType = .float32) {
        self = Tensor(range: 0..<size).oneHot(size, dtype: dtype)
    }
}
