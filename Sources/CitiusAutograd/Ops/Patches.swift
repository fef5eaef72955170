import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// What windows that slide over images see, each window's pixels as one vector (`keras.ops.image.extract_patches`).
    /// Pullback: the sum of each pixel's copies.
    ///
    /// - Parameters:
    ///   - size: pixels that a window spans.
    ///   - strides: pixels from one window to the next; by default windows touch and do not overlap.
    /// - Returns: of [batch, height, width, channels], [batch, output height, output width, size · channels], in the
    ///   order window height, window width, channels.
    ///
    /// Traps if the rank is not 4 or no window fits into the image.
    public func extractedPatches(
        size: Size2D, strides: Size2D? = nil, dilation: Size2D = 1, padding: Padding = .valid
    ) -> Variable {
        require(
            shape.rank == 4,
            "extractedPatches: input \(shape) has rank \(shape.rank), expected 4 [batch, height, width, channels]"
        )
        return patches(
            WindowGeometry(
                "extractedPatches", input: shape, window: size, strides: strides ?? size, padding: padding,
                dilation: dilation))
    }

    /// [batch, output height, output width, window height · window width · channels].
    func patches(_ geometry: WindowGeometry) -> Variable {
        computing(value.patches(geometry)) { $0.summedPatches(geometry) }
    }

    /// The transpose of `patches`.
    func summedPatches(_ geometry: WindowGeometry) -> Variable {
        computing(value.summedPatches(geometry)) { $0.patches(geometry) }
    }
}

extension Tensor {
    /// What windows that slide over images see, each window's pixels as one vector; see
    /// `Variable/extractedPatches(size:strides:dilation:padding:)`.
    public func extractedPatches(
        size: Size2D, strides: Size2D? = nil, dilation: Size2D = 1, padding: Padding = .valid
    ) -> Tensor {
        Variable(self).extractedPatches(size: size, strides: strides, dilation: dilation, padding: padding)
            .value
    }

    fileprivate func patches(_ geometry: WindowGeometry) -> Tensor {
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(
                shape: [
                    geometry.batch, geometry.vertical.output, geometry.horizontal.output,
                    geometry.cellCount * geometry.channels,
                ]
            ) { (out: UnsafeMutablePointer<T>) in
                withElements { geometry.extractPatches(of: $0, to: out) }
            }
        }
        return apply(dtype.realType(for: "extractedPatches"))
    }

    fileprivate func summedPatches(_ geometry: WindowGeometry) -> Tensor {
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: geometry.inputShape) { (out: UnsafeMutablePointer<T>) in
                withElements { geometry.addPatches($0, to: out) }
            }
        }
        return apply(dtype.realType(for: "extractedPatches"))
    }
}
