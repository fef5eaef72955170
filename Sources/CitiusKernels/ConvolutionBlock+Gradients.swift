import CitiusSIMD

/// The gradients of a block, image by image.
///
/// The gradient dy of the block's result becomes that of the convolution's outputs, dz: nothing passes
/// where the clamp lets nothing pass, and a window's gradient goes to its argmax. Then
///
/// ```
/// dKernel[s, k, o] = Σ over pixels of x[pixel + s + k] · dz[pixel, o]
/// dInput[pixel + s + k] += dz[pixel, o] · kernel[s, k, o]
/// ```
///
/// Where dz is mostly zeros, both sums run over its live elements (`SparseConvolutionGradients`); else dKernel is
/// a product that reads x and dz in place, and dInput a convolution of dz with the kernel rotated by 180°.
extension ConvolutionBlock {
    /// What the gradients are computed from.
    package struct GradientOperands {
        package let input: UnsafePointer<Float>
        package let kernel: UnsafePointer<Float>
        /// The block's result; read without a pool only.
        package let output: UnsafePointer<Float>
        package let argmax: UnsafePointer<UInt8>?
        package let outputGradient: UnsafePointer<Float>

        package init(
            input: UnsafePointer<Float>, kernel: UnsafePointer<Float>, output: UnsafePointer<Float>,
            argmax: UnsafePointer<UInt8>?, outputGradient: UnsafePointer<Float>
        ) {
            self.input = input
            self.kernel = kernel
            self.output = output
            self.argmax = argmax
            self.outputGradient = outputGradient
        }
    }

    /// Where the gradients go; nil for those that are not wanted.
    package struct GradientTargets {
        package let input: UnsafeMutablePointer<Float>?
        package let kernel: UnsafeMutablePointer<Float>?
        package let bias: UnsafeMutablePointer<Float>?

        package init(
            input: UnsafeMutablePointer<Float>?, kernel: UnsafeMutablePointer<Float>?,
            bias: UnsafeMutablePointer<Float>?
        ) {
            self.input = input
            self.kernel = kernel
            self.bias = bias
        }
    }

    /// Computes the gradients; `withWorkspace` gives scratch memory of a number of elements.
    package func gradients(
        _ operands: GradientOperands, to targets: GradientTargets,
        withWorkspace: (Int, (UnsafeMutablePointer<Float>) -> Void) -> Void
    ) {
        let span = Span(
            "convolution's gradients \(shapes)", operations: operations * (targets.input == nil ? 1 : 2),
            elements: elementCount * (targets.input == nil ? 1 : 2))
        defer { span.end() }
        let wantsInput = targets.input != nil
        let dense = DenseConvolutionGradients(self)
        var (best, lowest): (any ConvolutionGradients, Double) = (dense, dense.cost(wantsInput: wantsInput))
        guard skipsZeros else { return gradients(by: dense, operands, to: targets, withWorkspace) }
        if let cost = SparseConvolutionGradients.cost(
            of: forwardPass, liveFraction: liveFraction(operands), wantsInput: wantsInput), cost < lowest
        {
            (best, lowest) = (SparseConvolutionGradients(self), cost)
        }
        if !wantsInput, targets.kernel != nil, let argmax = ArgmaxConvolutionGradients(self),
            argmax.cost < lowest
        {
            (best, lowest) = (argmax, argmax.cost)
        }
        gradients(by: best, operands, to: targets, withWorkspace)
    }

    private func gradients(
        by method: some ConvolutionGradients, _ operands: GradientOperands, to targets: GradientTargets,
        _ withWorkspace: (Int, (UnsafeMutablePointer<Float>) -> Void) -> Void
    ) {
        let outputs = convolution.outputChannels
        let weightCount = targets.input == nil ? 0 : wholeVectors(method.weightCount)
        let sumCount = wholeVectors((targets.kernel == nil ? 0 : method.sumCount) + outputs)
        let chunks = gradientChunks(of: batch, sumCount: sumCount, operations: operations)
        withWorkspace(weightCount + max(method.packScratchCount, chunks * sumCount)) { weights in
            let sums = weights + weightCount
            // The packing borrows the sums.
            if weightCount > 0 { method.pack(operands.kernel, scratch: sums, to: weights) }
            // An empty batch leaves no sums.
            let partialSums = PartialSums(sums, count: sumCount, slotCount: batch == 0 ? 0 : chunks)
            ThreadPool.shared.forChunks(chunks, of: batch, scratchCount: method.scratchCount) {
                chunk, images, scratch in
                let bias = partialSums.slot(chunk)
                bias.update(repeating: 0, count: sumCount)
                method.add(
                    images, operands, weights: weights, inputGradient: targets.input,
                    kernelSums: targets.kernel == nil ? nil : bias + outputs, biasSums: bias,
                    scratch: scratch)
                partialSums.finish(chunk)
            }
            if let bias = targets.bias { partialSums.total(0..<outputs, to: bias) }
            guard let kernel = targets.kernel else { return }
            let kernelSums = sums + outputs
            let block = method.sumBlockCount
            let blocks = (method.sumCount + block - 1) / block
            ThreadPool.shared.forRanges(of: blocks, grain: max(1, 4_096 / block)) { blocks in
                let range = blocks.lowerBound * block..<min(blocks.upperBound * block, method.sumCount)
                partialSums.total(
                    outputs + range.lowerBound..<outputs + range.upperBound, to: kernelSums + range.lowerBound
                )
                method.unpack(range, of: UnsafePointer(kernelSums), to: kernel)
            }
        }
    }

    /// The fraction of the convolution's outputs that a gradient flows through: measured on some images, or what the
    /// pool leaves at most.
    private func liveFraction(_ operands: GradientOperands) -> Double {
        if let pool { return 1 / Double(pool.cellCount) }
        guard !clamp.isIdentity, batch > 0 else { return 1 }
        let count = min(batch, 4) * forwardPass.resultCount
        let bounds = ClampBounds<Float>(clamp)
        var live = 0
        for index in 0..<count { live += bounds.passes(operands.output[index]) ? 1 : 0 }
        return Double(live) / Double(max(1, count))
    }
}

/// Rows of an image whose pixels a kernel's gradient sums one after the other: a thousand pixels, which bounds the
/// rounding error and keeps them in the cache.
@inline(__always)
func forEachSumBlock(rows: Int, columns: Int, _ body: (Range<Int>) -> Void) {
    let length = max(1, 1_024 / max(1, columns))
    for first in stride(from: 0, to: rows, by: length) { body(first..<min(first + length, rows)) }
}

extension ConvolutionGradients {
    var packScratchCount: Int { 0 }
    var sumBlockCount: Int { 1_024 }

    func unpack(_ range: Range<Int>, of sums: UnsafePointer<Float>, to kernel: UnsafeMutablePointer<Float>) {
        (kernel + range.lowerBound).update(from: sums + range.lowerBound, count: range.count)
    }
}

/// A way to compute a block's gradients, image by image, into the sums of a chunk of images.
protocol ConvolutionGradients: Sendable {
    /// Elements of the weights as the input's gradient needs them.
    var weightCount: Int { get }
    /// Elements of a sum of kernel gradients.
    var sumCount: Int { get }
    /// Elements of a sum that are laid out together; the last block may be shorter.
    var sumBlockCount: Int { get }
    /// Elements of scratch memory for one thread.
    var scratchCount: Int { get }
    /// Elements of scratch memory for `pack`.
    var packScratchCount: Int { get }

    func pack(
        _ kernel: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
        to weights: UnsafeMutablePointer<Float>)

    /// Adds the images' gradients to the sums, and writes their inputs'; nil for what is not wanted.
    func add(
        _ images: Range<Int>, _ operands: ConvolutionBlock.GradientOperands, weights: UnsafePointer<Float>,
        inputGradient: UnsafeMutablePointer<Float>?, kernelSums: UnsafeMutablePointer<Float>?,
        biasSums: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>)

    /// Lays out whole blocks of a finished sum as they are in a kernel: as they are, unless the method sums otherwise.
    func unpack(_ range: Range<Int>, of sums: UnsafePointer<Float>, to kernel: UnsafeMutablePointer<Float>)
}
