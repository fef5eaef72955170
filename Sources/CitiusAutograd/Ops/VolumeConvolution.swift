import CitiusKernels
import CitiusPlatform
import CitiusTensor

// A window over a volume sees a few planes. Laid side by side as channels, they make the convolution of a volume one of
// images, a plane of the output an image; the same planes again, summed, make its transpose.

extension Variable {
    /// The convolution of a batch of volumes; see `conv2D`.
    ///
    /// - Parameters: `self` is [batch, depth, height, width, channels], `kernel` [depth, height, width, channels / groups,
    ///   output channels], `bias` [output channels].
    /// - Returns: [batch, output depth, output height, output width, output channels].
    ///
    /// Traps if a rank, a dtype or a number of channels does not fit, or if no window fits into the volume.
    public func conv3D(
        _ kernel: Variable, bias: Variable? = nil, strides: Size3D = 1, padding: Padding = .valid,
        dilation: Size3D = 1, groups: Int = 1
    ) -> Variable {
        conv3D(
            kernel, bias: bias, strides: strides, padding: padding, dilation: dilation, groups: groups,
            clamp: .identity)
    }

    /// The same, clamped.
    package func conv3D(
        _ kernel: Variable, bias: Variable? = nil, strides: Size3D = 1, padding: Padding = .valid,
        dilation: Size3D = 1, groups: Int = 1, clamp: Clamp, acceleration: Acceleration = .full
    ) -> Variable {
        requireVolumes("conv3D", kernel)
        let (sizes, cells) = (shape.sizes, kernel.shape.sizes)
        require(
            groups >= 1 && sizes[4] == cells[3] * groups,
            "conv3D: input \(shape) has \(sizes[4]) channels, kernel \(kernel.shape) in \(groups) groups expects \(cells[3] * groups)"
        )
        requirePositive("conv3D", strides, dilation)
        let depth = WindowGeometry.Axis(
            input: sizes[1], window: cells[0], stride: strides.depth, dilation: dilation.depth,
            pads: padding == .same)
        require(
            depth.output > 0,
            "conv3D: a window of \(cells[0]) planes (dilation \(dilation.depth)) does not fit into volumes of \(sizes[1])"
        )
        let pixels = sizes[2] * sizes[3]
        // Within a group of channels, one plane's after the other's.
        let planes = reshaped(to: [sizes[0], sizes[1], 1, pixels * sizes[4]])
            .patches(depth.planes(batch: sizes[0], count: pixels * sizes[4]))
            .reshaped(to: [sizes[0], depth.output, cells[0], pixels, groups, cells[3]])
            .permuted([0, 1, 3, 4, 2, 5])
            .reshaped(to: [sizes[0] * depth.output, sizes[2], sizes[3], cells[0] * sizes[4]])
        let flat = kernel.permuted([1, 2, 0, 3, 4]).reshaped(
            to: [cells[1], cells[2], cells[0] * cells[3], cells[4]])
        let output = planes.conv2D(
            flat, bias: bias, strides: strides.plane, padding: padding, dilation: dilation.plane,
            groups: groups, epilogue: Epilogue(clamp: clamp), acceleration: acceleration)
        return output.reshaped(
            to: [sizes[0], depth.output, output.shape[1], output.shape[2], output.shape[3]])
    }

    /// The transpose of a convolution of volumes; see `conv2DTransposed`.
    ///
    /// - Parameters: `self` is [batch, depth, height, width, channels], `kernel` [depth, height, width, output channels,
    ///   channels], `bias` [output channels].
    /// - Returns: [batch, output depth, output height, output width, output channels].
    ///
    /// Traps if a rank, a dtype or a number of channels does not fit, or if nothing is left of the output.
    public func conv3DTransposed(
        _ kernel: Variable, bias: Variable? = nil, strides: Size3D = 1, padding: Padding = .valid,
        outputPadding: Size3D? = nil, dilation: Size3D = 1
    ) -> Variable {
        conv3DTransposed(
            kernel, bias: bias, strides: strides, padding: padding, outputPadding: outputPadding,
            dilation: dilation, clamp: .identity)
    }

    /// The same, clamped.
    package func conv3DTransposed(
        _ kernel: Variable, bias: Variable? = nil, strides: Size3D = 1, padding: Padding = .valid,
        outputPadding: Size3D? = nil, dilation: Size3D = 1, clamp: Clamp,
        acceleration: Acceleration = .full
    ) -> Variable {
        requireVolumes("conv3DTransposed", kernel)
        requirePositive("conv3DTransposed", strides, dilation)
        let (sizes, cells) = (shape.sizes, kernel.shape.sizes)
        let depth = WindowGeometry.Axis(
            transposed: sizes[1], window: cells[0], stride: strides.depth, dilation: dilation.depth,
            pads: padding == .same, outputPadding: outputPadding?.depth)
        require(depth.input > 0, "conv3DTransposed: nothing is left of the output of \(shape)")
        let flat = kernel.permuted([1, 2, 0, 3, 4]).reshaped(
            to: [cells[1], cells[2], cells[0] * cells[3], cells[4]])
        let planes = reshaped(to: [sizes[0] * sizes[1], sizes[2], sizes[3], sizes[4]]).conv2DTransposed(
            flat, strides: strides.plane, padding: padding, outputPadding: outputPadding?.plane,
            dilation: dilation.plane, clamp: .identity, acceleration: acceleration)
        let (height, width) = (planes.shape[1], planes.shape[2])
        return
            planes
            .reshaped(to: [sizes[0], sizes[1], height * width, cells[0], cells[3]])
            .permuted([0, 1, 3, 2, 4])
            .reshaped(to: [sizes[0], sizes[1], 1, cells[0] * height * width * cells[3]])
            .summedPatches(depth.planes(batch: sizes[0], count: height * width * cells[3]))
            .reshaped(to: [sizes[0], depth.input, height, width, cells[3]])
            .with(bias: bias, clamp: clamp)
    }

    private func requireVolumes(_ operation: String, _ kernel: Variable) {
        require(
            shape.rank == 5 && kernel.shape.rank == 5,
            "\(operation): input \(shape) and kernel \(kernel.shape), expected rank 5 [batch, depth, height, width, channels] and 5"
        )
    }

    private func requirePositive(_ operation: String, _ sizes: Size3D...) {
        for size in sizes {
            require(
                size.sizes.allSatisfy { $0 >= 1 },
                "\(operation): strides or dilation are \(size), expected at least 1×1×1")
        }
    }
}

extension WindowGeometry.Axis {
    /// Windows along the depth of volumes, whose planes have `count` elements: planes are the pixels of an image one
    /// pixel wide.
    fileprivate func planes(batch: Int, count: Int) -> WindowGeometry {
        WindowGeometry(batch: batch, channels: count, vertical: self, horizontal: .pointwise(1))
    }
}
