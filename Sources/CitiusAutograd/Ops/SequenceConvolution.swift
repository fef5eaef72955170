import CitiusKernels
import CitiusPlatform
import CitiusTensor

// A sequence is an image of height 1: all of these are the two-dimensional operation.

extension Variable {
    /// The convolution of a batch of sequences, along their steps:
    ///
    /// ```
    /// y[n, i, o] = bias[o] + Σ over k, c of x[n, i·stride + k·dilation − padding, c] · kernel[k, c, o]
    /// ```
    ///
    /// - Parameters: `self` is [batch, steps, channels], `kernel` [size, channels / groups, output channels], `bias`
    ///   [output channels].
    /// - Returns: [batch, output steps, output channels].
    ///
    /// Traps if a rank, a dtype or a number of channels does not fit, or if no window fits into the sequence.
    public func conv1D(
        _ kernel: Variable, bias: Variable? = nil, strides: Int = 1, padding: SequencePadding = .valid,
        dilation: Int = 1, groups: Int = 1
    ) -> Variable {
        conv1D(
            kernel, bias: bias, strides: strides, padding: padding, dilation: dilation, groups: groups,
            epilogue: Epilogue())
    }

    /// The same with an epilogue, whose pool slides over images of height 1.
    package func conv1D(
        _ kernel: Variable, bias: Variable? = nil, strides: Int = 1, padding: SequencePadding = .valid,
        dilation: Int = 1, groups: Int = 1, epilogue: Epilogue, acceleration: Acceleration = .full
    ) -> Variable {
        requireSequences("conv1D", kernel)
        var flat = kernel.reshaped(to: kernel.shape.prepending(1))
        // Packed as the parameter itself would be.
        flat.origin = kernel.origin
        return asImages(
            conv2D: flat, bias: bias,
            axis: sequenceAxis("conv1D", kernel.shape[0], strides, padding, dilation), groups: groups,
            epilogue: epilogue, acceleration: acceleration)
    }

    /// A convolution of every channel along the steps, with windows of its own.
    ///
    /// - Parameters: `self` is [batch, steps, channels], `kernel` [size, channels, multiplier], `bias` [channels ·
    ///   multiplier].
    /// - Returns: [batch, output steps, channels · multiplier].
    ///
    /// Traps if a rank, a dtype or a number of channels does not fit, or if no window fits into the sequence.
    public func depthwiseConv1D(
        _ kernel: Variable, bias: Variable? = nil, strides: Int = 1, padding: SequencePadding = .valid,
        dilation: Int = 1
    ) -> Variable {
        depthwiseConv1D(
            kernel, bias: bias, strides: strides, padding: padding, dilation: dilation, epilogue: Epilogue())
    }

    /// The same with an epilogue.
    package func depthwiseConv1D(
        _ kernel: Variable, bias: Variable? = nil, strides: Int = 1, padding: SequencePadding = .valid,
        dilation: Int = 1, epilogue: Epilogue, acceleration: Acceleration = .full
    ) -> Variable {
        requireSequences("depthwiseConv1D", kernel)
        require(
            kernel.shape[1] == shape[2],
            "depthwiseConv1D: input \(shape) and kernel \(kernel.shape), expected [batch, steps, channels] and [size, channels, multiplier]"
        )
        let size = kernel.shape[0]
        return asImages(
            conv2D: kernel.reshaped(to: [1, size, 1, kernel.shape[1] * kernel.shape[2]]), bias: bias,
            axis: sequenceAxis("depthwiseConv1D", size, strides, padding, dilation), groups: shape[2],
            epilogue: epilogue, acceleration: acceleration)
    }

    private func requireSequences(_ operation: String, _ kernel: Variable) {
        require(
            shape.rank == 3 && kernel.shape.rank == 3,
            "\(operation): input \(shape) and kernel \(kernel.shape), expected rank 3 [batch, steps, channels] and 3"
        )
    }

    private func asImages(
        conv2D kernel: Variable, bias: Variable?, axis: WindowGeometry.Axis, groups: Int, epilogue: Epilogue,
        acceleration: Acceleration
    ) -> Variable {
        let images = reshaped(to: [shape[0], 1, shape[1], shape[2]])
        let geometry = WindowGeometry(
            batch: shape[0], channels: shape[2], vertical: .pointwise(1), horizontal: axis)
        let output = images.conv2D(
            kernel, bias: bias, geometry: geometry, groups: groups, epilogue: epilogue,
            acceleration: acceleration)
        if output.shape.rank == 2 { return output }
        return output.reshaped(to: [output.shape[0], output.shape[2], output.shape[3]])
    }

    private func sequenceAxis(
        _ operation: String, _ window: Int, _ stride: Int, _ padding: SequencePadding, _ dilation: Int
    ) -> WindowGeometry.Axis {
        for (name, number) in [("kernel", window), ("strides", stride), ("dilation", dilation)] {
            require(number >= 1, "\(operation): \(name) is \(number), expected at least 1")
        }
        let axis = padding.axis(over: shape[1], window: window, stride: stride, dilation: dilation)
        require(
            axis.output > 0,
            "\(operation): a window of \(window) (dilation \(dilation)) does not fit into sequences of \(shape[1])"
        )
        return axis
    }
}

extension SequencePadding {
    /// The windows along a sequence.
    package func axis(over steps: Int, window: Int, stride: Int, dilation: Int) -> WindowGeometry.Axis {
        self == .causal
            ? .init(causal: steps, window: window, stride: stride, dilation: dilation)
            : .init(input: steps, window: window, stride: stride, dilation: dilation, pads: self == .same)
    }
}
