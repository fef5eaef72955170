import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// The two-dimensional convolution (cross-correlation, as in all of deep learning) of a batch of images:
    ///
    /// ```
    /// y[n, i, j, o] = bias[o] + Σ over h, w, c of
    ///     x[n, i·stride + h·dilation − padding, j·stride + w·dilation − padding, c] · kernel[h, w, c, o]
    /// ```
    ///
    /// With groups, input and output channels fall into as many groups, and a group of outputs sees its group
    /// of inputs alone.
    ///
    /// - Parameters: `self` is [batch, height, width, channels], `kernel` [height, width, channels / groups,
    ///   output channels], `bias` [output channels].
    /// - Returns: [batch, output height, output width, output channels].
    ///
    /// Traps if a rank, a dtype or a number of channels does not fit, or if no window fits into the image.
    public func conv2D(
        _ kernel: Variable, bias: Variable? = nil, strides: Size2D = 1, padding: Padding = .valid,
        dilation: Size2D = 1, groups: Int = 1
    ) -> Variable {
        conv2D(
            kernel, bias: bias, strides: strides, padding: padding, dilation: dilation, groups: groups,
            epilogue: Epilogue())
    }

    /// The same with an epilogue.
    ///
    /// - Parameter acceleration: how float32 is computed; float64 goes by im2col or by loops.
    package func conv2D(
        _ kernel: Variable, bias: Variable? = nil, strides: Size2D = 1, padding: Padding = .valid,
        dilation: Size2D = 1, groups: Int = 1, epilogue: Epilogue, acceleration: Acceleration = .full
    ) -> Variable {
        Convolution.requireRanks(input: shape, kernel: kernel.shape)
        return conv2D(
            kernel, bias: bias,
            geometry: WindowGeometry(
                "conv2D", input: shape, window: Size2D(kernel.shape[0], kernel.shape[1]), strides: strides,
                padding: padding, dilation: dilation),
            groups: groups, epilogue: epilogue, acceleration: acceleration)
    }

    /// The same with windows that lie as they are told to.
    func conv2D(
        _ kernel: Variable, bias: Variable?, geometry: WindowGeometry, groups: Int, epilogue: Epilogue,
        acceleration: Acceleration
    ) -> Variable {
        let convolution = Convolution(
            input: shape, kernel: kernel.shape, bias: bias?.shape, geometry: geometry, groups: groups,
            epilogue: epilogue, usesLoops: acceleration.convolution == .loops)
        requireOneDType("conv2D", kernel, bias: bias)
        if dtype == .float32 && acceleration.convolution.isBlocked {
            let (inPass, behind) = convolution.pools(epilogue.pool)
            if ConvolutionBlock.supports(convolution, pool: inPass) {
                let pooled = apply(
                    ConvolutionBlock(
                        convolution: convolution, pool: inPass, clamp: epilogue.clamp,
                        allowsWinograd: acceleration.convolution == .automatic,
                        skipsZeros: acceleration.skipsZeros),
                    kernel, bias: bias)
                return behind
                    ? pooled.pooled(by: Epilogue(pool: epilogue.pool))
                    : pooled.droppingAxes(of: epilogue.pool)
            }
        }
        let isDepthwise = groups > 1 && groups == shape[3] && groups == kernel.shape[3]
        let output =
            isDepthwise && dtype == .float32 && acceleration.convolution.isBlocked
            ? apply(
                DepthwiseConvolution(geometry: convolution.geometry, clamp: epilogue.clamp), kernel,
                bias: bias
            )
            : general(convolution, kernel, bias: bias, clamp: epilogue.clamp)
        return output.pooled(by: epilogue)
    }

    /// By im2col and the BLAS, or by loops.
    private func general(
        _ convolution: Convolution, _ kernel: Variable, bias: Variable?, clamp: Clamp
    ) -> Variable {
        let input = self
        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            let y = convolution.output(
                T.self, input.value, kernel.value, bias: bias?.value, clamp: clamp)
            return Variable(y, computedFrom: input, kernel, bias ?? Variable(y)) { cotangent in
                let dy = cotangent.passed(by: clamp, T.self, y: y)
                return [
                    input.isTracked
                        ? convolution.inputGradient(T.self, kernel.value, dy, shape: input.shape) : nil,
                    kernel.isTracked
                        ? convolution.kernelGradient(T.self, input.value, dy, shape: kernel.shape) : nil,
                    bias?.isTracked == true ? dy.rowSums(T.self) : nil,
                ]
            }
        }
        return apply(dtype.realType(for: "conv2D"))
    }

    /// The elements, packed as the block reads them. A parameter keeps them while it is not being trained.
    func withPackedElements<R>(
        for block: ConvolutionBlock, _ body: (UnsafePointer<Float>) -> R
    ) -> R {
        func packed() -> Storage {
            let storage = Storage(byteCount: block.packedCount * MemoryLayout<Float>.stride)
            value.withElements { block.pack($0, to: storage.pointer.assumingMemoryBound(to: Float.self)) }
            return storage
        }
        let storage =
            if case .parameter(let parameter) = origin {
                parameter.packed(in: block.layout, by: packed)
            } else {
                packed()
            }
        return withExtendedLifetime(storage) {
            body(UnsafePointer(storage.pointer.assumingMemoryBound(to: Float.self)))
        }
    }

    /// By products in place, with the pool in the same pass.
    private func apply(_ block: ConvolutionBlock, _ kernel: Variable, bias: Variable?) -> Variable {
        let input = self
        let resultShape = block.pool?.outputShape ?? block.convolution.outputShape
        // The argmax matters to the gradient alone.
        let isTracked = input.isTracked || kernel.isTracked || bias?.isTracked == true
        var argmax =
            block.pool != nil && isTracked ? Tensor(uninitialized: resultShape, dtype: .uint8) : nil
        let y = Tensor(shape: resultShape) { (out: UnsafeMutablePointer<Float>) in
            let argmax = argmax?.mutableAddress().assumingMemoryBound(to: UInt8.self)
            input.value.withElements { input in
                kernel.withPackedElements(for: block) { weights in
                    withOptionalElements(bias?.value) { bias in
                        block.forward(
                            input: input, weights: weights, bias: bias, output: out, argmax: argmax)
                    }
                }
            }
        }
        return Variable(y, computedFrom: input, kernel, bias ?? Variable(y)) { [argmax] cotangent in
            var dx = input.isTracked ? Tensor(uninitialized: input.shape, dtype: .float32) : nil
            var dKernel = kernel.isTracked ? Tensor(uninitialized: kernel.shape, dtype: .float32) : nil
            var dBias =
                bias?.isTracked == true
                ? Tensor(uninitialized: [block.convolution.outputChannels], dtype: .float32) : nil
            input.value.withElements { inputElements in
                kernel.value.withElements { kernelElements in
                    y.withElements { y in
                        cotangent.withElements { dy in
                            block.gradients(
                                .init(
                                    input: inputElements, kernel: kernelElements, output: y,
                                    argmax: argmax.map { $0.address.assumingMemoryBound(to: UInt8.self) },
                                    outputGradient: dy),
                                to: .init(
                                    input: dx?.mutableAddress().assumingMemoryBound(to: Float.self),
                                    kernel: dKernel?.mutableAddress().assumingMemoryBound(to: Float.self),
                                    bias: dBias?.mutableAddress().assumingMemoryBound(to: Float.self))
                            ) { count, body in withWorkspace(count, body) }
                        }
                    }
                }
            }
            return [dx, dKernel, dBias]
        }
    }
}

extension Convolution {
    /// The convolution of these shapes; traps with a sentence if they do not fit together.
    fileprivate init(
        input: Shape, kernel: Shape, bias: Shape?, geometry: WindowGeometry, groups: Int, epilogue: Epilogue,
        usesLoops: Bool
    ) {
        Self.requireRanks(input: input, kernel: kernel)
        require(
            groups >= 1 && input[3] == kernel[2] * groups,
            "conv2D: input \(input) has \(input[3]) channels, kernel \(kernel) in \(groups) groups expects \(kernel[2] * groups)"
        )
        require(
            kernel[3] % groups == 0,
            "conv2D: kernel \(kernel) has \(kernel[3]) outputs, expected a multiple of \(groups) groups")
        require(
            bias == nil || bias == [kernel[3]],
            "conv2D: bias has shape \(bias ?? []), expected [\(kernel[3])]")
        let size = Size2D(geometry.vertical.output, geometry.horizontal.output)
        let live = epilogue.extent == nil ? size : epilogue.pixelsRead(of: size)
        self.init(
            geometry: geometry.limited(height: live.height, width: live.width),
            outputChannels: kernel[3], groups: groups, usesLoops: usesLoops)
    }

    fileprivate static func requireRanks(input: Shape, kernel: Shape) {
        require(
            input.rank == 4,
            "conv2D: input \(input) has rank \(input.rank), expected 4 [batch, height, width, channels]")
        require(
            kernel.rank == 4,
            "conv2D: kernel \(kernel) has rank \(kernel.rank), expected 4 [height, width, channels / groups, outputs]"
        )
    }

    fileprivate var outputShape: Shape {
        [geometry.batch, geometry.vertical.output, geometry.horizontal.output, outputChannels]
    }

    /// The windows of a pool that are taken in the convolution's own pass, and whether the pool follows once more behind
    /// them.
    ///
    /// A pass numbers a window's cells by bytes. A pool over a whole image of more cells is one of stripes of the image
    /// first: as many rows as fit, or pieces of a row. The first of equals, row by row, stays the first.
    fileprivate func pools(_ pool: PoolWindow?) -> (inPass: WindowGeometry?, isFollowed: Bool) {
        guard let pool else { return (nil, false) }
        let image = Size2D(geometry.vertical.output, geometry.horizontal.output)
        var window = pool.over(image)
        let limit = ConvolutionBlock.cellLimit
        let isFollowed = pool.whole != nil && image.height * image.width > limit
        if isFollowed {
            window = PoolWindow(
                image.width <= limit ? Size2D(limit / image.width, image.width) : Size2D(1, limit / 2),
                padding: .same)
        }
        let inPass = WindowGeometry(
            "conv2D, pool", input: outputShape, window: window.size, strides: window.strides,
            padding: window.padding)
        return (inPass, isFollowed)
    }

    func output<T: RealScalar>(
        _ type: T.Type, _ input: Tensor, _ kernel: Tensor, bias: Tensor?, clamp: Clamp
    ) -> Tensor {
        Tensor(shape: outputShape) { (out: UnsafeMutablePointer<T>) in
            input.withElements { input in
                kernel.withElements { kernel in
                    withOptionalElements(bias) { bias in
                        forward(
                            input: input, kernel: kernel, bias: bias, clamp: clamp, output: out)
                    }
                }
            }
        }
    }

    func kernelGradient<T: RealScalar>(
        _ type: T.Type, _ input: Tensor, _ dy: Tensor, shape: Shape
    ) -> Tensor {
        Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
            input.withElements { input in
                dy.withElements { dy in
                    withWorkspace(kernelGradientWorkspaceCount) { workspace in
                        kernelGradient(
                            input: input, outputGradient: dy, kernelGradient: out, workspace: workspace)
                    }
                }
            }
        }
    }

    func inputGradient<T: RealScalar>(
        _ type: T.Type, _ kernel: Tensor, _ dy: Tensor, shape: Shape
    ) -> Tensor {
        Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
            kernel.withElements { kernel in
                dy.withElements { dy in
                    inputGradient(kernel: kernel, outputGradient: dy, inputGradient: out)
                }
            }
        }
    }
}

extension WindowGeometry {
    /// The geometry of windows over a batch of images; traps with a sentence if no window fits.
    init(
        _ operation: String, input: Shape, window: Size2D, strides: Size2D, padding: Padding,
        dilation: Size2D = 1
    ) {
        for (name, size) in [("window", window), ("strides", strides), ("dilation", dilation)] {
            require(
                size.height >= 1 && size.width >= 1,
                "\(operation): \(name) is \(size), expected at least 1×1")
        }
        self.init(
            batch: input[0], channels: input[3],
            vertical: Axis(
                input: input[1], window: window.height, stride: strides.height, dilation: dilation.height,
                pads: padding == .same),
            horizontal: Axis(
                input: input[2], window: window.width, stride: strides.width, dilation: dilation.width,
                pads: padding == .same))
        require(
            vertical.output > 0 && horizontal.output > 0,
            "\(operation): a window of \(window) (dilation \(dilation)) does not fit into images of \(input[1])×\(input[2])"
        )
    }
}

// MARK: What the kernels' callers share

/// Scratch memory for one kernel call, from the caching allocator.
func withWorkspace<T: RealScalar, R>(_ count: Int, _ body: (UnsafeMutablePointer<T>) -> R) -> R {
    let storage = Storage(byteCount: count * MemoryLayout<T>.stride)
    return withExtendedLifetime(storage) { body(storage.pointer.assumingMemoryBound(to: T.self)) }
}

func withOptionalElements<T: RealScalar, R>(_ tensor: Tensor?, _ body: (UnsafePointer<T>?) -> R) -> R {
    guard let tensor else { return body(nil) }
    return tensor.withElements { body($0) }
}

extension Tensor {
    /// The sum over all axes but the last: a bias's gradient.
    func rowSums<T: RealScalar>(_ type: T.Type) -> Tensor {
        let columns = shape[-1]
        return Tensor(shape: [columns]) { (out: UnsafeMutablePointer<T>) in
            withElements {
                reduce(
                    .sum, $0, outer: 1, reduced: columns == 0 ? 0 : count / columns, inner: columns, to: out)
            }
        }
    }

    /// Of the gradient of y, a clamp's result, what the clamp lets pass.
    func passed<T: RealScalar>(by clamp: Clamp, _ type: T.Type, y: Tensor) -> Tensor {
        guard !clamp.isIdentity else { return self }
        return Tensor(shape: y.shape) { (dx: UnsafeMutablePointer<T>) in
            y.withElements { y in
                withElements { dy in clampGradient(clamp, y: y, dy: dy, to: dx, count: count) }
            }
        }
    }
}
