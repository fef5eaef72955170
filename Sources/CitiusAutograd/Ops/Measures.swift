import CitiusPlatform
import CitiusTensor

extension Variable {
    /// 1/√x of each element. Pullback: w ↦ −w·y³/2 with the result y.
    public func rsqrt() -> Variable {
        let result = value.rsqrt()
        return computing(result) { $0 * result * result.squared() * -0.5 }
    }

    /// The mean and the variance, of the population, over the given axes, all by default.
    public func moments(
        axes: [Int]? = nil, keepingAxes: Bool = false
    ) -> (mean: Variable, variance: Variable) {
        (mean(axes: axes, keepingAxes: keepingAxes), variance(axes: axes, keepingAxes: keepingAxes))
    }

    /// (Σ|x|ᵖ)^(1/p) over the given axes, all by default: the length of vectors for p = 2 (of matrices, over two axes,
    /// the Frobenius norm), the largest absolute value for p = ∞, the smallest for p = −∞, the number of elements that
    /// are not 0 for p = 0.
    ///
    /// The gradient of a length of 0 is 0. Keras's norms of matrices by singular values are `svd()`'s sums and maxima.
    ///
    /// Source: `numpy.linalg.norm`.
    public func norm(order: Double = 2, axes: [Int]? = nil, keepingAxes: Bool = false) -> Variable {
        switch order {
        case 0:
            let counts = (value .!= 0).cast(to: dtype)
            return Variable(counts.sum(axes: axes, keepingAxes: keepingAxes))
        case 1: return abs().sum(axes: axes, keepingAxes: keepingAxes)
        case .infinity: return abs().max(axes: axes, keepingAxes: keepingAxes)
        case -.infinity: return abs().min(axes: axes, keepingAxes: keepingAxes)
        case 2:
            let x = value
            let kept = x.squared().sum(axes: axes, keepingAxes: true).sqrt()
            let result = keepingAxes ? kept : x.squared().sum(axes: axes, keepingAxes: false).sqrt()
            return computing(result) { w in
                let divisor = Tensor.where(kept .== 0, w.scalar(1), kept)
                return x * (w.reshaped(to: kept.shape) / divisor)
            }
        default: return abs().pow(order).sum(axes: axes, keepingAxes: keepingAxes).pow(1 / order)
        }
    }

    /// The peak signal-to-noise ratio in decibels, 20·log₁₀ maximum − 10·log₁₀ of the mean squared difference.
    ///
    /// - Parameter maximum: the largest value that the signals could have, 1 or 255 for images.
    ///
    /// Traps if the shapes differ. Source: `keras.ops.psnr`.
    public func psnr(_ other: Variable, maximum: Double) -> Variable {
        require(shape == other.shape, "psnr: shapes \(shape) and \(other.shape), expected the same")
        return ((maximum * maximum) / (self - other).squared().mean()).log() * (10 / Double.log(10))
    }

    /// The entries along an axis, each without it. Pullback: their gradients, stacked again.
    public func unstacked(axis: Int = 0) -> [Variable] {
        let axis = shape.resolve(axis, "unstacked")
        return split(sizes: [Int](repeating: 1, count: shape[axis]), axis: axis).map {
            $0.squeezed(axis: axis)
        }
    }

    /// With other elements from a place on: an entry of `starts` for each axis. Pullback: w where the elements stayed; w
    /// where they were replaced.
    ///
    /// Traps if they do not fit. Source: `keras.ops.slice_update`.
    public func replacingSlice(at starts: [Int], with updates: Variable) -> Variable {
        let widths = value.sliceWidths(at: starts, updates.value)
        let isNew = Tensor(ones: updates.shape, dtype: .bool).padded(widths)
        return Variable.where(isNew, updates.padded(widths), self)
    }

    /// With places more along each axis, filled from the variable itself. Pullback: each element gets the sum of what its
    /// copies got.
    ///
    /// Traps if there is not a pair of widths for each axis, or if an axis is too short for the mode.
    public func padded(_ widths: [(before: Int, after: Int)], mode: PaddingMode) -> Variable {
        require(
            widths.count == shape.rank,
            "padded: \(widths.count) widths for shape \(shape), expected one for each axis")
        return widths.enumerated().reduce(self) { result, axis in
            axis.element == (0, 0)
                ? result : result.taking(mode.places(shape[axis.offset], axis.element), axis: axis.offset)
        }
    }
}

extension Tensor {
    /// (Σ|x|ᵖ)^(1/p) over the given axes, all by default: see `Variable.norm`.
    public func norm(order: Double = 2, axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        Variable(self).norm(order: order, axes: axes, keepingAxes: keepingAxes).value
    }
}
