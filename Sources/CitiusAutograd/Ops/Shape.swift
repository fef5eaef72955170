import CitiusTensor

// Moving elements is linear: each pullback moves them back.

extension Variable {
    /// The same elements under another shape. Traps if the counts differ.
    public func reshaped(to newShape: Shape) -> Variable {
        let shape = self.shape
        return computing(value.reshaped(to: newShape)) { $0.reshaped(to: shape) }
    }

    /// The same elements under other sizes, one of which may be −1: what is left.
    public func reshaped(_ sizes: [Int]) -> Variable { reshaped(to: value.reshaped(sizes).shape) }

    /// All elements along one axis.
    public func flattened() -> Variable { reshaped(to: [shape.count]) }

    /// The last two axes exchanged. Traps for fewer than two.
    public func transposed() -> Variable { computing(value.transposed()) { $0.transposed() } }

    /// The axes in a new order: axis i of the result is axis `axes[i]` of this variable.
    public func permuted(_ axes: [Int]) -> Variable {
        let result = value.permuted(axes)
        let rank = shape.rank
        var inverse = [Int](repeating: 0, count: rank)
        for (position, axis) in axes.enumerated() { inverse[axis < 0 ? axis + rank : axis] = position }
        return computing(result) { $0.permuted(inverse) }
    }

    /// Without the axis, which must be of size 1; by default without all axes of size 1.
    public func squeezed(axis: Int? = nil) -> Variable { reshaped(to: value.squeezed(axis: axis).shape) }

    /// With a new axis of size 1 before the given one; −1 adds it at the end.
    public func expandingAxis(at axis: Int) -> Variable {
        reshaped(to: value.expandingAxis(at: axis).shape)
    }

    /// The same values repeated along new axes in front and along axes of size 1. Pullback: summed over them.
    public func expanded(to newShape: Shape) -> Variable {
        let shape = self.shape
        return computing(value.expanded(to: newShape)) { $0.summed(to: shape) }
    }

    /// The axes in reverse order of their elements.
    public func flipped(axes: [Int]) -> Variable {
        computing(value.flipped(axes: axes)) { $0.flipped(axes: axes) }
    }

    /// Each element `count` times in a row along an axis (`numpy.repeat`).
    public func repeated(_ count: Int, axis: Int) -> Variable {
        let sizes = shape.sizes
        let axis = shape.resolve(axis, "repeated")
        return computing(value.repeated(count, axis: axis)) { w in
            var spread = sizes
            spread.insert(count, at: axis + 1)
            return w.reshaped(spread).sum(axes: [axis + 1])
        }
    }

    /// The whole variable `counts[i]` times along axis i (`numpy.tile`).
    public func tiled(_ counts: [Int]) -> Variable {
        let sizes = shape.sizes
        return computing(value.tiled(counts)) { w in
            let spread = zip(counts, sizes).flatMap { [$0, $1] }
            return w.reshaped(to: Shape(spread)).sum(axes: sizes.indices.map { 2 * $0 })
        }
    }

    /// With `value` around: `widths[i].before` and `.after` places more along axis i.
    public func padded(_ widths: [(before: Int, after: Int)], value padding: Double = 0) -> Variable {
        let sizes = shape.sizes
        return computing(value.padded(widths, value: padding)) { w in
            zip(widths, sizes).enumerated().reduce(w) { result, axis in
                let start = axis.element.0.before
                return result.sliced(start..<start + axis.element.1, axis: axis.offset)
            }
        }
    }
}
