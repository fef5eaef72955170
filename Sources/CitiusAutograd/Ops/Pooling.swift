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
