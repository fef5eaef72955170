import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// The transpose of a convolution, which spreads each pixel over a window of a larger image:
    ///
    /// ```
    /// y[n, i·stride + h·dilation − padding, j·stride + w·dilation − padding, o] += x[n, i, j, c] · kernel[h, w, o, c]
    /// ```
    ///
    /// from y = bias on: the gradient of `conv2D` with respect to its input, as an operation of its own, whose gradient
    /// in turn is the convolution.
    ///
    /// With extent = (kernel − 1)·dilation + 1, the output's height and width are (input − 1)·stride + max(extent,
    /// stride) for `valid` padding and input·stride for `same`; with an output padding p, (input − 1)·stride + extent + p
    /// and (input − 1)·stride + extent mod 2 + p.
    ///
    /// - Parameters: `self` is [batch, height, width, channels], `kernel` [height, width, output channels, channels],
    ///   `bias` [output channels].
    /// - Returns: [batch, output height, output width, output channels].
    ///
    /// Traps if a rank, a dtype or a number of channels does not fit, or if nothing is left of the output.
    public func conv2DTransposed(
        _ kernel: Variable, bias: Variable? = nil, strides: Size2D = 1, padding: Padding = .valid,
        outputPadding: Size2D? = nil, dilation: Size2D = 1
    ) -> Variable {
        conv2DTransposed(
            kernel, bias: bias, strides: strides, padding: padding, outputPadding: outputPadding,
            dilation: dilation, clamp: .identity)
    }

    /// The same, clamped.
    package func conv2DTransposed(
        _ kernel: Variable, bias: Variable? = nil, strides: Size2D = 1, padding: Padding = .valid,
        outputPadding: Size2D? = nil, dilation: Size2D = 1, clamp: Clamp,
        acceleration: Acceleration = .full
    ) -> Variable {
        require(
            shape.rank == 4 && kernel.shape.rank == 4 && kernel.shape[3] == shape[3],
            "conv2DTransposed: input \(shape) and kernel \(kernel.shape), expected [batch, height, width, channels] and [height, width, output channels, channels]"
        )
        require(
            bias == nil || bias?.shape == [kernel.shape[2]],
            "conv2DTransposed: bias has shape \(bias?.shape ?? []), expected [\(kernel.shape[2])]")
        requireOneDType("conv2DTransposed", kernel, bias: bias)
        func axis(
            _ input: Int, _ window: Int, _ stride: Int, _ dilation: Int, _ outputPadding: Int?
        ) -> WindowGeometry.Axis {
            for (name, number) in [("kernel", window), ("strides", stride), ("dilation", dilation)] {
                require(number >= 1, "conv2DTransposed: \(name) is \(number), expected at least 1")
            }
            let axis = WindowGeometry.Axis(
                transposed: input, window: window, stride: stride, dilation: dilation, pads: padding == .same,
                outputPadding: outputPadding)
            require(axis.input > 0, "conv2DTransposed: nothing is left of the output of \(shape)")
            return axis
        }
        let convolution = Convolution(
            geometry: WindowGeometry(
                batch: shape[0], channels: kernel.shape[2],
                vertical: axis(
                    shape[1], kernel.shape[0], strides.height, dilation.height, outputPadding?.height),
                horizontal: axis(
                    shape[2], kernel.shape[1], strides.width, dilation.width, outputPadding?.width)),
            outputChannels: shape[3], groups: 1, usesLoops: acceleration.convolution == .loops)
        if dtype == .float32 && acceleration.convolution.isBlocked {
            return transposed(
                by: ConvolutionBlock(
                    convolution: convolution, pool: nil, clamp: .identity,
                    allowsWinograd: acceleration.convolution == .automatic,
                    skipsZeros: acceleration.skipsZeros),
                kernel, bias: bias, clamp: clamp)
        }
        return transposed(by: convolution, kernel, bias: bias, clamp: clamp)
    }

    /// By the general kernels.
    private func transposed(
        by convolution: Convolution, _ kernel: Variable, bias: Variable?, clamp: Clamp
    ) -> Variable {
        let input = self
        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            var y = convolution.inputGradient(
                T.self, kernel.value, input.value, shape: convolution.geometry.inputShape)
            y.add(bias: bias?.value, clamp: clamp, T.self)
            return Variable(y, computedFrom: input, kernel, bias ?? Variable(y)) { [y] cotangent in
                let dy = cotangent.passed(by: clamp, T.self, y: y)
                return [
                    input.isTracked
                        ? convolution.output(T.self, dy, kernel.value, bias: nil, clamp: .identity) : nil,
                    kernel.isTracked
                        ? convolution.kernelGradient(T.self, dy, input.value, shape: kernel.shape) : nil,
                    bias?.isTracked == true ? dy.rowSums(T.self) : nil,
                ]
            }
        }
        return apply(dtype.realType(for: "conv2DTransposed"))
    }

    /// By products in place.
    private func transposed(
        by block: ConvolutionBlock, _ kernel: Variable, bias: Variable?, clamp: Clamp
    ) -> Variable {
        let input = self
        let convolution = block.convolution
        let geometry = convolution.geometry
        var y: Tensor
        if geometry.vertical.stride == 1 && geometry.horizontal.stride == 1 {
            y = block.inputGradient(kernel.value, input.value)
        } else {
            // Products in place would run over the zeros between the pixels.
            y = convolution.inputGradient(Float.self, kernel.value, input.value, shape: geometry.inputShape)
        }
        y.add(bias: bias?.value, clamp: clamp, Float.self)
        return Variable(y, computedFrom: input, kernel, bias ?? Variable(y)) { [y] cotangent in
            let dy = cotangent.passed(by: clamp, Float.self, y: y)
            return [
                input.isTracked ? block.output(dy, kernel, shape: input.shape) : nil,
                kernel.isTracked ? block.kernelGradient(dy, input.value, shape: kernel.shape) : nil,
                bias?.isTracked == true ? dy.rowSums(Float.self) : nil,
            ]
        }
    }

    /// The transpose of a convolution of sequences; see `conv2DTransposed`.
    ///
    /// - Parameters: `self` is [batch, steps, channels], `kernel` [size, output channels, channels], `bias` [output
    ///   channels].
    /// - Returns: [batch, output steps, output channels].
    ///
    /// Traps if a rank, a dtype or a number of channels does not fit, or if nothing is left of the output.
    public func conv1DTransposed(
        _ kernel: Variable, bias: Variable? = nil, strides: Int = 1, padding: Padding = .valid,
        outputPadding: Int? = nil, dilation: Int = 1
    ) -> Variable {
        conv1DTransposed(
            kernel, bias: bias, strides: strides, padding: padding, outputPadding: outputPadding,
            dilation: dilation, clamp: .identity)
    }

    /// The same, clamped.
    package func conv1DTransposed(
        _ kernel: Variable, bias: Variable? = nil, strides: Int = 1, padding: Padding = .valid,
        outputPadding: Int? = nil, dilation: Int = 1, clamp: Clamp, acceleration: Acceleration = .full
    ) -> Variable {
        require(
            shape.rank == 3 && kernel.shape.rank == 3,
            "conv1DTransposed: input \(shape) and kernel \(kernel.shape), expected rank 3 [batch, steps, channels] and 3"
        )
        let output = reshaped(to: [shape[0], 1, shape[1], shape[2]]).conv2DTransposed(
            kernel.reshaped(to: kernel.shape.prepending(1)), bias: bias, strides: Size2D(1, strides),
            padding: padding, outputPadding: outputPadding.map { Size2D(0, $0) },
            dilation: Size2D(1, dilation), clamp: clamp, acceleration: acceleration)
        return output.reshaped(to: [output.shape[0], output.shape[2], output.shape[3]])
    }
}

extension Variable {
    /// With a bias along the last axis, clamped.
    func with(bias: Variable?, clamp: Clamp) -> Variable {
        guard bias != nil || !clamp.isIdentity else { return self }
        let input = self
        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            var y = input.value
            y.add(bias: bias?.value, clamp: clamp, T.self)
            return Variable(y, computedFrom: input, bias ?? Variable(y)) { [y] cotangent in
                let dy = cotangent.passed(by: clamp, T.self, y: y)
                return [input.isTracked ? dy : nil, bias?.isTracked == true ? dy.rowSums(T.self) : nil]
            }
        }
        return apply(dtype.realType(for: "bias"))
    }
}

extension WindowGeometry {
    var inputShape: Shape { [batch, vertical.input, horizontal.input, channels] }
}

extension Tensor {
    /// Adds a bias along the last axis and clamps, in place.
    fileprivate mutating func add<T: RealScalar>(bias: Tensor?, clamp: Clamp, _ type: T.Type) {
        guard bias != nil || !clamp.isIdentity else { return }
        let columns = shape[-1]
        let rows = columns == 0 ? 0 : count / columns
        withMutableElements { (elements: UnsafeMutablePointer<T>) in
            withOptionalElements(bias) { (bias: UnsafePointer<T>?) in
                ThreadPool.shared.forRanges(of: rows, grain: Swift.max(1, 16_384 / Swift.max(1, columns))) {
                    range in
                    addBias(
                        bias, clamp: clamp, to: elements + range.lowerBound * columns, rows: range.count,
                        columns: columns)
                }
            }
        }
    }
}

extension ConvolutionBlock {
    /// The block's result, without a bias.
    fileprivate func output(_ input: Tensor, _ kernel: Variable, shape: Shape) -> Tensor {
        Tensor(shape: shape) { (out: UnsafeMutablePointer<Float>) in
            input.withElements { input in
                kernel.withPackedElements(for: self) { weights in
                    forward(input: input, weights: weights, bias: nil, output: out, argmax: nil)
                }
            }
        }
    }

    fileprivate func inputGradient(_ kernel: Tensor, _ outputGradient: Tensor) -> Tensor {
        gradient(shape: convolution.geometry.inputShape, input: nil, kernel, outputGradient) {
            .init(input: $0, kernel: nil, bias: nil)
        }
    }

    fileprivate func kernelGradient(_ input: Tensor, _ outputGradient: Tensor, shape: Shape) -> Tensor {
        gradient(shape: shape, input: input, nil, outputGradient) {
            .init(input: nil, kernel: $0, bias: nil)
        }
    }

    /// One of the gradients, which does not read the tensor that is nil. The clamp is the identity: nor is the output
    /// read.
    private func gradient(
        shape: Shape, input: Tensor?, _ kernel: Tensor?, _ outputGradient: Tensor,
        targets: (UnsafeMutablePointer<Float>) -> GradientTargets
    ) -> Tensor {
        var result = Tensor(uninitialized: shape, dtype: .float32)
        let targets = targets(result.mutableAddress().assumingMemoryBound(to: Float.self))
        outputGradient.withElements { (dy: UnsafePointer<Float>) in
            withOptionalElements(input) { (input: UnsafePointer<Float>?) in
                withOptionalElements(kernel) { (kernel: UnsafePointer<Float>?) in
                    gradients(
                        .init(
                            input: input ?? dy, kernel: kernel ?? dy, output: dy, argmax: nil,
                            outputGradient: dy),
                        to: targets
                    ) { count, body in withWorkspace(count, body) }
                }
            }
        }
        return result
    }
}
