import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// A convolution of every channel with windows of its own:
    ///
    /// ```
    /// y[n, i, j, c·multiplier + m] = bias[c·multiplier + m] + Σ over h, w of
    ///     x[n, i·stride + h·dilation − padding, j·stride + w·dilation − padding, c] · kernel[h, w, c, m]
    /// ```
    ///
    /// - Parameters: `self` is [batch, height, width, channels], `kernel` [height, width, channels, multiplier],
    ///   `bias` [channels · multiplier].
    /// - Returns: [batch, output height, output width, channels · multiplier].
    ///
    /// Traps if a rank or a number of channels does not fit, or if no window fits into the image.
    public func depthwiseConv2D(
        _ kernel: Variable, bias: Variable? = nil, strides: Size2D = 1, padding: Padding = .valid,
        dilation: Size2D = 1
    ) -> Variable {
        depthwiseConv2D(
            kernel, bias: bias, strides: strides, padding: padding, dilation: dilation, epilogue: Epilogue())
    }

    /// The same with an epilogue.
    ///
    /// - Parameter acceleration: how float32 is computed; float64 goes by im2col or by loops.
    package func depthwiseConv2D(
        _ kernel: Variable, bias: Variable? = nil, strides: Size2D = 1, padding: Padding = .valid,
        dilation: Size2D = 1, epilogue: Epilogue, acceleration: Acceleration = .full
    ) -> Variable {
        require(
            shape.rank == 4 && kernel.shape.rank == 4 && kernel.shape[2] == shape[3],
            "depthwiseConv2D: input \(shape) and kernel \(kernel.shape), expected [batch, height, width, channels] and [height, width, channels, multiplier]"
        )
        let (height, width) = (kernel.shape[0], kernel.shape[1])
        // A group for each channel; the kernel's elements lie as the groups need them.
        return conv2D(
            kernel.reshaped(to: [height, width, 1, kernel.shape[2] * kernel.shape[3]]), bias: bias,
            strides: strides, padding: padding, dilation: dilation, groups: shape[3], epilogue: epilogue,
            acceleration: acceleration)
    }

    /// By products of vectors of channels.
    func apply(_ depthwise: DepthwiseConvolution, _ kernel: Variable, bias: Variable?) -> Variable {
        let input = self
        let y = Tensor(shape: depthwise.geometry.outputShape) { (out: UnsafeMutablePointer<Float>) in
            input.value.withElements { input in
                kernel.value.withElements { kernel in
                    withOptionalElements(bias?.value) { bias in
                        depthwise.forward(input: input, kernel: kernel, bias: bias, output: out)
                    }
                }
            }
        }
        return Variable(y, computedFrom: input, kernel, bias ?? Variable(y)) { cotangent in
            let dy = cotangent.passed(by: depthwise.clamp, Float.self, y: y)
            let dx = { () -> Tensor in
                Tensor(shape: input.shape) { (out: UnsafeMutablePointer<Float>) in
                    kernel.value.withElements { kernel in
                        dy.withElements { dy in
                            withWorkspace(depthwise.inputGradientWorkspaceCount) { workspace in
                                depthwise.inputGradient(
                                    kernel: kernel, outputGradient: dy, inputGradient: out,
                                    workspace: workspace)
                            }
                        }
                    }
                }
            }
            let dKernel = { () -> Tensor in
                Tensor(shape: kernel.shape) { (out: UnsafeMutablePointer<Float>) in
                    input.value.withElements { input in
                        dy.withElements { dy in
                            withWorkspace(depthwise.kernelGradientWorkspaceCount) { workspace in
                                depthwise.kernelGradient(
                                    input: input, outputGradient: dy, kernelGradient: out,
                                    workspace: workspace)
                            }
                        }
                    }
                }
            }
            return [
                input.isTracked ? dx() : nil, kernel.isTracked ? dKernel() : nil,
                bias?.isTracked == true ? dy.rowSums(Float.self) : nil,
            ]
        }
    }
}
