import CitiusSIMD

/// A block's gradients over the live outputs alone: those that a pool let through and no rectifier killed. The
/// sums are the dense ones without their zeros; nothing is approximated.
///
/// dKernel is summed output channel by output channel: its patches' rows are contiguous, and all sums of a row stay
/// in registers. dInput is summed pixel by pixel, the window's rows outermost, so that their slice of the
/// kernel stays in the L1 cache.
struct SparseConvolutionGradients: ConvolutionGradients {
    private let block: ConvolutionBlock
    private let pass: ConvolutionPass
    private let set = InstructionSet.chosen.kernels
    /// Windows of the pool in one image; without a pool, outputs.
    private let windows: Int
    private let cells: Int
    /// Where each window's cells begin in the framed input, [windows, cells].
    private let positions: [Int32]

    /// In multiplications of one image; nil if the segments are no whole vectors, which the sums need. Measured: a
    /// live element's multiplications take 1.3 times a dense one's, being bound by loads.
    static func cost(of pass: ConvolutionPass, liveShare: Double, wantsInput: Bool) -> Double? {
        guard pass.segmentLength % pass.set.lanes == 0 else { return nil }
        let products = Double(
            pass.vertical.outputs * pass.horizontal.outputs * pass.outputChannels * pass.depth)
        return products * liveShare * 1.3 * (wantsInput ? 2 : 1)
    }

    init(_ block: ConvolutionBlock) {
        self.block = block
        let pass = block.forwardPass
        self.pass = pass
        windows = pass.resultCount / max(1, pass.outputChannels)
        cells = block.pool?.cellCount ?? 1
        let columns = max(1, windows / max(1, pass.resultRows))
        let pool = block.pool
        func offset(_ row: Int, _ column: Int) -> Int32 {
            // Cells in the pool's padding never win.
            guard row >= 0, column >= 0 else { return 0 }
            return Int32(
                row * pass.vertical.stride * pass.images.rowStride
                    + column * pass.horizontal.stride * pass.images.channels)
        }
        var positions: [Int32] = []
        positions.reserveCapacity(windows * cells)
        for row in 0..<pass.resultRows {
            for column in 0..<columns {
                guard let pool else {
                    positions.append(offset(row, column))
                    continue
                }
                for i in 0..<pool.vertical.window {
                    for j in 0..<pool.horizontal.window {
                        positions.append(
                            offset(pool.vertical.source(row, i), pool.horizontal.source(column, j)))
                    }
                }
            }
        }
        self.positions = positions
    }

    var weightCount: Int { pass.depth * pass.outputChannels }
    var sumCount: Int { pass.depth * pass.outputChannels }

    /// From one channel's list of live outputs to the next: whole vectors are written.
    private var channelStride: Int { windows + set.lanes }

    /// The input's frame, its gradient's, and the lists.
    var scratchCount: Int {
        2 * pass.images.scratchCount + pass.outputChannels * (1 + 2 * channelStride)
            + windows * cells * (1 + 2 * pass.outputChannels)
    }

    /// [segments, outputs, segment length]
    func pack(
        _ kernel: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
        to weights: UnsafeMutablePointer<Float>
    ) {
        let count = pass.segmentLength * pass.outputChannels
        for segment in 0..<pass.segments.count {
            set.transpose(
                kernel + segment * count, pass.outputChannels, pass.segmentLength, pass.outputChannels,
                weights + segment * count, pass.segmentLength)
        }
    }

    func add(
        _ images: Range<Int>, _ operands: ConvolutionBlock.GradientOperands, weights: UnsafePointer<Float>,
        inputGradient: UnsafeMutablePointer<Float>?, kernelSums: UnsafeMutablePointer<Float>?,
        biasSums: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let layout = pass.images
        let frame = scratch
        frame.update(repeating: 0, count: layout.scratchCount)
        let gradientFrame = frame + layout.scratchCount
        let lists = Lists(
            gradientFrame + layout.scratchCount, outputs: pass.outputChannels, channelStride: channelStride,
            pixels: windows * cells)
        for number in images {
            let result = number * pass.resultCount
            positions.withUnsafeBufferPointer { positions in
                var live = citius_live_outputs(
                    dy: operands.outputGradient + result, winner: operands.winner.map { $0 + result },
                    y: block.rectifies ? operands.output + result : nil, windows: windows, cells: cells,
                    outputs: pass.outputChannels, positions: positions.baseAddress,
                    channel_stride: channelStride, channel_counts: lists.channelCounts,
                    channel_positions: lists.channelPositions,
                    channel_gradients: lists.channelGradients, pixel_counts: lists.pixelCounts,
                    pixel_channels: inputGradient == nil ? nil : lists.pixelChannels,
                    pixel_gradients: lists.pixelGradients, bias_sums: biasSums)
                _ = set.list_live(&live)
                if let kernelSums {
                    let image = operands.input + number * layout.imageCount
                    if !layout.areInPlace { layout.copy(image, to: frame) }
                    set.add_sparse_kernel_gradient(
                        &live, layout.areInPlace ? image : UnsafePointer(frame), pass.segments,
                        pass.segments.count, pass.segmentLength, kernelSums)
                }
                if let inputGradient {
                    let image = inputGradient + number * layout.imageCount
                    let target = layout.areInPlace ? image : gradientFrame
                    target.update(
                        repeating: 0, count: layout.areInPlace ? layout.imageCount : layout.frameCount)
                    set.add_sparse_input_gradient(
                        &live, weights, pass.segments, pass.segments.count, pass.segmentLength, target)
                    if !layout.areInPlace { layout.copy(outOf: gradientFrame, to: image) }
                }
            }
        }
    }

    /// The sums are [outputs, segments, segment length].
    func unpack(_ sums: UnsafePointer<Float>, to kernel: UnsafeMutablePointer<Float>) {
        set.transpose(sums, pass.depth, pass.outputChannels, pass.depth, kernel, pass.outputChannels)
    }

    /// One image's lists of live outputs, see `citius_live_outputs`. Whole numbers are as long as floats.
    private struct Lists {
        let channelCounts: UnsafeMutablePointer<Int32>
        let channelPositions: UnsafeMutablePointer<Int32>
        let channelGradients: UnsafeMutablePointer<Float>
        let pixelCounts: UnsafeMutablePointer<Int32>
        let pixelChannels: UnsafeMutablePointer<Int32>
        let pixelGradients: UnsafeMutablePointer<Float>

        init(_ memory: UnsafeMutablePointer<Float>, outputs: Int, channelStride: Int, pixels: Int) {
            var next = UnsafeMutableRawPointer(memory)
            func take<T>(_ type: T.Type, _ count: Int) -> UnsafeMutablePointer<T> {
                defer { next += count * MemoryLayout<T>.stride }
                return next.bindMemory(to: T.self, capacity: count)
            }
            channelCounts = take(Int32.self, outputs)
            channelPositions = take(Int32.self, outputs * channelStride)
            channelGradients = take(Float.self, outputs * channelStride)
            pixelCounts = take(Int32.self, pixels)
            pixelChannels = take(Int32.self, pixels * outputs)
            pixelGradients = take(Float.self, pixels * outputs)
        }
    }
}
