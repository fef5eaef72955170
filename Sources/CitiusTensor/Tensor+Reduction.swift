import CitiusKernels
import CitiusPlatform

// Reductions take the axes to reduce (all by default; negative ones count from the end) and drop them, or
// keep them with size 1.
extension Tensor {
    /// The sum. Integers sum as int64; over no elements it is 0.
    ///
    /// Reals are added in blocks and the blocks in pairs: the error stays below (130 + log₂ n)·ε·Σ|x| for n elements.
    public func sum(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        reduced(.sum, "sum", axes, keepingAxes)
    }

    /// The product. Integers multiply as int64; over no elements it is 1.
    public func product(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        reduced(.product, "product", axes, keepingAxes)
    }

    /// The largest element; a NaN wins. Traps over no elements.
    public func max(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        reduced(.maximum, "max", axes, keepingAxes)
    }

    /// The smallest element; a NaN wins. Traps over no elements.
    public func min(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        reduced(.minimum, "min", axes, keepingAxes)
    }

    /// The arithmetic mean: of integers as float32, the exact sum's quotient rounded; NaN over no elements.
    public func mean(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        let sum = sum(axes: axes, keepingAxes: keepingAxes)
        let terms = Double(count) / Double(sum.count)
        if dtype.isFloatingPoint { return sum / terms }
        return (sum.cast(to: .float64) / terms).cast(to: .float32)
    }

    /// The variance, Σ (x − mean)² / (n − correction): of the population by default, of a sample with 1.
    ///
    /// In two passes, of which the second takes off what the rounded mean left (Chan, Golub and LeVeque 1983,
    /// doi:10.1080/00031305.1983.10483115, equation 1.7).
    public func variance(axes: [Int]? = nil, keepingAxes: Bool = false, correction: Int = 0) -> Tensor {
        let real = dtype.isFloatingPoint ? self : cast(to: .float32)
        let differences = real - real.mean(axes: axes, keepingAxes: true)
        let squares = differences.squared().sum(axes: axes, keepingAxes: keepingAxes)
        let terms = Double(count) / Double(squares.count)
        let rest = differences.sum(axes: axes, keepingAxes: keepingAxes)
        return (squares - rest.squared() / terms).maximum(0) / (terms - Double(correction))
    }

    /// Whether any element holds. Traps if the tensor is not bool.
    public func any(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        require(dtype == .bool, "any: the tensor is \(dtype), expected bool")
        return cast(to: .int64).sum(axes: axes, keepingAxes: keepingAxes) .> 0
    }

    /// Whether all elements hold. Traps if the tensor is not bool.
    public func all(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        .!(.!self).any(axes: axes, keepingAxes: keepingAxes)
    }

    /// log Σ exp(x), without overflow; −∞ over no elements.
    public func logSumExp(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        let plan = ReductionPlan(self, "logSumExp", axes, keepingAxes)
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: plan.result) { (out: UnsafeMutablePointer<T>) in
                plan.source.withElements {
                    CitiusKernels.logSumExp(
                        $0, outer: plan.outer, reduced: plan.reduced, inner: plan.inner, to: out)
                }
            }
        }
        return apply(dtype.realType(for: "logSumExp"))
    }

    /// Where the largest element lies along an axis, as int64: the first of equals. Traps if the axis is empty.
    public func argMax(axis: Int) -> Tensor { position("argMax", axis, ofLargest: true) }

    /// Where the smallest element lies along an axis, as int64: the first of equals. Traps if the axis is empty.
    public func argMin(axis: Int) -> Tensor { position("argMin", axis, ofLargest: false) }

    /// exp(x) / Σ exp(x) along an axis, without overflow.
    public func softmax(axis: Int = -1) -> Tensor { softmax("softmax", axis, isLogarithm: false) }

    /// log softmax(x) along an axis, exact where the softmax would round to 0.
    public func logSoftmax(axis: Int = -1) -> Tensor { softmax("logSoftmax", axis, isLogarithm: true) }

    /// The sum over the axes along which `shape` was repeated to become this tensor's: how the gradient of a
    /// broadcast comes back.
    package func summed(to target: Shape) -> Tensor {
        if target == shape { return self }
        let extra = rank - target.rank
        let axes = (0..<rank).filter { $0 < extra || target.sizes[$0 - extra] != shape.sizes[$0] }
        return sum(axes: axes, keepingAxes: true).viewed(as: target)
    }

    // MARK: Shared

    private func reduced(
        _ function: ReductionFunction, _ operation: String, _ axes: [Int]?, _ keepingAxes: Bool
    ) -> Tensor {
        if function == .sum && !dtype.isFloatingPoint { return integerSum(operation, axes, keepingAxes) }
        let isExtremum = function == .maximum || function == .minimum
        let source = isExtremum || dtype.isFloatingPoint ? self : cast(to: .int64)
        let plan = ReductionPlan(source, operation, axes, keepingAxes)
        require(
            !isExtremum || plan.reduced > 0 || plan.result.count == 0,
            "\(operation): the axes of shape \(shape) hold no elements")
        func apply<T: NumberScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: plan.result) { (out: UnsafeMutablePointer<T>) in
                plan.source.withElements {
                    reduce(
                        function, $0, outer: plan.outer, reduced: plan.reduced, inner: plan.inner, to: out)
                }
            }
        }
        return apply(source.dtype.numberType(for: operation))
    }

    private func integerSum(_ operation: String, _ axes: [Int]?, _ keepingAxes: Bool) -> Tensor {
        let plan = ReductionPlan(
            dtype == .bool ? cast(to: .uint8) : self, operation, axes, keepingAxes)
        func apply<T: NumberScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: plan.result) { (out: UnsafeMutablePointer<Int64>) in
                plan.source.withElements { (x: UnsafePointer<T>) in
                    sumIntegers(x, outer: plan.outer, reduced: plan.reduced, inner: plan.inner, to: out)
                }
            }
        }
        return apply(plan.source.dtype.numberType(for: operation))
    }

    private func position(_ operation: String, _ axis: Int, ofLargest: Bool) -> Tensor {
        let plan = ReductionPlan(self, operation, [axis], false)
        require(plan.reduced > 0, "\(operation): axis \(axis) of shape \(shape) holds no elements")
        func apply<T: NumberScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: plan.result) { (out: UnsafeMutablePointer<Int64>) in
                withElements { (x: UnsafePointer<T>) in
                    positionOfExtremum(
                        x, outer: plan.outer, reduced: plan.reduced, inner: plan.inner, ofLargest: ofLargest,
                        to: out)
                }
            }
        }
        return apply(dtype.numberType(for: operation))
    }

    private func softmax(_ operation: String, _ axis: Int, isLogarithm: Bool) -> Tensor {
        let plan = ReductionPlan(self, operation, [axis], true)
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                withElements {
                    CitiusKernels.softmax(
                        $0, outer: plan.outer, reduced: plan.reduced, inner: plan.inner,
                        isLogarithm: isLogarithm, to: out)
                }
            }
        }
        return apply(dtype.realType(for: operation))
    }
}

/// A reduction as the kernels see it: the source as [outer, reduced, inner].
private struct ReductionPlan {
    let source: Tensor
    let outer: Int
    let reduced: Int
    let inner: Int
    let result: Shape

    init(_ tensor: Tensor, _ operation: String, _ axes: [Int]?, _ keepingAxes: Bool) {
        let shape = tensor.shape
        guard let axes else {
            (source, outer, reduced, inner) = (tensor, 1, shape.count, 1)
            result = keepingAxes ? Shape([Int](repeating: 1, count: shape.rank)) : []
            return
        }
        let chosen = Set(axes.map { shape.resolve($0, operation) }).sorted()
        require(
            axes.count == chosen.count,
            "\(operation): axes \(axes) name an axis of shape \(shape) twice")
        let kept = (0..<shape.rank).filter { !chosen.contains($0) }
        result = Shape(
            keepingAxes
                ? shape.sizes.enumerated().map { chosen.contains($0) ? 1 : $1 } : kept.map { shape.sizes[$0] }
        )
        reduced = chosen.reduce(1) { $0 * shape.sizes[$1] }
        if let first = chosen.first, let last = chosen.last, last - first + 1 == chosen.count {
            source = tensor
            outer = Shape.count(of: shape.sizes[..<first])
            inner = Shape.count(of: shape.sizes[(last + 1)...])
        } else if chosen.isEmpty {
            source = tensor
            outer = shape.count
            inner = 1
        } else {
            // The axes lie apart: bring them to the end first.
            source = tensor.permuted(kept + chosen)
            outer = kept.reduce(1) { $0 * shape.sizes[$1] }
            inner = 1
        }
    }
}
