import CitiusSIMD

/// A block's gradients behind a pool where nobody wants the input's, as in a first layer, and channels are few: as
/// many multiplications as the pool has windows, each by the pixel that the window's largest cell saw
/// (`citius_argmax_gradient`).
struct ArgmaxConvolutionGradients: ConvolutionGradients {
    private let pass: ConvolutionPass
    private let pool: WindowGeometry

    /// Measured: beside the multiplication, a value must be looked up and selected.
    private static let costOfMultiplication = 2.0

    /// nil where the instruction set cannot look up, or the windows do not fit.
    init?(_ block: ConvolutionBlock) {
        let pass = block.forwardPass
        let isSingle = [pass.vertical, pass.horizontal].allSatisfy { $0.stride == 1 && $0.dilation == 1 }
        guard let pool = block.pool, pass.set.add_argmax_gradient != nil, isSingle,
            (2...3).contains(pool.vertical.window), pass.horizontal.window <= 7,
            pool.horizontal.window + pass.horizontal.window - 1 <= pass.set.lanes,
            [pool.vertical, pool.horizontal].allSatisfy({ $0.wholeWindows == 0..<$0.output })
        else { return nil }
        self.pass = pass
        self.pool = pool
    }

    /// In multiplications of one image, as the other ways count them.
    var cost: Double { Self.costOfMultiplication * Double(pass.resultCount * pass.depth) }

    var weightCount: Int { 0 }
    var sumCount: Int { pass.depth * pass.outputChannels }

    /// Whether a channel's pixels lie one behind the other in the image itself.
    private var isInPlace: Bool { pass.images.areInPlace && pass.images.channels == 1 }

    /// An image's frame, and a channel of it.
    var scratchCount: Int {
        isInPlace ? 0 : pass.images.scratchCount + pass.images.vertical.length * pass.images.horizontal.length
    }

    func pack(
        _ kernel: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
        to weights: UnsafeMutablePointer<Float>
    ) {}

    func add(
        _ images: Range<Int>, _ operands: ConvolutionBlock.GradientOperands, weights: UnsafePointer<Float>,
        inputGradient: UnsafeMutablePointer<Float>?, kernelSums: UnsafeMutablePointer<Float>?,
        biasSums: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let layout = pass.images
        let plane = scratch + layout.scratchCount
        scratch.update(repeating: 0, count: layout.scratchCount)
        for number in images {
            let result = number * pass.resultCount
            let image = operands.input + number * layout.imageCount
            if !layout.areInPlace { layout.copy(image, to: scratch) }
            let framed = layout.areInPlace ? image : UnsafePointer(scratch)
            for channel in 0..<layout.channels {
                if !isInPlace { copy(channel, of: framed, to: plane) }
                let x = isInPlace ? image : UnsafePointer(plane)
                let rowStride = isInPlace ? layout.rowStride : layout.horizontal.length
                let rowCount = pool.horizontal.output * pass.outputChannels
                forEachSumBlock(rows: pool.vertical.output, columns: pool.horizontal.output) { rows in
                    let first = result + rows.lowerBound * rowCount
                    var job = citius_argmax_gradient(
                        x: x + rows.lowerBound * pool.vertical.stride * rowStride, x_row_stride: rowStride,
                        dy: operands.outputGradient + first, argmax: operands.argmax! + first,
                        rows: rows.count, columns: pool.horizontal.output, outputs: pass.outputChannels,
                        row_step: pool.vertical.stride, column_step: pool.horizontal.stride,
                        pool_height: pool.vertical.window, pool_width: pool.horizontal.window,
                        kernel_height: pass.vertical.window, kernel_width: pass.horizontal.window,
                        sums: kernelSums! + channel * pass.outputChannels,
                        sums_stride: layout.channels * pass.outputChannels,
                        bias_sums: channel == 0 ? biasSums : nil)
                    pass.set.add_argmax_gradient(&job)
                }
            }
        }
    }

    /// What windows see of a channel, its pixels one behind the other.
    private func copy(
        _ channel: Int, of image: UnsafePointer<Float>, to plane: UnsafeMutablePointer<Float>
    ) {
        let images = pass.images
        var target = plane
        for row in 0..<images.vertical.length {
            var source = image + row * images.rowStride + channel
            for _ in 0..<images.horizontal.length {
                target.pointee = source.pointee
                target += 1
                source += images.channels
            }
        }
    }
}
