import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// The weighted sums of elements along an axis. Pullback: the transpose.
    package func resampled(by resampling: AxisResampling, axis: Int) -> Variable {
        computing(value.resampled(by: resampling, axis: axis)) {
            $0.resampled(by: resampling.transposed, axis: axis)
        }
    }

    /// Images of another size (`keras.ops.image.resize`). Positions are the pixels' centers; along an axis whose size
    /// stays nothing changes.
    ///
    /// - Parameters: `self` is [batch, height, width, channels] or [height, width, channels].
    /// - Parameter antialias: whether a shrinking image is smoothed, so that no pixel is passed over; not for `nearest`.
    ///
    /// Traps if the rank is another, an axis is empty or the size is not positive.
    public func resized(
        to size: Size2D, interpolation: Interpolation = .bilinear, antialias: Bool = false
    ) -> Variable {
        require(
            shape.rank == 3 || shape.rank == 4,
            "resized: input \(shape) has rank \(shape.rank), expected 4 [batch, height, width, channels] or 3"
        )
        require(
            size.height > 0 && size.width > 0 && shape[-3] > 0 && shape[-2] > 0,
            "resized: images of \(shape[-3])×\(shape[-2]) to \(size), expected at least 1×1")
        func resize(_ images: Variable, axis: Int, to count: Int) -> Variable {
            images.shape[axis] == count
                ? images
                : images.resampled(
                    by: AxisResampling(
                        resizing: images.shape[axis], to: count, by: interpolation.kernel,
                        antialias: antialias),
                    axis: axis)
        }
        return resize(resize(self, axis: -3, to: size.height), axis: -2, to: size.width)
    }

    /// Each position along an axis `count` times in a row. Pullback: the sums of the copies.
    package func upsampled(_ count: Int, axis: Int) -> Variable {
        count == 1 ? self : resampled(by: AxisResampling(repeating: shape[axis], count: count), axis: axis)
    }
}

extension Tensor {
    /// Images of another size; see `Variable/resized(to:interpolation:antialias:)`. Real numbers; convert bytes first.
    public func resized(
        to size: Size2D, interpolation: Interpolation = .bilinear, antialias: Bool = false
    ) -> Tensor {
        Variable(self).resized(to: size, interpolation: interpolation, antialias: antialias).value
    }
}
