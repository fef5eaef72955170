/// The geometry of windows that slide over images: of a convolution or a pool. Images are channels-last.
///
/// ```
/// output = (input + paddingBefore + paddingAfter − ((window − 1)·dilation + 1)) / stride + 1, rounded down
/// ```
package struct WindowGeometry: Sendable, Equatable {
    /// One axis, height or width.
    package struct Axis: Sendable, Equatable {
        package let input: Int
        package let window: Int
        package let stride: Int
        package let dilation: Int
        package let paddingBefore: Int
        package let output: Int

        /// `pads` adds what makes the output ⌈input / stride⌉ long, the odd one at the end (Keras's "same");
        /// without it only whole windows count ("valid").
        package init(input: Int, window: Int, stride: Int, dilation: Int, pads: Bool) {
            let extent = (window - 1) * dilation + 1
            self.input = input
            self.window = window
            self.stride = stride
            self.dilation = dilation
            if pads {
                output = (input + stride - 1) / stride
                paddingBefore = max((output - 1) * stride + extent - input, 0) / 2
            } else {
                output = input >= extent ? (input - extent) / stride + 1 : 0
                paddingBefore = 0
            }
        }

        /// Windows of which the first begins `paddingBefore` positions before the input and which are `output` in
        /// number, however far they reach beyond it.
        package init(
            input: Int, window: Int, stride: Int, dilation: Int, paddingBefore: Int, output: Int
        ) {
            self.input = input
            self.window = window
            self.stride = stride
            self.dilation = dilation
            self.paddingBefore = paddingBefore
            self.output = output
        }

        /// Windows that see no position after their own: all padding comes before the input, and the output is
        /// ⌈input / stride⌉ long.
        package init(causal input: Int, window: Int, stride: Int, dilation: Int) {
            self.init(
                input: input, window: window, stride: stride, dilation: dilation,
                paddingBefore: (window - 1) * dilation, output: (input + stride - 1) / stride)
        }

        /// The windows of the convolution whose transpose makes more of `input` positions, with Keras's padding.
        ///
        /// With extent = (window − 1)·dilation + 1, the transpose's result is (input − 1)·stride + extent + padding long
        /// for `valid`, padding being max(stride − extent, 0) unless it is given, and input·stride for `same`, or, if a
        /// padding is given, (input − 1)·stride + extent mod 2 + padding. (`pads` and the rest as in
        /// `compute_conv_transpose_padding_args_for_jax` of Keras.)
        ///
        /// The result, here the axis' `input`, may be 0 or negative: then there is none.
        package init(
            transposed input: Int, window: Int, stride: Int, dilation: Int, pads: Bool, outputPadding: Int?
        ) {
            let extent = (window - 1) * dilation + 1
            // What is added before and after the spread input.
            let (before, after): (Int, Int)
            if pads {
                let total = outputPadding.map { extent + extent % 2 - 2 + $0 } ?? stride + extent - 2
                before = min(total / 2 + total % 2, extent - 1)
                after = total - before
            } else {
                before = extent - 1
                after = extent - 1 + (outputPadding ?? max(extent, stride) - extent)
            }
            self.init(
                input: (input - 1) * stride + 1 + before + after - (extent - 1), window: window,
                stride: stride,
                dilation: dilation, paddingBefore: extent - 1 - before, output: input)
        }

        /// A window of one position that visits each.
        package static func pointwise(_ input: Int) -> Axis {
            Axis(input: input, window: 1, stride: 1, dilation: 1, paddingBefore: 0, output: input)
        }

        /// The same windows, of which the first `count` alone are computed.
        package func limited(to count: Int) -> Axis {
            Axis(
                input: input, window: window, stride: stride, dilation: dilation,
                paddingBefore: paddingBefore, output: min(output, count))
        }

        /// Input positions, from the first on, that the first `count` windows read.
        package func reach(of count: Int) -> Int {
            min(input, source(min(count, output) - 1, window - 1) + 1)
        }

        /// The input position under cell `cell` of the window at `position`; outside the input in the padding.
        @inline(__always)
        package func source(_ position: Int, _ cell: Int) -> Int {
            position * stride - paddingBefore + cell * dilation
        }

        /// The window's cells at `position` that lie over the input.
        @inline(__always)
        package func cells(at position: Int) -> Range<Int> {
            let start = position * stride - paddingBefore
            let first = start >= 0 ? 0 : (-start + dilation - 1) / dilation
            let end = min(window, max(0, (input - start + dilation - 1) / dilation))
            return first..<max(first, end)
        }
    }

    package let batch: Int
    package let channels: Int
    package let vertical: Axis
    package let horizontal: Axis

    package init(batch: Int, channels: Int, vertical: Axis, horizontal: Axis) {
        self.batch = batch
        self.channels = channels
        self.vertical = vertical
        self.horizontal = horizontal
    }

    /// The same windows, of which the first `height` × `width` alone are computed.
    package func limited(height: Int, width: Int) -> WindowGeometry {
        WindowGeometry(
            batch: batch, channels: channels, vertical: vertical.limited(to: height),
            horizontal: horizontal.limited(to: width))
    }

    /// Output rows of the whole batch: the unit in which work is split.
    package var outputRows: Int { batch * vertical.output }
    /// Output positions of the whole batch.
    package var outputPixels: Int { outputRows * horizontal.output }
    /// Elements of one input image.
    package var imageCount: Int { vertical.input * horizontal.input * channels }
    /// Elements of one row of an input image.
    package var rowCount: Int { horizontal.input * channels }
    /// Cells of a window.
    package var cellCount: Int { vertical.window * horizontal.window }
    /// Whether the windows are whole, of 2×2 cells, and lie side by side.
    package var isHalving: Bool {
        func isHalving(_ axis: Axis) -> Bool {
            axis.window == 2 && axis.stride == 2 && axis.dilation == 1 && axis.paddingBefore == 0
                && 2 * axis.output <= axis.input
        }
        return isHalving(vertical) && isHalving(horizontal)
    }
}
