import CitiusKernels
import CitiusPlatform

extension Tensor {
    /// The same elements under another shape. Costs nothing. Traps if the counts differ.
    public func reshaped(to newShape: Shape) -> Tensor {
        require(
            newShape.count == count,
            "reshaped: \(count) elements of shape \(shape) do not fill shape \(newShape) of \(newShape.count)"
        )
        return viewed(as: newShape)
    }

    /// The same elements under other sizes, one of which may be −1: what is left. Traps if they do not fit.
    public func reshaped(_ sizes: [Int]) -> Tensor {
        guard let open = sizes.firstIndex(of: -1) else { return reshaped(to: Shape(sizes)) }
        var sizes = sizes
        sizes[open] = 1
        let known = Shape.count(of: sizes)
        require(
            known > 0 && count % known == 0,
            "reshaped: \(count) elements of shape \(shape) do not divide into \(known)")
        sizes[open] = count / known
        return reshaped(to: Shape(sizes))
    }

    /// All elements along one axis.
    public func flattened() -> Tensor { viewed(as: [count]) }

    /// The last two axes exchanged. Traps for fewer than two.
    public func transposed() -> Tensor {
        require(rank >= 2, "transposed: shape \(shape) has rank \(rank), expected at least 2")
        return permuted(Array(0..<rank - 2) + [rank - 1, rank - 2])
    }

    /// The axes in a new order: axis i of the result is axis `axes[i]` of this tensor.
    ///
    /// Traps if the axes are not a permutation of this tensor's.
    public func permuted(_ axes: [Int]) -> Tensor {
        let axes = axes.map { shape.resolve($0, "permuted") }
        require(
            axes.sorted() == Array(0..<rank),
            "permuted: axes \(axes) are no permutation of those of shape \(shape)")
        if axes == Array(0..<rank) { return self }
        return moved(to: Shape(axes.map { shape.sizes[$0] })) { source, out, mover in
            mover.permute(source, sizes: shape.sizes, axes: axes, to: out)
        }
    }

    /// Without the axis, which must be of size 1; by default without all axes of size 1.
    public func squeezed(axis: Int? = nil) -> Tensor {
        guard let axis else { return viewed(as: Shape(shape.sizes.filter { $0 != 1 })) }
        let resolved = shape.resolve(axis, "squeezed")
        require(shape.sizes[resolved] == 1, "squeezed: axis \(axis) of shape \(shape) is not of size 1")
        var sizes = shape.sizes
        sizes.remove(at: resolved)
        return viewed(as: Shape(sizes))
    }

    /// With a new axis of size 1 before the given one; −1 adds it at the end.
    public func expandingAxis(at axis: Int) -> Tensor {
        let position = axis < 0 ? axis + rank + 1 : axis
        require(
            position >= 0 && position <= rank,
            "expandingAxis: position \(axis) is out of range for shape \(shape) of rank \(rank)")
        var sizes = shape.sizes
        sizes.insert(1, at: position)
        return viewed(as: Shape(sizes))
    }

    /// The axes in reverse order of their elements.
    public func flipped(axes: [Int]) -> Tensor {
        var strides = shape.strides
        var start = 0
        for axis in Set(axes.map { shape.resolve($0, "flipped") }) {
            start += Swift.max(0, shape.sizes[axis] - 1) * strides[axis]
            strides[axis] = -strides[axis]
        }
        let layout = StridedLayout(sizes: shape.sizes, strides: strides)
        return moved(to: shape) { source, out, mover in
            mover.gather(source, from: start, layout: layout, to: out)
        }
    }

    /// A tensor of another shape whose elements `body` moves here, by their size alone.
    func moved(
        to newShape: Shape,
        _ body: (UnsafeRawPointer, UnsafeMutableRawPointer, any ElementMover) -> Void
    ) -> Tensor {
        let result = Tensor(uninitialized: newShape, dtype: dtype)
        guard newShape.count > 0 else { return result }
        withExtendedLifetime(storage) { body(address, result.storage.pointer, dtype.mover) }
        return result
    }
}

extension DType {
    /// Moves elements of this size, whatever they mean.
    var mover: any ElementMover {
        switch self {
        case .int8, .uint8, .bool: Mover<UInt8>()
        case .float32, .int32: Mover<UInt32>()
        case .float64, .int64: Mover<UInt64>()
        }
    }
}

/// The kernels that move elements, for elements of one size.
protocol ElementMover {
    func permute(_ x: UnsafeRawPointer, sizes: [Int], axes: [Int], to out: UnsafeMutableRawPointer)
    func gather(
        _ x: UnsafeRawPointer, from start: Int, layout: StridedLayout, to out: UnsafeMutableRawPointer)
    func scatterRows(
        _ x: UnsafeRawPointer, rows: Int, length: Int, distance: Int, to out: UnsafeMutableRawPointer,
        at position: Int)
    func take(
        _ x: UnsafeRawPointer, indices: UnsafeBufferPointer<Int>, outer: Int, axisSize: Int, inner: Int,
        to out: UnsafeMutableRawPointer)
    func gatherAlongAxis(
        _ x: UnsafeRawPointer, indices: UnsafePointer<Int>, outer: Int, axisSize: Int, indexCount: Int,
        inner: Int, to out: UnsafeMutableRawPointer)
}

private struct Mover<Element: BitwiseCopyable>: ElementMover {
    private func typed(_ pointer: UnsafeRawPointer) -> UnsafePointer<Element> {
        pointer.assumingMemoryBound(to: Element.self)
    }
    private func typed(_ pointer: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Element> {
        pointer.assumingMemoryBound(to: Element.self)
    }

    func permute(_ x: UnsafeRawPointer, sizes: [Int], axes: [Int], to out: UnsafeMutableRawPointer) {
        CitiusKernels.permute(typed(x), sizes: sizes, axes: axes, to: typed(out))
    }
    func gather(
        _ x: UnsafeRawPointer, from start: Int, layout: StridedLayout, to out: UnsafeMutableRawPointer
    ) {
        CitiusKernels.gather(typed(x) + start, layout: layout, to: typed(out))
    }
    func scatterRows(
        _ x: UnsafeRawPointer, rows: Int, length: Int, distance: Int, to out: UnsafeMutableRawPointer,
        at position: Int
    ) {
        CitiusKernels.scatterRows(
            typed(x), rows: rows, length: length, distance: distance, to: typed(out) + position)
    }
    func take(
        _ x: UnsafeRawPointer, indices: UnsafeBufferPointer<Int>, outer: Int, axisSize: Int, inner: Int,
        to out: UnsafeMutableRawPointer
    ) {
        CitiusKernels.take(
            typed(x), indices: indices, outer: outer, axisSize: axisSize, inner: inner, to: typed(out))
    }
    func gatherAlongAxis(
        _ x: UnsafeRawPointer, indices: UnsafePointer<Int>, outer: Int, axisSize: Int, indexCount: Int,
        inner: Int, to out: UnsafeMutableRawPointer
    ) {
        CitiusKernels.gatherAlongAxis(
            typed(x), indices: indices, outer: outer, axisSize: axisSize, indexCount: indexCount,
            inner: inner, to: typed(out))
    }
}
