import CitiusSIMD

/// A block's gradients where most of them are not zero: products that read images and gradients in place.
///
/// The gradient of the convolution's outputs is laid out in a frame of zeros, with zeros between the pixels where
/// the window moves by more than one. In that frame the input's gradient is a convolution by single pixels with
/// the kernel rotated by 180°.
struct DenseConvolutionGradients: ConvolutionGradients {
    private let block: ConvolutionBlock
    private let pass: ConvolutionPass
    /// The convolution that makes the input's gradient; its images are the outputs' gradients.
    private let inputPass: ConvolutionPass
    private var set: citius_kernels { InstructionSet.chosen.kernels }

    init(_ block: ConvolutionBlock) {
        self.block = block
        pass = block.forwardPass
        let geometry = block.convolution.geometry
        func transposed(_ axis: WindowGeometry.Axis) -> ConvolutionPass.Axis {
            ConvolutionPass.Axis(
                window: axis.window, dilation: axis.dilation, stride: 1, outputs: axis.input)
        }
        let vertical = transposed(geometry.vertical)
        let horizontal = transposed(geometry.horizontal)
        let usesWinograd =
            pass.usesWinograd
            && ConvolutionBlock.winogradPays(
                vertical, horizontal, channels: pass.outputChannels, outputs: geometry.channels, pool: nil)
        func frame(
            _ axis: WindowGeometry.Axis, _ transposed: ConvolutionPass.Axis, live: Int
        ) -> PaddedImages.Axis {
            PaddedImages.Axis(
                pixels: live, before: (axis.window - 1) * axis.dilation - axis.paddingBefore,
                spread: axis.stride, length: transposed.reach(inTiles: usesWinograd))
        }
        inputPass = ConvolutionPass(
            images: PaddedImages(
                vertical: frame(geometry.vertical, vertical, live: pass.vertical.outputs),
                horizontal: frame(geometry.horizontal, horizontal, live: pass.horizontal.outputs),
                channels: pass.outputChannels),
            vertical: vertical, horizontal: horizontal, outputChannels: geometry.channels, pool: nil,
            usesWinograd: usesWinograd)
    }

    /// In multiplications of one image, as the sparse way counts them.
    func cost(wantsInput: Bool) -> Double {
        let products = Double(
            pass.vertical.outputs * pass.horizontal.outputs * pass.outputChannels * pass.depth)
        guard wantsInput else { return products }
        let inputs = Double(
            inputPass.vertical.outputs * inputPass.horizontal.outputs * inputPass.outputChannels
                * inputPass.depth)
        return products + inputs * (inputPass.usesWinograd ? 0.55 : 1)
    }

    var weightCount: Int { inputPass.weightCount }
    var sumCount: Int { pass.depth * pass.outputChannels }

    /// Elements of the gradients of one image's live outputs.
    private var gradientCount: Int { pass.vertical.outputs * pass.horizontal.outputs * pass.outputChannels }

    /// The input's frame, the gradients, their frame, and what the pass needs.
    var scratchCount: Int {
        wholeVectors(pass.images.scratchCount) + wholeVectors(gradientCount)
            + wholeVectors(inputPass.images.scratchCount) + inputPass.scratchCount
    }

    /// The rotated kernel.
    var packScratchCount: Int { sumCount }

    func pack(
        _ kernel: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
        to weights: UnsafeMutablePointer<Float>
    ) {
        let cells = pass.vertical.window * pass.horizontal.window
        let count = pass.images.channels * pass.outputChannels
        for cell in 0..<cells {
            set.transpose(
                kernel + cell * count, pass.outputChannels, pass.images.channels, pass.outputChannels,
                scratch + (cells - 1 - cell) * count, pass.images.channels)
        }
        inputPass.pack(scratch, to: weights)
    }

    func add(
        _ images: Range<Int>, _ operands: ConvolutionBlock.GradientOperands, weights: UnsafePointer<Float>,
        inputGradient: UnsafeMutablePointer<Float>?, kernelSums: UnsafeMutablePointer<Float>?,
        biasSums: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let inputFrame = scratch
        let gradients = inputFrame + wholeVectors(pass.images.scratchCount)
        let gradientFrame = gradients + wholeVectors(gradientCount)
        let passScratch = gradientFrame + wholeVectors(inputPass.images.scratchCount)
        inputFrame.update(repeating: 0, count: pass.images.scratchCount)
        gradientFrame.update(repeating: 0, count: inputPass.images.scratchCount)

        /// The live outputs' gradients of an image, taken into the sums.
        func prepare(_ number: Int) -> UnsafePointer<Float> {
            let dz = liveGradients(number, operands, scratch: gradients, biasSums: biasSums)
            if let kernelSums { addKernelGradient(number, operands.input, dz, inputFrame, to: kernelSums) }
            return dz
        }

        guard let inputGradient else {
            for number in images { _ = prepare(number) }
            return
        }
        inputPass.run(
            rows: images.lowerBound * inputPass.resultRows..<images.upperBound * inputPass.resultRows,
            .init(weights: weights, bias: nil, clamp: .identity, result: inputGradient, argmax: nil),
            scratch: passScratch
        ) { number in
            let dz = prepare(number)
            if inputPass.images.areInPlace { return dz }
            inputPass.images.copy(dz, to: gradientFrame)
            return UnsafePointer(gradientFrame)
        }
    }

    /// dz of an image, [live rows, live columns, outputs]: the result's gradient itself where neither a clamp
    /// nor a pool stands between.
    private func liveGradients(
        _ number: Int, _ operands: ConvolutionBlock.GradientOperands,
        scratch: UnsafeMutablePointer<Float>, biasSums: UnsafeMutablePointer<Float>
    ) -> UnsafePointer<Float> {
        let first = number * pass.resultCount
        let dy = operands.outputGradient + first
        guard !block.clamp.isIdentity || block.pool != nil else {
            set.add_rows(dy, gradientCount / pass.outputChannels, pass.outputChannels, biasSums)
            return dy
        }
        if let pool = block.pool, let argmax = operands.argmax {
            pool.scatter(
                dy, argmax: argmax + first, columns: pass.horizontal.outputs, rows: pass.vertical.outputs,
                to: scratch)
        } else {
            set.clamp_gradient(
                operands.output + first, dy, block.clamp.forMicrokernels, gradientCount, scratch)
        }
        set.add_rows(scratch, gradientCount / pass.outputChannels, pass.outputChannels, biasSums)
        return UnsafePointer(scratch)
    }

    private func addKernelGradient(
        _ number: Int, _ input: UnsafePointer<Float>, _ dz: UnsafePointer<Float>,
        _ frame: UnsafeMutablePointer<Float>, to sums: UnsafeMutablePointer<Float>
    ) {
        let images = pass.images
        let image = input + number * images.imageCount
        if !images.areInPlace { images.copy(image, to: frame) }
        let framed = images.areInPlace ? image : UnsafePointer(frame)
        let (xStride, dyStride) = (
            pass.vertical.stride * images.rowStride, pass.horizontal.outputs * pass.outputChannels
        )
        pass.segments.withUnsafeBufferPointer { segments in
            forEachSumBlock(rows: pass.vertical.outputs, columns: pass.horizontal.outputs) { rows in
                var job = citius_kernel_gradient(
                    x: framed + rows.lowerBound * xStride, x_row_stride: xStride,
                    x_pixel_stride: pass.horizontal.stride * images.channels,
                    dy: dz + rows.lowerBound * dyStride, dy_row_stride: dyStride,
                    dy_pixel_stride: pass.outputChannels, rows: rows.count,
                    columns: pass.horizontal.outputs, outputs: pass.outputChannels,
                    segments: segments.baseAddress, segment_count: segments.count,
                    segment_length: pass.segmentLength, sums: sums, sums_stride: pass.outputChannels)
                set.add_kernel_gradient(&job)
            }
        }
    }
}

extension WindowGeometry {
    /// One image's gradients of the pooled values, each at the cell that won; 0 elsewhere.
    ///
    /// - Parameters:
    ///   - rows: input rows that the pool reads, `columns` pixels each.
    func scatter(
        _ dy: UnsafePointer<Float>, argmax: UnsafePointer<UInt8>, columns: Int, rows: Int,
        to dz: UnsafeMutablePointer<Float>
    ) {
        let set = InstructionSet.chosen.kernels
        // Windows that neither overlap nor leave gaps write each cell once; the others are added up.
        let tiles =
            [vertical, horizontal].allSatisfy { $0.window == $0.stride && $0.paddingBefore == 0 }
            && vertical.output * vertical.stride == rows && horizontal.output * horizontal.stride == columns
        if !tiles { dz.update(repeating: 0, count: rows * columns * channels) }
        forEachRunOfWindows(columns: columns, firstRow: 0, rows: 0..<vertical.output) { run in
            var job = citius_scatter(
                dy: dy + run.result, argmax: argmax + run.result,
                window_stride: horizontal.stride * channels, window_count: run.count,
                cells: run.cells.baseAddress, numbers: run.numbers.baseAddress, cell_count: run.cells.count,
                channels: channels, adds: tiles ? 0 : 1, dz: dz)
            set.scatter_by_argmax(&job)
        }
    }
}
