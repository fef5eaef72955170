import CitiusKernels
import CitiusPlatform

extension Tensor {
    /// One entry along the first axis: a view, which costs nothing. Setting it writes into this tensor.
    ///
    /// Traps if the index is out of range (it does not count from the end) or the new value does not fit.
    public subscript(index: Int) -> Tensor {
        get {
            require(
                rank >= 1 && index >= 0 && index < shape.sizes[0],
                "subscript: index \(index) is out of range for shape \(shape)")
            return self[index..<index + 1].viewed(as: shape.droppingFirst())
        }
        set {
            require(
                rank >= 1 && index >= 0 && index < shape.sizes[0],
                "subscript: index \(index) is out of range for shape \(shape)")
            require(
                newValue.shape == shape.droppingFirst(),
                "subscript: set to shape \(newValue.shape), expected \(shape.droppingFirst())")
            self[index..<index + 1] = newValue.viewed(as: newValue.shape.prepending(1))
        }
    }

    /// Consecutive entries along the first axis: a view, which costs nothing. Setting them writes into this
    /// tensor. Traps if the range is out of range or the new value does not fit.
    public subscript(range: Range<Int>) -> Tensor {
        get {
            requireRange(range)
            let entry = shape.droppingFirst()
            return Tensor(
                storage: storage, offset: offset + range.lowerBound * entry.count,
                shape: entry.prepending(range.count), dtype: dtype)
        }
        set {
            requireRange(range)
            let entry = shape.droppingFirst()
            require(
                newValue.dtype == dtype && newValue.shape == entry.prepending(range.count),
                "subscript: set to \(newValue.dtype) \(newValue.shape), expected \(dtype) \(entry.prepending(range.count))"
            )
            func write<T: Scalar>(_ type: T.Type, _ tensor: inout Tensor) {
                newValue.withElements { (source: UnsafePointer<T>) in
                    tensor.withMutableElements { target in
                        (target + range.lowerBound * entry.count).update(from: source, count: newValue.count)
                    }
                }
            }
            write(dtype.scalarType, &self)
        }
    }

    private func requireRange(_ range: Range<Int>) {
        require(
            rank >= 1 && range.lowerBound >= 0 && range.upperBound <= shape.sizes[0],
            "subscript: range \(range) is out of range for shape \(shape)")
    }

    /// Consecutive entries along any axis: a view along the first, else a copy. Traps if out of range.
    public func sliced(_ range: Range<Int>, axis: Int) -> Tensor {
        let axis = shape.resolve(axis, "sliced")
        require(
            range.lowerBound >= 0 && range.upperBound <= shape.sizes[axis],
            "sliced: range \(range) is out of range for axis \(axis) of shape \(shape)")
        if axis == 0 { return self[range] }
        var sizes = shape.sizes
        sizes[axis] = range.count
        let strides = shape.strides
        let layout = StridedLayout(sizes: sizes, strides: strides)
        return moved(to: Shape(sizes)) { source, out, mover in
            mover.gather(source, from: range.lowerBound * strides[axis], layout: layout, to: out)
        }
    }

    /// The entries that `indices` name along an axis (`numpy.take`): the axis gives way to the indices' axes.
    /// Negative indices count from the end. Traps if one is out of range.
    public func taking(_ indices: Tensor, axis: Int = 0) -> Tensor {
        let axis = shape.resolve(axis, "taking")
        let (outer, inner) = extents(around: axis)
        let places = indices.places("taking", below: shape.sizes[axis])
        let result = Shape(
            shape.sizes[..<axis] + indices.shape.sizes + shape.sizes[(axis + 1)...])
        return moved(to: result) { source, out, mover in
            places.withUnsafeBufferPointer {
                mover.take(
                    source, indices: $0, outer: outer, axisSize: shape.sizes[axis], inner: inner, to: out)
            }
        }
    }

    /// The gradient of `taking` with respect to its source, of shape `source`: equal indices add up.
    package static func takingPullback(_ cotangent: Tensor, indices: Tensor, axis: Int, source: Shape)
        -> Tensor
    {
        let axis = source.resolve(axis, "taking")
        let places = indices.places("taking", below: source.sizes[axis])
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            var result = Tensor(zeros: source, dtype: T.dtype)
            let (outer, inner) = result.extents(around: axis)
            cotangent.withElements { (dy: UnsafePointer<T>) in
                result.withMutableElements { out in
                    places.withUnsafeBufferPointer {
                        addTaken(
                            dy, indices: $0, outer: outer, axisSize: source.sizes[axis], inner: inner, to: out
                        )
                    }
                }
            }
            return result
        }
        return apply(cotangent.dtype.realType(for: "taking"))
    }

    /// For each place of `indices` the entry that it names along the axis (`numpy.take_along_axis`). The
    /// indices have this tensor's shape except along the axis. Traps if not, or if one is out of range.
    public func gathering(_ indices: Tensor, axis: Int) -> Tensor {
        let axis = shape.resolve(axis, "gathering")
        requireGatherable(indices.shape, axis)
        let places = indices.places("gathering", below: shape.sizes[axis])
        let (outer, inner) = extents(around: axis)
        return moved(to: indices.shape) { source, out, mover in
            mover.gatherAlongAxis(
                source, indices: places, outer: outer, axisSize: shape.sizes[axis],
                indexCount: indices.shape.sizes[axis], inner: inner, to: out)
        }
    }

    /// The gradient of `gathering` with respect to its source, of shape `source`: equal indices add up.
    package static func gatheringPullback(
        _ cotangent: Tensor, indices: Tensor, axis: Int, source: Shape
    ) -> Tensor {
        let axis = source.resolve(axis, "gathering")
        let places = indices.places("gathering", below: source.sizes[axis])
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            var result = Tensor(zeros: source, dtype: T.dtype)
            let (outer, inner) = result.extents(around: axis)
            cotangent.withElements { (dy: UnsafePointer<T>) in
                result.withMutableElements { out in
                    addGatheredAlongAxis(
                        dy, indices: places, outer: outer, axisSize: source.sizes[axis],
                        indexCount: indices.shape.sizes[axis], inner: inner, to: out)
                }
            }
            return result
        }
        return apply(cotangent.dtype.realType(for: "gathering"))
    }

    /// A last axis of `depth` places, one at the element's and zero elsewhere. Traps if the elements are not
    /// integers or one is outside 0..<depth.
    public func oneHot(_ depth: Int, dtype: DType = .float32) -> Tensor {
        let places = places("oneHot", below: depth, allowingNegative: false)
        func make<T: NumberScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: Shape(shape.sizes + [depth])) { (out: UnsafeMutablePointer<T>) in
                out.update(repeating: T.zero, count: places.count * depth)
                for (row, place) in places.enumerated() { out[row * depth + place] = T.one }
            }
        }
        return make(dtype.numberType(for: "oneHot"))
    }

    // MARK: Shared

    /// The number of elements before and after an axis.
    func extents(around axis: Int) -> (outer: Int, inner: Int) {
        (Shape.count(of: shape.sizes[..<axis]), Shape.count(of: shape.sizes[(axis + 1)...]))
    }

    private func requireGatherable(_ indices: Shape, _ axis: Int) {
        var sizes = indices.sizes
        if sizes.count == rank { sizes[axis] = shape.sizes[axis] }
        require(
            sizes == shape.sizes,
            "gathering: indices of shape \(indices) differ from shape \(shape) in more than axis \(axis)")
    }

    /// The elements as places along an axis of the given size; traps if one is out of range.
    private func places(_ operation: String, below size: Int, allowingNegative: Bool = true) -> [Int] {
        require(
            !dtype.isFloatingPoint && dtype != .bool, "\(operation): indices are \(dtype), expected integers")
        return cast(to: .int64).elements(as: Int64.self).map { element in
            let place = element < 0 && allowingNegative ? Int(element) + size : Int(element)
            require(
                place >= 0 && place < size,
                "\(operation): index \(element) is out of range for \(size) places")
            return place
        }
    }
}
