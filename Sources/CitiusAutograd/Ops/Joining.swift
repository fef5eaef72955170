import CitiusTensor

extension Variable {
    /// The variables one after another along an axis. Pullback: each gets its piece.
    ///
    /// Traps if there are none or if they differ in dtype or in any other axis.
    public static func concatenate(_ variables: [Variable], axis: Int = 0) -> Variable {
        let result = Tensor.concatenate(variables.map(\.value), axis: axis)
        let sizes = variables.map { $0.shape[axis] }
        return computed([result], from: variables) { cotangents in
            guard let cotangent = cotangents[0] else { return sizes.map { _ in nil } }
            return cotangent.split(sizes: sizes, axis: axis)
        }[0]
    }

    /// The variables one after another along a new axis. Traps if there are none or their shapes differ.
    public static func stack(_ variables: [Variable], axis: Int = 0) -> Variable {
        concatenate(variables.map { $0.expandingAxis(at: axis) }, axis: axis)
    }

    /// Consecutive pieces of the given sizes along an axis. Pullback: the pieces' gradients, joined again.
    public func split(sizes: [Int], axis: Int = 0) -> [Variable] {
        let pieces = value.split(sizes: sizes, axis: axis)
        let shapes = pieces.map(\.shape)
        let dtype = self.dtype
        return Variable.computed(pieces, from: [self]) { cotangents in
            let parts = zip(cotangents, shapes).map { $0 ?? Tensor(zeros: $1, dtype: dtype) }
            return [Tensor.concatenate(parts, axis: axis)]
        }
    }

    /// Pieces of equal size along an axis. Traps if the axis does not divide evenly.
    public func split(parts: Int, axis: Int = 0) -> [Variable] {
        split(sizes: value.split(parts: parts, axis: axis).map { $0.shape[axis] }, axis: axis)
    }
}
