import CitiusKernels
import CitiusPlatform
import CitiusTensor

// Activations that are a line, a parabola or a constant in each piece of the axis.

extension Variable {
    /// x above the threshold t, slope·(x − t) below it, and no more than `maximum` where there is one. The plain relu is
    /// `relu()`.
    ///
    /// Pullback: w between t and the maximum, slope·w below t, else 0.
    ///
    /// Traps if the threshold is negative.
    public func relu(negativeSlope: Double, maximum: Double? = nil, threshold: Double = 0) -> Variable {
        require(threshold >= 0, "relu: the threshold is \(threshold), expected 0 or more")
        if threshold == 0 && negativeSlope == 0 {
            guard let maximum else { return relu() }
            guard maximum > 0 else { return computing(value * 0) { $0 * 0 } }
            return clamped(
                value.clamped(to: 0...maximum), Clamp(lower: 0, upper: maximum), "relu")
        }
        let x = value
        let isAbove = x .> threshold
        let above = maximum.map { x.minimum($0) } ?? x
        let below = negativeSlope == 0 ? x.scalar(0) : (x - threshold) * negativeSlope
        return computing(Tensor.where(isAbove, above, below)) { w in
            let passed = maximum.map { w.kept(where: x .< $0) } ?? w
            return Tensor.where(isAbove, passed, w * negativeSlope)
        }
    }

    /// x where x > 0, α·x elsewhere, with an α that is learned and broadcast to x.
    ///
    /// Pullback: w or α·w to x; the sums of w·x where x ≤ 0 to α.
    ///
    /// Source: He, Zhang, Ren, Sun, arXiv:1502.01852.
    public func prelu(alpha: Variable) -> Variable {
        let (x, slope) = (value, alpha.value)
        let isTracked = (x: self.isTracked, alpha: alpha.isTracked)
        let isPositive = x .> 0
        return Variable(Tensor.where(isPositive, x, x * slope), computedFrom: self, alpha) { w in
            [
                isTracked.x ? Tensor.where(isPositive, w, w * slope) : nil,
                isTracked.alpha
                    ? Tensor.where(isPositive, w.scalar(0), w * x).summed(to: slope.shape) : nil,
            ]
        }
    }

    /// min(max(x, −1), 1). Pullback: w where −1 < x < 1, else 0.
    public func hardTanh() -> Variable {
        clamped(value.clamped(to: -1...1), Clamp(lower: -1, upper: 1), "hardTanh")
    }

    /// x where |x| > λ, else 0. Pullback: w there.
    public func hardShrink(threshold: Double = 0.5) -> Variable {
        let isKept = value.abs() .> threshold
        return computing(value.kept(where: isKept)) { $0.kept(where: isKept) }
    }

    /// x, by λ nearer to 0, where |x| > λ, else 0. Pullback: w there.
    public func softShrink(threshold: Double = 0.5) -> Variable {
        let isKept = value.abs() .> threshold
        return computing((value - value.sign() * threshold).kept(where: isKept)) { $0.kept(where: isKept) }
    }

    /// x where x > t, else a default. Pullback: w there. Keras's `threshold`.
    public func thresholded(at threshold: Double, default: Double) -> Variable {
        let isKept = value .> threshold
        return computing(Tensor.where(isKept, value, value.scalar(`default`))) { $0.kept(where: isKept) }
    }

    /// 0 up to −1, (x + 1)²/4 up to 1, then x. Pullback: 0, w·(x + 1)/2, w.
    ///
    /// The integral of `sparseSigmoid`.
    public func sparsePlus() -> Variable {
        let x = value
        let isLine = x .>= 1
        let inner = (x + 1).maximum(0)
        return computing(Tensor.where(isLine, x, inner.squared() * 0.25)) { w in
            Tensor.where(isLine, w, w * inner * 0.5)
        }
    }

    /// 0 up to −1, (x + 1)/2 up to 1, then 1. Pullback: w/2 where −1 < x < 1, else 0.
    public func sparseSigmoid() -> Variable {
        let x = value
        return computing(((x + 1) * 0.5).clamped(to: 0...1)) { w in
            (w * 0.5).kept(where: (x .> -1) .& (x .< 1))
        }
    }

    /// The point of the probability simplex nearest to x along an axis: max(x − τ, 0), with the τ for which the sum is
    /// 1. Unlike a softmax it gives zeros.
    ///
    /// Pullback: w − (the mean of w where y > 0) where y > 0, else 0, with the result y.
    ///
    /// Follows the paper; Keras 3.15 takes another τ where more than one element stays, and its result does not sum to 1.
    ///
    /// Source: Martins, Astudillo, arXiv:1602.02068.
    public func sparsemax(axis: Int = -1) -> Variable {
        let x = value
        let axis = shape.resolve(axis, "sparsemax")
        let sorted = x.sorted(axis: axis, descending: true).values
        let count = shape[axis]
        let ranks = Tensor(range: 1..<count + 1).cast(to: dtype).reshaped(
            [count] + [Int](repeating: 1, count: shape.rank - 1 - axis))
        let isIn = sorted - (sorted.cumulativeSum(axis: axis) - 1) / ranks .> 0
        let size = isIn.cast(to: dtype).sum(axes: [axis], keepingAxes: true)
        let tau = (sorted.kept(where: isIn).sum(axes: [axis], keepingAxes: true) - 1) / size
        let result = (x - tau).maximum(0)
        return computing(result) { w in
            let support = (result .> 0).cast(to: w.dtype)
            let supported = w * support
            let mean =
                supported.sum(axes: [axis], keepingAxes: true) / support.sum(axes: [axis], keepingAxes: true)
            return supported - mean * support
        }
    }
}
