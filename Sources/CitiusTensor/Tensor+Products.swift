import CitiusKernels
import CitiusPlatform

extension Tensor {
    /// The matrix product of the last two axes; axes before them are a batch and broadcast.
    ///
    /// [.., m, k] · [.., k, n] = [.., m, n]. As in NumPy, an operand of one axis is a row on the left and a
    /// column on the right, and that axis is dropped from the result. With `transposingLeft` the left operand
    /// is [.., k, m], with `transposingRight` the right one [.., n, k]; neither is copied.
    ///
    /// Traps if the shapes do not fit or the dtypes differ. Integers are multiplied as int64, by a plain loop.
    public func matmul(
        _ other: Tensor, transposingLeft: Bool = false, transposingRight: Bool = false
    ) -> Tensor {
        Self.requireOneDType("matmul", self, other)
        require(
            rank >= 1 && other.rank >= 1,
            "matmul: shapes \(shape) and \(other.shape), expected at least one axis each")
        if rank == 1 || other.rank == 1 {
            let left = rank == 1 ? expandingAxis(at: transposingLeft ? 1 : 0) : self
            let right = other.rank == 1 ? other.expandingAxis(at: transposingRight ? 0 : 1) : other
            let product = left.matmul(
                right, transposingLeft: transposingLeft, transposingRight: transposingRight)
            var sizes = product.shape.sizes
            if other.rank == 1 { sizes.removeLast() }
            if rank == 1 { sizes.remove(at: sizes.count - (other.rank == 1 ? 1 : 2)) }
            return product.viewed(as: Shape(sizes))
        }
        let (m, k) = transposingLeft ? (shape[-1], shape[-2]) : (shape[-2], shape[-1])
        let (otherK, n) =
            transposingRight ? (other.shape[-1], other.shape[-2]) : (other.shape[-2], other.shape[-1])
        require(
            k == otherK,
            "matmul: shapes \(shape)\(transposingLeft ? " transposed" : "") and \(other.shape)\(transposingRight ? " transposed" : "") do not meet: \(k) against \(otherK)"
        )
        if !dtype.isFloatingPoint {
            return integerProduct(other, transposingLeft, transposingRight)
        }
        let leftBatch = Array(shape.sizes.dropLast(2))
        let rightBatch = Array(other.shape.sizes.dropLast(2))
        guard let batch = BroadcastLayout.resultSizes([leftBatch, rightBatch]) else {
            fail(
                "matmul: the batch axes of shapes \(shape) and \(other.shape) do not broadcast together")
        }
        let plan = MatrixBatch(left: leftBatch, right: rightBatch, result: batch)
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: Shape(batch + [m, n])) { (out: UnsafeMutablePointer<T>) in
                withElements { a in
                    other.withElements { b in
                        plan.multiply(
                            transposeA: transposingLeft, transposeB: transposingRight, rows: m, columns: n,
                            depth: k, a, b, out)
                    }
                }
            }
        }
        return apply(dtype.realType(for: "matmul"))
    }

    private func integerProduct(
        _ other: Tensor, _ transposingLeft: Bool, _ transposingRight: Bool
    ) -> Tensor {
        require(dtype != .bool, "matmul: the tensors are bool, expected numbers; cast them first")
        let left = (transposingLeft ? transposed() : self).cast(to: .int64).expandingAxis(at: -1)
        let right = (transposingRight ? other.transposed() : other).cast(to: .int64).expandingAxis(at: -3)
        return (left * right).sum(axes: [-2])
    }
}
