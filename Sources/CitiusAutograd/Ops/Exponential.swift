import CitiusTensor

extension Variable {
    /// eˣ of each element. Pullback: w ↦ w·eˣ.
    public func exp() -> Variable {
        let result = value.exp()
        return computing(result) { $0 * result }
    }

    /// The natural logarithm of each element. Pullback: w ↦ w/x.
    public func log() -> Variable {
        let x = value
        return computing(x.log()) { $0 / x }
    }

    /// ln(1 + x) of each element, exact for small x. Pullback: w ↦ w/(1 + x).
    public func log1p() -> Variable {
        let x = value
        return computing(x.log1p()) { $0 / (x + 1) }
    }

    /// The square root of each element. Pullback: w ↦ w/(2√x), infinite at zero.
    public func sqrt() -> Variable {
        let result = value.sqrt()
        return computing(result) { $0 / (result * 2) }
    }

    /// x² of each element. Pullback: w ↦ 2w·x.
    public func squared() -> Variable {
        let x = value
        return computing(x.squared()) { $0 * x * 2 }
    }

    /// 1/x of each element. Pullback: w ↦ −w/x².
    public func reciprocal() -> Variable {
        let result = value.reciprocal()
        return computing(result) { -($0 * result.squared()) }
    }

    /// The error function of each element. Pullback: w ↦ w·(2/√π)·exp(−x²).
    public func erf() -> Variable {
        let x = value
        let twoOverRootPi = 2 / Double.pi.squareRoot()
        return computing(x.erf()) { $0 * (-x.squared()).exp() * twoOverRootPi }
    }

    /// The sine of each element, in radians. Pullback: w ↦ w·cos x.
    public func sin() -> Variable {
        let x = value
        return computing(x.sin()) { $0 * x.cos() }
    }

    /// The cosine of each element, in radians. Pullback: w ↦ −w·sin x.
    public func cos() -> Variable {
        let x = value
        return computing(x.cos()) { -($0 * x.sin()) }
    }

    /// xᵖ of each element. Pullback: w ↦ w·p·xᵖ⁻¹; zero for p = 0, also at x = 0.
    public func pow(_ exponent: Double) -> Variable {
        let x = value
        return computing(x.pow(exponent)) { w in
            exponent == 0
                ? Tensor(zeros: w.shape, dtype: w.dtype) : w * x.pow(exponent - 1) * exponent
        }
    }

    /// xᵖ of the elements of two variables, broadcasting.
    ///
    /// Pullback: w ↦ (w·p·xᵖ⁻¹, w·xᵖ·ln x), where the first is zero for p = 0 and the second for x = 0, the
    /// limits that PyTorch takes too. For x < 0 the second is NaN: the function is not differentiable there.
    public func pow(_ exponent: Variable) -> Variable {
        let (x, p) = (value, exponent.value)
        let result = x.pow(p)
        let isTracked = (base: self.isTracked, exponent: exponent.isTracked)
        return Variable(result, computedFrom: self, exponent) { w in
            let zero = Tensor(zeros: [], dtype: w.dtype)
            var gradients: [Tensor?] = [nil, nil]
            if isTracked.base {
                let slope = Tensor.where(p .== 0, zero, p * x.pow(p - 1))
                gradients[0] = (w * slope).summed(to: x.shape)
            }
            if isTracked.exponent {
                let slope = Tensor.where(x .== 0, zero, result * x.log())
                gradients[1] = (w * slope).summed(to: p.shape)
            }
            return gradients
        }
    }

    /// xᵖ with a constant exponent for each element.
    public func pow(_ exponent: Tensor) -> Variable { pow(Variable(exponent)) }
}
