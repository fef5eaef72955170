import CitiusKernels
import CitiusPlatform

extension Tensor {
    /// The tensors one after another along an axis. Traps if there are none or if they differ in dtype or in
    /// any other axis.
    public static func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
        require(!tensors.isEmpty, "concatenate: no tensors, expected at least one")
        let first = tensors[0]
        let axis = first.shape.resolve(axis, "concatenate")
        for tensor in tensors.dropFirst() {
            requireOneDType("concatenate", first, tensor)
            var sizes = tensor.shape.sizes
            if sizes.count == first.rank { sizes[axis] = first.shape.sizes[axis] }
            require(
                sizes == first.shape.sizes,
                "concatenate: shapes \(first.shape) and \(tensor.shape) differ in more than axis \(axis)")
        }
        var sizes = first.shape.sizes
        sizes[axis] = tensors.reduce(0) { $0 + $1.shape.sizes[axis] }
        let outer = Shape.count(of: sizes[..<axis])
        let inner = Shape.count(of: sizes[(axis + 1)...])
        let result = Tensor(uninitialized: Shape(sizes), dtype: first.dtype)
        var position = 0
        for tensor in tensors {
            let length = tensor.shape.sizes[axis] * inner
            withExtendedLifetime(tensor.storage) {
                first.dtype.mover.scatterRows(
                    tensor.address, rows: outer, length: length, distance: sizes[axis] * inner,
                    to: result.storage.pointer, at: position)
            }
            position += length
        }
        return result
    }

    /// The tensors one after another along a new axis. Traps if there are none or their shapes differ.
    public static func stack(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
        for tensor in tensors.dropFirst() {
            require(
                tensor.shape == tensors[0].shape,
                "stack: shapes \(tensors[0].shape) and \(tensor.shape) differ")
        }
        return concatenate(tensors.map { $0.expandingAxis(at: axis) }, axis: axis)
    }

    /// Consecutive pieces of the given sizes along an axis. Traps if they do not add up to the axis.
    public func split(sizes: [Int], axis: Int = 0) -> [Tensor] {
        let axis = shape.resolve(axis, "split")
        require(
            sizes.reduce(0, +) == shape.sizes[axis] && sizes.allSatisfy { $0 >= 0 },
            "split: sizes \(sizes) do not add up to axis \(axis) of shape \(shape)")
        var start = 0
        return sizes.map { size in
            defer { start += size }
            return sliced(start..<start + size, axis: axis)
        }
    }

    /// Pieces of equal size along an axis. Traps if the axis does not divide evenly.
    public func split(parts: Int, axis: Int = 0) -> [Tensor] {
        let size = shape[axis]
        require(
            parts >= 1 && size % parts == 0,
            "split: axis \(axis) of shape \(shape) does not divide into \(parts) equal parts")
        return split(sizes: Array(repeating: size / parts, count: parts), axis: axis)
    }

    /// Each element `count` times in a row along an axis (`numpy.repeat`).
    public func repeated(_ count: Int, axis: Int) -> Tensor {
        require(count >= 0, "repeated: count is \(count), expected at least 0")
        let axis = shape.resolve(axis, "repeated")
        var sizes = shape.sizes
        sizes.insert(count, at: axis + 1)
        var result = shape.sizes
        result[axis] *= count
        return expandingAxis(at: axis + 1).expanded(to: Shape(sizes)).viewed(as: Shape(result))
    }

    /// The whole tensor `counts[i]` times along axis i (`numpy.tile`). Traps if there is not a count an axis.
    public func tiled(_ counts: [Int]) -> Tensor {
        require(
            counts.count == rank && counts.allSatisfy { $0 >= 0 },
            "tiled: counts \(counts) for shape \(shape), expected one of at least 0 for each axis")
        var spread: [Int] = []
        var repeats: [Int] = []
        for (size, count) in zip(shape.sizes, counts) {
            spread += [1, size]
            repeats += [count, size]
        }
        return viewed(as: Shape(spread)).expanded(to: Shape(repeats))
            .viewed(as: Shape(zip(shape.sizes, counts).map { $0 * $1 }))
    }

    /// With `value` around: `widths[i].before` and `.after` places more along axis i. Traps if there is not a
    /// pair of widths of at least 0 for each axis.
    public func padded(_ widths: [(before: Int, after: Int)], value: Double = 0) -> Tensor {
        require(
            widths.count == rank && widths.allSatisfy { $0.before >= 0 && $0.after >= 0 },
            "padded: widths \(widths) for shape \(shape), expected a pair of at least 0 for each axis")
        var result = self
        for (axis, width) in widths.enumerated() {
            func filler(_ size: Int) -> [Tensor] {
                if size == 0 { return [] }
                var sizes = result.shape.sizes
                sizes[axis] = size
                let one = dtype == .bool ? Tensor(value != 0) : constant(value)
                return [one.expanded(to: Shape(sizes))]
            }
            let parts = filler(width.before) + [result] + filler(width.after)
            if parts.count > 1 { result = Tensor.concatenate(parts, axis: axis) }
        }
        return result
    }
}
