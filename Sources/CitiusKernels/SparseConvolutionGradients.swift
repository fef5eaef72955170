import CitiusSIMD

/// A block's gradients over the live outputs alone: those that a pool and a clamp let through. The
/// sums are the dense ones without their zeros; nothing is approximated.
///
/// dKernel is summed output channel by output channel: its patches' rows are contiguous, and all sums of a row stay
/// in registers. dInput is summed pixel by pixel, the window's rows outermost, so that their slice of the
/// kernel stays in the L1 cache.
struct SparseConvolutionGradients: ConvolutionGradients {
    private let block: ConvolutionBlock
    private let pass: ConvolutionPass
    private var set: citius_kernels { InstructionSet.chosen.kernels }
    /// Windows of the pool in one image; without a pool, outputs.
    private let windows: Int
    private let cells: Int
    /// Where each window's cells begin in the framed input, [windows, cells].
    private let positions: [Int32]

    /// In multiplications of one image; nil if the segments are no whole vectors, which the sums need. Measured: a
    /// live element's multiplications take 1.3 times a dense one's, being bound by loads.
    static func cost(of pass: ConvolutionPass, liveFraction: Double, wantsInput: Bool) -> Double? {
        guard pass.segmentLength % pass.set.lanes == 0 else { return nil }
        let products = Double(
            pass.vertical.outputs * pass.horizontal.outputs * pass.outputChannels * pass.depth)
        return products * liveFraction * 1.3 * (wantsInput ? 2 : 1)
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
    /// The sums of a vector of output channels.
    var sumBlockCount: Int { max(1, set.lanes * pass.depth) }

    /// Elements of the lists of some channels' live outputs.
    private var channelListCount: Int { (windows + set.lanes) * set.lanes }
    /// Elements of the list of all live outputs.
    private var liveListCount: Int { windows * pass.outputChannels + set.lanes }

    /// The input's frame, its gradient's, and the lists.
    var scratchCount: Int {
        2 * pass.images.scratchCount + 2 * channelListCount + 2 * liveListCount + windows * cells + 1
    }

    /// [segments, outputs, segment length]
    func pack(
        _ kernel: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
        to weights: UnsafeMutablePointer<Float>
    ) {
        let (length, outputs) = (pass.segmentLength, pass.outputChannels)
        // A segment's length is of whole vectors.
        let blocks = length / set.lanes
        ThreadPool.shared.forRanges(
            of: pass.segments.count * blocks, grain: max(1, 4_096 / max(1, set.lanes * outputs))
        ) { range in
            for index in range {
                let (segment, row) = (index / blocks * length * outputs, index % blocks * set.lanes)
                set.transpose(
                    kernel + segment + row * outputs, outputs, set.lanes, outputs, weights + segment + row,
                    length)
            }
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
        // Whole numbers are as long as floats.
        var next = UnsafeMutableRawPointer(gradientFrame + layout.scratchCount)
        func take<T>(_ count: Int) -> UnsafeMutablePointer<T> {
            defer { next += count * MemoryLayout<T>.stride }
            return next.bindMemory(to: T.self, capacity: count)
        }
        var live = citius_live_outputs(
            dy: nil, argmax: nil, y: nil, clamp: block.clamp.forMicrokernels, windows: windows, cells: cells,
            outputs: pass.outputChannels,
            positions: nil, channel_positions: take(channelListCount),
            channel_gradients: take(channelListCount), bias_sums: biasSums,
            pixel_starts: take(windows * cells + 1), live_channels: take(liveListCount),
            live_gradients: take(liveListCount))
        positions.withUnsafeBufferPointer { positions in
            live.positions = positions.baseAddress
            for number in images {
                let result = number * pass.resultCount
                live.dy = operands.outputGradient + result
                live.argmax = operands.argmax.map { $0 + result }
                live.y = block.clamp.isIdentity ? nil : operands.output + result
                let image = operands.input + number * layout.imageCount
                if kernelSums != nil && !layout.areInPlace { layout.copy(image, to: frame) }
                // Images that together do not fit into the L2 cache are fetched ahead.
                let isFar = images.count * layout.imageCount > 512 * 1_024 / 4
                let next =
                    isFar && layout.areInPlace && number + 1 < images.upperBound ? layout.imageCount : 0
                set.add_sparse_kernel_gradient(
                    &live, layout.areInPlace ? image : UnsafePointer(frame), pass.segments,
                    pass.segments.count, pass.segmentLength, kernelSums, image + layout.imageCount, next)
                guard let inputGradient else { continue }
                set.list_live(&live)
                let gradient = inputGradient + number * layout.imageCount
                let target = layout.areInPlace ? gradient : gradientFrame
                target.update(
                    repeating: 0, count: layout.areInPlace ? layout.imageCount : layout.frameCount)
                set.add_sparse_input_gradient(
                    &live, weights, pass.segments, pass.segments.count, pass.segmentLength, target,
                    gradient + layout.imageCount, next)
                if !layout.areInPlace { layout.copy(outOf: gradientFrame, to: gradient) }
            }
        }
    }

    /// The sums are [outputs, segments, segment length].
    func unpack(_ range: Range<Int>, of sums: UnsafePointer<Float>, to kernel: UnsafeMutablePointer<Float>) {
        set.transpose(
            sums + range.lowerBound, pass.depth, range.count / pass.depth, pass.depth,
            kernel + range.lowerBound / pass.depth, pass.outputChannels)
    }
}
