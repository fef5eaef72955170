import CitiusSIMD

/// One convolution of float images by products without im2col: y = max(x ∗ w + b, 0), perhaps pooled.
///
/// With channels last, a row of the window is contiguous in the image, so the product reads the image in place. A
/// 3×3 window that moves by single pixels goes through Winograd's F(2×2, 3×3) where that is worth it.
///
/// The forward pass of a layer is one, and so is the gradient of its input: a convolution of the outputs'
/// gradients with the kernel rotated by 180°.
struct ConvolutionPass: Sendable {
    /// Along one axis: outputs that are computed, and input pixels from one to the next.
    struct Axis: Sendable {
        let window: Int
        let dilation: Int
        let stride: Int
        /// Outputs along the axis. With a pool, those that it reads: the others are dead.
        let outputs: Int
    }

    let images: PaddedImages
    let vertical: Axis
    let horizontal: Axis
    let outputChannels: Int
    let pool: WindowGeometry?
    let usesWinograd: Bool
    /// The window's pieces that are contiguous in the input: where each begins.
    let segments: [Int]
    let segmentLength: Int
    var set: citius_kernels { InstructionSet.chosen.kernels }

    /// - Parameters:
    ///   - images: framed so that all windows lie inside; of at least an even number of outputs along each axis if
    ///     `usesWinograd`.
    init(
        images: PaddedImages, vertical: Axis, horizontal: Axis, outputChannels: Int, pool: WindowGeometry?,
        usesWinograd: Bool
    ) {
        self.images = images
        self.vertical = vertical
        self.horizontal = horizontal
        self.outputChannels = outputChannels
        self.pool = pool
        self.usesWinograd = usesWinograd
        let window = WindowSegments(
            vertical: vertical, horizontal: horizontal, channels: images.channels,
            rowStride: images.rowStride)
        segments = window.offsets
        segmentLength = window.length
    }

    /// Elements of the kernel that one output sees.
    var depth: Int { vertical.window * horizontal.window * images.channels }

    /// Rows of the result, of one image.
    var resultRows: Int { pool?.vertical.output ?? vertical.outputs }

    /// Elements of the result, of one image.
    var resultCount: Int {
        resultRows * (pool?.horizontal.output ?? horizontal.outputs) * outputChannels
    }

    // MARK: Weights

    /// Columns of a block of packed weights.
    var blockColumns: Int { 2 * set.lanes }
    private var paddedOutputs: Int {
        (outputChannels + blockColumns - 1) / blockColumns * blockColumns
    }

    /// Elements of the packed weights.
    var weightCount: Int { (usesWinograd ? 16 * images.channels : depth) * paddedOutputs }

    /// Lays out a kernel [height, width, channels, outputs] in the order in which the products read it.
    func pack(_ kernel: UnsafePointer<Float>, to weights: UnsafeMutablePointer<Float>) {
        if usesWinograd {
            let grain = max(1, 1_024 / paddedOutputs)
            ThreadPool.shared.forRanges(of: images.channels, grain: grain) { range in
                set.winograd_kernel(
                    kernel, images.channels, outputChannels, range.lowerBound, range.upperBound, weights,
                    images.channels * paddedOutputs)
            }
            return
        }
        for column in stride(from: 0, to: outputChannels, by: blockColumns) {
            let count = min(blockColumns, outputChannels - column)
            let block = weights + column * depth
            for row in 0..<depth {
                (block + row * blockColumns).update(
                    from: kernel + row * outputChannels + column, count: count)
            }
        }
    }

    // MARK: Running

    /// What a pass works on.
    struct Operands {
        /// As `pack` leaves them.
        let weights: UnsafePointer<Float>
        let bias: UnsafePointer<Float>?
        let clamp: Clamp
        /// [batch, result height, result width, outputs]
        let result: UnsafeMutablePointer<Float>
        /// With a pool: which cell of each window won; nil if nobody wants to know.
        let argmax: UnsafeMutablePointer<UInt8>?
    }

    /// Rows of the result that are computed at once, where there are so many.
    var groupRows: Int { usesWinograd ? winogradGroupRows : directGroupRows }

    /// Elements of scratch memory for one thread.
    var scratchCount: Int { usesWinograd ? winogradScratchCount : directScratchCount }

    /// Computes rows of the result, numbered through the batch. `image` gives the framed image of a number; it is
    /// asked again only after a change of image.
    func run(
        rows: Range<Int>, _ operands: Operands, scratch: UnsafeMutablePointer<Float>,
        image: (Int) -> UnsafePointer<Float>
    ) {
        if usesWinograd {
            runWinograd(rows, operands, scratch, image)
        } else {
            runDirect(rows, operands, scratch, image)
        }
    }

    /// A product of these rows and the weights of one block after the other.
    func product(
        of x: UnsafePointer<Float>, rows: UnsafePointer<Int>, count: Int, segments: UnsafePointer<Int>,
        segmentCount: Int, segmentLength: Int, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        clamp: Clamp, to y: UnsafeMutablePointer<Float>
    ) {
        var product = citius_product(
            x: x, rows: rows, row_count: count, segments: segments, segment_count: segmentCount,
            segment_length: segmentLength, weights: weights, weight_stride: blockColumns,
            block_stride: segmentCount * segmentLength * blockColumns, columns: outputChannels, bias: bias,
            clamp: clamp.forMicrokernels, accumulates: 0, y: y, y_stride: outputChannels)
        set.multiply_rows(&product)
    }
}

/// The pieces of a window that are contiguous in an image: with channels last, each of its rows, or each of its cells where
/// these lie apart.
struct WindowSegments {
    /// Where each begins.
    let offsets: [Int]
    let length: Int

    init(
        vertical: ConvolutionPass.Axis, horizontal: ConvolutionPass.Axis, channels: Int, rowStride: Int
    ) {
        let row = rowStride * vertical.dilation
        if horizontal.dilation == 1 {
            offsets = (0..<vertical.window).map { $0 * row }
            length = horizontal.window * channels
        } else {
            offsets = (0..<vertical.window * horizontal.window).map {
                $0 / horizontal.window * row + $0 % horizontal.window * horizontal.dilation * channels
            }
            length = channels
        }
    }
}
