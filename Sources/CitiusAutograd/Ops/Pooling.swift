import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// The largest value of each window, channel by channel; padding is never the largest. The gradient goes
    /// to the window's first largest value.
    ///
    /// - Parameters: `self` is [batch, height, width, channels].
    /// - Returns: [batch, output height, output width, channels].
    ///
    /// Traps if the rank is not 4 or no window fits into the image.
    public func maxPooled2D(size: Size2D, strides: Size2D? = nil, padding: Padding = .valid) -> Variable {
        let geometry = poolGeometry("maxPooled2D", size, strides ?? size, padding)
        let input = self
        func apply<T: RealScalar, Index: FixedWidthInteger & Scalar>(
            _ type: T.Type, _ index: Index.Type
        ) -> Variable {
            var argmax = Tensor(uninitialized: geometry.outputShape, dtype: Index.dtype)
            let y = Tensor(shape: geometry.outputShape) { (out: UnsafeMutablePointer<T>) in
                input.value.withElements { input in
                    argmax.withMutableElements { (argmax: UnsafeMutablePointer<Index>) in
                        geometry.maxPool(input, output: out, argmax: argmax)
                    }
                }
            }
            let inputShape = input.shape
            return Variable(y, computedFrom: input) { [argmax] cotangent in
                let dx = Tensor(shape: inputShape) { (out: UnsafeMutablePointer<T>) in
                    cotangent.withElements { dy in
                        argmax.withElements { (argmax: UnsafePointer<Index>) in
                            geometry.maxPoolGradient(dy, argmax: argmax, inputGradient: out)
                        }
                    }
                }
                return [dx]
            }
        }
        let type = dtype.realType(for: "maxPooled2D")
        return geometry.cellCount <= 256 ? apply(type, UInt8.self) : apply(type, Int32.self)
    }

    /// The mean of each window, channel by channel, over the cells that lie in the image.
    ///
    /// - Parameters: `self` is [batch, height, width, channels].
    /// - Returns: [batch, output height, output width, channels].
    ///
    /// Traps if the rank is not 4 or no window fits into the image.
    public func averagePooled2D(size: Size2D, strides: Size2D? = nil, padding: Padding = .valid) -> Variable {
        let geometry = poolGeometry("averagePooled2D", size, strides ?? size, padding)
        let input = self
        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            let y = Tensor(shape: geometry.outputShape) { (out: UnsafeMutablePointer<T>) in
                input.value.withElements { geometry.averagePool($0, output: out) }
            }
            let inputShape = input.shape
            return Variable(y, computedFrom: input) { cotangent in
                let dx = Tensor(shape: inputShape) { (out: UnsafeMutablePointer<T>) in
                    cotangent.withElements { geometry.averagePoolGradient($0, inputGradient: out) }
                }
                return [dx]
            }
        }
        return apply(dtype.realType(for: "averagePooled2D"))
    }

    // MARK: Sequences and volumes

    /// The largest value of each window along sequences, [batch, steps, channels] → [batch, output steps, channels]; see
    /// `maxPooled2D`.
    public func maxPooled1D(size: Int, strides: Int? = nil, padding: Padding = .valid) -> Variable {
        asImages("maxPooled1D") {
            $0.maxPooled2D(size: Size2D(1, size), strides: Size2D(1, strides ?? size), padding: padding)
        }
    }

    /// The mean of each window along sequences, [batch, steps, channels] → [batch, output steps, channels]; see
    /// `averagePooled2D`.
    public func averagePooled1D(size: Int, strides: Int? = nil, padding: Padding = .valid) -> Variable {
        asImages("averagePooled1D") {
            $0.averagePooled2D(size: Size2D(1, size), strides: Size2D(1, strides ?? size), padding: padding)
        }
    }

    /// The largest value of each window over volumes, [batch, depth, height, width, channels] → [batch, output depth,
    /// output height, output width, channels]; see `maxPooled2D`.
    public func maxPooled3D(size: Size3D, strides: Size3D? = nil, padding: Padding = .valid) -> Variable {
        // The first of equals, plane by plane, is the first of those that are first in their planes.
        planewise("maxPooled3D", size, strides) { $0.maxPooled2D(size: $1, strides: $2, padding: padding) }
    }

    /// The mean of each window over volumes, [batch, depth, height, width, channels] → [batch, output depth, output
    /// height, output width, channels]; see `averagePooled2D`.
    public func averagePooled3D(size: Size3D, strides: Size3D? = nil, padding: Padding = .valid) -> Variable {
        // The cells of a window that lie in the volume form a box: its mean is the mean of its planes' means.
        planewise("averagePooled3D", size, strides) {
            $0.averagePooled2D(size: $1, strides: $2, padding: padding)
        }
    }

    private func asImages(_ operation: String, _ body: (Variable) -> Variable) -> Variable {
        require(
            shape.rank == 3,
            "\(operation): input \(shape) has rank \(shape.rank), expected 3 [batch, steps, channels]")
        let output = body(reshaped(to: [shape[0], 1, shape[1], shape[2]]))
        return output.reshaped(to: [output.shape[0], output.shape[2], output.shape[3]])
    }

    /// Pools each plane, then along the depth.
    private func planewise(
        _ operation: String, _ size: Size3D, _ strides: Size3D?,
        _ pool: (_ images: Variable, _ size: Size2D, _ strides: Size2D) -> Variable
    ) -> Variable {
        require(
            shape.rank == 5,
            "\(operation): input \(shape) has rank \(shape.rank), expected 5 [batch, depth, height, width, channels]"
        )
        let (sizes, strides) = (shape.sizes, strides ?? size)
        let planes = pool(
            reshaped(to: [sizes[0] * sizes[1], sizes[2], sizes[3], sizes[4]]), size.plane, strides.plane)
        let (height, width) = (planes.shape[1], planes.shape[2])
        let output = pool(
            planes.reshaped(to: [sizes[0], sizes[1], 1, height * width * sizes[4]]), Size2D(size.depth, 1),
            Size2D(strides.depth, 1))
        return output.reshaped(to: [sizes[0], output.shape[1], height, width, sizes[4]])
    }

    private func poolGeometry(
        _ operation: String, _ size: Size2D, _ strides: Size2D, _ padding: Padding
    ) -> WindowGeometry {
        require(
            shape.rank == 4,
            "\(operation): input \(shape) has rank \(shape.rank), expected 4 [batch, height, width, channels]"
        )
        return WindowGeometry(operation, input: shape, window: size, strides: strides, padding: padding)
    }
}

extension WindowGeometry {
    var outputShape: Shape { [batch, vertical.output, horizontal.output, channels] }
}
