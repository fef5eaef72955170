import CitiusKernels
import CitiusTensor

extension Variable: AxisReducing {
    /// The sum over the given axes, all by default. Pullback: w, repeated along them.
    public func sum(axes: [Int]? = nil, keepingAxes: Bool = false) -> Variable {
        let shape = self.shape
        let kept = shape.reduced(along: axes)
        return computing(value.sum(axes: axes, keepingAxes: keepingAxes)) {
            $0.reshaped(to: kept).expanded(to: shape)
        }
    }

    /// The mean over the given axes, all by default. Pullback: w/n, repeated along them.
    public func mean(axes: [Int]? = nil, keepingAxes: Bool = false) -> Variable {
        let shape = self.shape
        let kept = shape.reduced(along: axes)
        let count = Double(shape.count / Swift.max(kept.count, 1))
        return computing(value.mean(axes: axes, keepingAxes: keepingAxes)) {
            ($0.reshaped(to: kept) / count).expanded(to: shape)
        }
    }

    /// The largest element along the given axes, all by default. Pullback: w to the largest, in equal parts
    /// where several are.
    public func max(axes: [Int]? = nil, keepingAxes: Bool = false) -> Variable {
        extremum(value.max(axes: axes, keepingAxes: true), axes, keepingAxes)
    }

    /// The smallest element along the given axes, all by default. Pullback: w to the smallest, in equal
    /// parts where several are.
    public func min(axes: [Int]? = nil, keepingAxes: Bool = false) -> Variable {
        extremum(value.min(axes: axes, keepingAxes: true), axes, keepingAxes)
    }

    private func extremum(_ extremum: Tensor, _ axes: [Int]?, _ keepingAxes: Bool) -> Variable {
        let x = value
        let result = keepingAxes ? extremum : extremum.reshaped(to: shape.dropping(axes))
        return computing(result) { w in
            let isExtremum = (x .== extremum).cast(to: w.dtype)
            let share = w.reshaped(to: extremum.shape) / isExtremum.sum(axes: axes, keepingAxes: true)
            return isExtremum * share
        }
    }

    /// The product over the given axes, all by default.
    ///
    /// Pullback: w times the product of the other elements, also where elements are zero: with one zero
    /// along the axes only that element has a gradient, with two none has.
    public func product(axes: [Int]? = nil, keepingAxes: Bool = false) -> Variable {
        let x = value
        let kept = shape.reduced(along: axes)
        return computing(x.product(axes: axes, keepingAxes: keepingAxes)) { w in
            let (one, zero) = (w.scalar(1), w.scalar(0))
            let isZero = x .== 0
            let nonZero = Tensor.where(isZero, one, x)
            let product = nonZero.product(axes: axes, keepingAxes: true) * w.reshaped(to: kept)
            let zeros = isZero.cast(to: w.dtype).sum(axes: axes, keepingAxes: true)
            let others = zeros - isZero.cast(to: w.dtype)
            return Tensor.where(others .== 0, product / nonZero, zero)
        }
    }

    /// The variance Σ(x − x̄)²/(n − correction) over the given axes, all by default.
    ///
    /// Pullback: w ↦ 2w·(x − x̄)/(n − correction).
    public func variance(
        axes: [Int]? = nil, keepingAxes: Bool = false, correction: Int = 0
    ) -> Variable {
        let x = value
        let kept = shape.reduced(along: axes)
        let divisor = Double(shape.count / Swift.max(kept.count, 1) - correction)
        return computing(x.variance(axes: axes, keepingAxes: keepingAxes, correction: correction)) { w in
            let deviation = x - x.mean(axes: axes, keepingAxes: true)
            return deviation * (w.reshaped(to: kept) * (2 / divisor))
        }
    }

    /// ln Σ eˣ over the given axes, all by default, without overflow. Pullback: w times the softmax.
    public func logSumExp(axes: [Int]? = nil, keepingAxes: Bool = false) -> Variable {
        let x = value
        let kept = shape.reduced(along: axes)
        let result = x.logSumExp(axes: axes, keepingAxes: keepingAxes)
        return computing(result) { w in
            (x - result.reshaped(to: kept)).exp() * w.reshaped(to: kept)
        }
    }

    /// eˣ/Σ eˣ along an axis. Pullback: w ↦ y·(w − Σ w·y) with the result y.
    ///
    /// A cross-entropy of the result works on x itself, so that nothing is lost where a probability rounds
    /// to 0.
    public func softmax(axis: Int = -1) -> Variable {
        let result = value.softmax(axis: axis)
        var variable = computing(result) { w in
            result * (w - (w * result).sum(axes: [axis], keepingAxes: true))
        }
        // Cross-entropies take it from there, along the last axis.
        if axis == -1 || axis == shape.rank - 1 { variable.origin = .softmax(of: withoutOrigin) }
        return variable
    }

    /// x − ln Σ eˣ along an axis. Pullback: w ↦ w − eʸ·Σ w with the result y.
    public func logSoftmax(axis: Int = -1) -> Variable {
        let result = value.logSoftmax(axis: axis)
        return computing(result) { w in
            w - result.exp() * w.sum(axes: [axis], keepingAxes: true)
        }
    }
}

extension Shape {
    /// The shape with a 1 for each of the axes: what a reduction leaves that keeps them.
    fileprivate func reduced(along axes: [Int]?) -> Shape {
        var sizes = self.sizes
        for axis in axes ?? Array(0..<rank) { sizes[resolve(axis, "reduction")] = 1 }
        return Shape(sizes)
    }

    /// The shape without the axes: what a reduction leaves that does not keep them.
    fileprivate func dropping(_ axes: [Int]?) -> Shape {
        guard let axes else { return [] }
        let dropped = Set(axes.map { resolve($0, "reduction") })
        return Shape(sizes.indices.filter { !dropped.contains($0) }.map { sizes[$0] })
    }
}
