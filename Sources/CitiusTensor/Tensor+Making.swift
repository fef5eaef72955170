import CitiusPlatform

extension Tensor {
    /// Ones on a diagonal of a matrix, zeros elsewhere (`numpy.eye`).
    ///
    /// - Parameters:
    ///   - columns: as many as rows by default.
    ///   - diagonal: how far it lies above the main one; below 0, below it.
    ///
    /// Traps if a size is negative.
    public init(identity rows: Int, columns: Int, diagonal: Int = 0, dtype: DType = .float32) {
        require(
            rows >= 0 && columns >= 0,
            "Tensor(identity:): \(rows) rows and \(columns) columns, expected at least 0 of each")
        let places = Tensor(range: 0..<rows).expandingAxis(at: 1) + Double(diagonal)
        self = (places .== Tensor(range: 0..<columns)).cast(to: dtype)
    }

    /// So many numbers, as far from each other, from the first to the last (`numpy.linspace`).
    ///
    /// - Parameter includesEnd: whether the last one is the end; otherwise it would be the next.
    ///
    /// Traps if the count is negative.
    public init(
        linspace start: Double, _ end: Double, count: Int = 50, includesEnd: Bool = true,
        dtype: DType = .float32
    ) {
        require(count >= 0, "Tensor(linspace:): count is \(count), expected at least 0")
        let steps = Double(includesEnd ? count - 1 : count)
        var numbers = (0..<count).map { steps > 0 ? start + (end - start) * (Double($0) / steps) : start }
        if includesEnd && count > 1 { numbers[count - 1] = end }
        self = Tensor(numbers, shape: [count]).cast(to: dtype)
    }

    /// Zeros of another tensor's shape and dtype.
    public init(zerosLike other: Tensor) { self.init(zeros: other.shape, dtype: other.dtype) }

    /// Ones of another tensor's shape and dtype.
    public init(onesLike other: Tensor) { self.init(ones: other.shape, dtype: other.dtype) }

    /// The entries along an axis, each without it.
    public func unstacked(axis: Int = 0) -> [Tensor] {
        let axis = shape.resolve(axis, "unstacked")
        return (0..<shape[axis]).map { sliced($0..<$0 + 1, axis: axis).squeezed(axis: axis) }
    }

    /// 1/√x of each element.
    public func rsqrt() -> Tensor { sqrt().reciprocal() }

    /// The mean and the variance, of the population, over the given axes, all by default.
    public func moments(axes: [Int]? = nil, keepingAxes: Bool = false) -> (mean: Tensor, variance: Tensor) {
        (mean(axes: axes, keepingAxes: keepingAxes), variance(axes: axes, keepingAxes: keepingAxes))
    }

    /// With other elements from a place on: an entry of `starts` for each axis.
    ///
    /// Traps if they do not fit. Source: `keras.ops.slice_update`.
    public func replacingSlice(at starts: [Int], with updates: Tensor) -> Tensor {
        let widths = sliceWidths(at: starts, updates)
        let isNew = Tensor(ones: updates.shape, dtype: .bool).padded(widths)
        return Tensor.where(isNew, updates.padded(widths), self)
    }

    /// What lies before and behind a slice along each axis.
    package func sliceWidths(at starts: [Int], _ updates: Tensor) -> [(before: Int, after: Int)] {
        let fits =
            starts.count == rank && updates.rank == rank && updates.dtype == dtype
            && (0..<rank).allSatisfy { starts[$0] >= 0 && starts[$0] + updates.shape[$0] <= shape[$0] }
        require(
            fits,
            "replacingSlice: \(updates.dtype) \(updates.shape) at \(starts) does not fit into \(dtype) \(shape)"
        )
        return (0..<rank).map { (starts[$0], shape[$0] - starts[$0] - updates.shape[$0]) }
    }

    /// The peak signal-to-noise ratio in decibels, 20·log₁₀ maximum − 10·log₁₀ of the mean squared difference.
    ///
    /// - Parameter maximum: the largest value that the signals could have, 1 or 255 for images.
    ///
    /// Traps if the shapes differ. Source: `keras.ops.psnr`.
    public func psnr(_ other: Tensor, maximum: Double) -> Tensor {
        require(shape == other.shape, "psnr: shapes \(shape) and \(other.shape), expected the same")
        let error = (self - other).squared().mean()
        return (constant(maximum * maximum) / error).log() * (10 / Double.log(10))
    }
}

/// How places beside a tensor's own are filled.
public enum PaddingMode: Sendable {
    /// As in a mirror on the first and the last element: 3 2 | 1 2 3 | 2 1.
    case reflect
    /// As in a mirror beside the first and the last element: 2 1 | 1 2 3 | 3 2.
    case symmetric
    /// By the first and the last element: 1 1 | 1 2 3 | 3 3.
    case edge
    /// As if the tensor were repeated: 2 3 | 1 2 3 | 1 2.
    case wrap
}

extension PaddingMode {
    /// For each place along a padded axis the one that fills it. Traps if the axis is too short.
    package func places(_ size: Int, _ width: (before: Int, after: Int)) -> Tensor {
        require(
            size > 0 && width.before >= 0 && width.after >= 0,
            "padded: widths \(width) for an axis of size \(size), expected at least 0 beside one of at least 1"
        )
        let largest = self == .reflect ? size - 1 : self == .symmetric || self == .wrap ? size : .max
        require(
            max(width.before, width.after) <= largest,
            "padded: widths \(width) for an axis of size \(size), expected at most \(largest) for this mode")
        return Tensor(
            (-width.before..<size + width.after).map { place -> Int64 in
                let isInside = 0..<size ~= place
                switch self {
                case _ where isInside: return Int64(place)
                case .reflect: return Int64(place < 0 ? -place : 2 * (size - 1) - place)
                case .symmetric: return Int64(place < 0 ? -place - 1 : 2 * size - 1 - place)
                case .edge: return Int64(place < 0 ? 0 : size - 1)
                case .wrap: return Int64(place < 0 ? place + size : place - size)
                }
            })
    }
}

extension Tensor {
    /// With places more along each axis, filled from the tensor itself. Traps if there is not a pair of widths for each
    /// axis, or if an axis is too short for the mode.
    public func padded(_ widths: [(before: Int, after: Int)], mode: PaddingMode) -> Tensor {
        require(
            widths.count == rank,
            "padded: \(widths.count) widths for shape \(shape), expected one for each axis")
        return widths.enumerated().reduce(self) { result, axis in
            axis.element == (0, 0)
                ? result : result.taking(mode.places(shape[axis.offset], axis.element), axis: axis.offset)
        }
    }
}
