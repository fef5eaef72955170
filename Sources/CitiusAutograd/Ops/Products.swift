import CitiusTensor

extension Variable {
    /// The matrix product of the last two axes; axes before them are a batch and broadcast.
    ///
    /// With C = op(A)·op(B), where op transposes or not: the pullback of w is w·op(B)ᵀ for op(A) and
    /// op(A)ᵀ·w for op(B), transposed back, and summed over the batch axes along which an operand was
    /// repeated. See ``/CitiusTensor/Tensor/matmul(_:transposingLeft:transposingRight:)`` for operands of one axis.
    public func matmul(
        _ other: Variable, transposingLeft: Bool = false, transposingRight: Bool = false
    ) -> Variable {
        if shape.rank == 1 || other.shape.rank == 1 {
            let left = shape.rank == 1 ? expandingAxis(at: transposingLeft ? 1 : 0) : self
            let right = other.shape.rank == 1 ? other.expandingAxis(at: transposingRight ? 0 : 1) : other
            let product = left.matmul(
                right, transposingLeft: transposingLeft, transposingRight: transposingRight)
            let result = value.matmul(
                other.value, transposingLeft: transposingLeft, transposingRight: transposingRight)
            return product.reshaped(to: result.shape)
        }
        let (a, b) = (value, other.value)
        let (needsA, needsB) = (isTracked, other.isTracked)
        let result = a.matmul(b, transposingLeft: transposingLeft, transposingRight: transposingRight)
        return Variable(result, computedFrom: self, other) { w in
            var gradients: [Tensor?] = [nil, nil]
            if needsA {
                let gradient =
                    transposingLeft
                    ? b.matmul(w, transposingLeft: transposingRight, transposingRight: true)
                    : w.matmul(b, transposingRight: !transposingRight)
                gradients[0] = gradient.summed(to: a.shape)
            }
            if needsB {
                let gradient =
                    transposingRight
                    ? w.matmul(a, transposingLeft: true, transposingRight: transposingLeft)
                    : a.matmul(w, transposingLeft: !transposingLeft)
                gradients[1] = gradient.summed(to: b.shape)
            }
            return gradients
        }
    }
}
