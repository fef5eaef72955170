import CitiusKernels
import CitiusTensor

extension Variable {
    /// Each element zero with probability `rate`, else divided by 1 − rate, so that the expectation stays
    /// (Srivastava et al. 2014, jmlr.org/papers/v15/srivastava14a). The gradient passes where the element did.
    ///
    /// Traps if the rate is not in 0..<1.
    public func dropout(rate: Double, generator: inout RandomGenerator) -> Variable {
        require(rate >= 0 && rate < 1, "dropout: rate \(rate), expected at least 0 and below 1")
        if rate == 0 { return self }
        var mask = Tensor(bernoulli: shape, probability: 1 - rate, dtype: dtype, using: &generator)
        mask *= 1 / (1 - rate)
        return Variable(value * mask, computedFrom: self) { [mask] cotangent in [cotangent * mask] }
    }
}
