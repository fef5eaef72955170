import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// Each element zero with probability `rate`, else divided by 1 − rate, so that the expectation stays
    /// (Srivastava et al. 2014, jmlr.org/papers/v15/srivastava14a). The gradient passes where the element did:
    /// a byte an element is kept for it. The same generator drops the same elements on any machine.
    ///
    /// Traps if the rate is not in 0..<1.
    public func dropout(rate: Double, generator: inout RandomGenerator) -> Variable {
        require(rate >= 0 && rate < 1, "dropout: rate \(rate), expected at least 0 and below 1")
        if rate == 0 { return self }
        let count = shape.count
        let mask = DropoutMask(
            generator.philox, firstBlock: generator.takeBlocks(DropoutMask.blocks(for: count)),
            keeping: 1 - rate)
        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            let scale = T(1 / (1 - rate))
            var keep = Tensor(uninitialized: shape, dtype: .uint8)
            let y = Tensor(shape: shape) { (y: UnsafeMutablePointer<T>) in
                value.withElements { x in
                    keep.withMutableElements { mask.drop(x, scale: scale, count: count, keep: $0, to: y) }
                }
            }
            return computing(y) { [keep] dy in
                Tensor(shape: dy.shape) { (dx: UnsafeMutablePointer<T>) in
                    dy.withElements { dy in
                        keep.withElements { applyMask($0, to: dy, scale: scale, count: count, into: dx) }
                    }
                }
            }
        }
        return apply(dtype.realType(for: "dropout"))
    }
}
