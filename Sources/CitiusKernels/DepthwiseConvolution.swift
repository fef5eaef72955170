import CitiusSIMD

/// A convolution of float images in which every channel has a window of its own: y = clamp(x ∗ w + b), channel by
/// channel.
///
/// Images are [batch, height, width, channels], kernels [height, width, channels]. The input's gradient is such a
/// convolution itself, of the outputs' gradients, framed and spread, with the kernel rotated by 180°.
package struct DepthwiseConvolution: Sendable {
    package let geometry: WindowGeometry
    package let clamp: Clamp
    private let images: PaddedImages
    private let gradients: PaddedImages
    private var set: citius_kernels { InstructionSet.chosen.kernels }

    package init(geometry: WindowGeometry, clamp: Clamp) {
        self.geometry = geometry
        self.clamp = clamp
        func input(_ axis: WindowGeometry.Axis) -> PaddedImages.Axis {
            .init(
                pixels: axis.input, before: axis.paddingBefore,
                length: (axis.output - 1) * axis.stride + (axis.window - 1) * axis.dilation + 1)
        }
        func gradient(_ axis: WindowGeometry.Axis) -> PaddedImages.Axis {
            let extent = (axis.window - 1) * axis.dilation
            return .init(
                pixels: axis.output, before: extent - axis.paddingBefore, spread: axis.stride,
                length: axis.input + extent)
        }
        images = PaddedImages(
            vertical: input(geometry.vertical), horizontal: input(geometry.horizontal),
            channels: geometry.channels)
        gradients = PaddedImages(
            vertical: gradient(geometry.vertical), horizontal: gradient(geometry.horizontal),
            channels: geometry.channels)
    }

    /// Multiplications and additions of one pass.
    private var operations: Int { 2 * geometry.batch * outputCount * geometry.cellCount }
    /// Elements of input, kernel and result.
    private var elementCount: Int { geometry.batch * (geometry.imageCount + outputCount) + kernelCount }
    private var kernelCount: Int { geometry.cellCount * geometry.channels }
    private var outputCount: Int { geometry.vertical.output * geometry.horizontal.output * geometry.channels }

    private func taps(in frame: PaddedImages) -> [Int] {
        let width = geometry.horizontal.window
        return (0..<geometry.cellCount).map {
            $0 / width * geometry.vertical.dilation * frame.rowStride
                + $0 % width * geometry.horizontal.dilation * geometry.channels
        }
    }

    /// Chunks of so many rows through the batch.
    private func chunks(_ rows: Int) -> Int {
        ThreadPool.chunkCount(of: operations / 2, grain: ProductCut.grain, limit: max(1, min(rows / 4, 64)))
    }

    // MARK: Forward

    package func forward(
        input: UnsafePointer<Float>, kernel: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        output: UnsafeMutablePointer<Float>
    ) {
        let span = Span(
            "depthwise convolution \(geometry.vertical.input)×\(geometry.horizontal.input)×\(geometry.channels)",
            operations: operations, elements: elementCount)
        defer { span.end() }
        convolve(
            images, input, kernel: kernel, bias: bias, clamp: clamp, rows: geometry.vertical.output,
            columns: geometry.horizontal.output,
            strides: (geometry.vertical.stride, geometry.horizontal.stride),
            to: output)
    }

    /// Cut into rows through the batch.
    private func convolve(
        _ layout: PaddedImages, _ source: UnsafePointer<Float>, kernel: UnsafePointer<Float>,
        bias: UnsafePointer<Float>?, clamp: Clamp, rows: Int, columns: Int,
        strides: (vertical: Int, horizontal: Int), to target: UnsafeMutablePointer<Float>
    ) {
        let channels = geometry.channels
        let taps = taps(in: layout)
        let count = geometry.batch * rows
        ThreadPool.shared.forChunks(chunks(count), of: count, scratchCount: layout.scratchCount) {
            (_, range, frame: UnsafeMutablePointer<Float>) in
            frame.update(repeating: 0, count: layout.scratchCount)
            taps.withUnsafeBufferPointer { taps in
                var current = -1
                for row in range {
                    let number = row / rows
                    let image = source + number * layout.imageCount
                    if number != current && !layout.areInPlace { layout.copy(image, to: frame) }
                    current = number
                    let x = layout.areInPlace ? image : UnsafePointer(frame)
                    var job = citius_depthwise(
                        x: x + row % rows * strides.vertical * layout.rowStride,
                        pixel_stride: strides.horizontal * channels, taps: taps.baseAddress,
                        tap_count: taps.count, columns: columns, channels: channels, weights: kernel,
                        bias: bias, clamp: clamp.forMicrokernels, y: target + row * columns * channels,
                        sums: nil)
                    set.depthwise_row(&job)
                }
            }
        }
    }

    // MARK: Gradients

    /// Elements of scratch memory that `inputGradient` needs.
    package var inputGradientWorkspaceCount: Int { kernelCount }

    /// - Parameter outputGradient: of what the clamp is applied to.
    package func inputGradient(
        kernel: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
        inputGradient: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
    ) {
        let span = Span(
            "depthwise convolution's input gradient \(geometry.vertical.input)×\(geometry.horizontal.input)×\(geometry.channels)",
            operations: operations, elements: elementCount)
        defer { span.end() }
        let channels = geometry.channels
        for tap in 0..<geometry.cellCount {
            (workspace + (geometry.cellCount - 1 - tap) * channels).update(
                from: kernel + tap * channels, count: channels)
        }
        convolve(
            gradients, outputGradient, kernel: workspace, bias: nil, clamp: .identity,
            rows: geometry.vertical.input, columns: geometry.horizontal.input, strides: (1, 1),
            to: inputGradient)
    }

    /// Elements of scratch memory that `kernelGradient` needs.
    package var kernelGradientWorkspaceCount: Int {
        chunks(geometry.outputRows) * kernelCount
    }

    /// Each chunk of rows makes a sum of its own; they are added in pairs.
    ///
    /// - Parameter outputGradient: of what the clamp is applied to.
    package func kernelGradient(
        input: UnsafePointer<Float>, outputGradient: UnsafePointer<Float>,
        kernelGradient: UnsafeMutablePointer<Float>, workspace: UnsafeMutablePointer<Float>
    ) {
        let span = Span(
            "depthwise convolution's kernel gradient \(geometry.vertical.input)×\(geometry.horizontal.input)×\(geometry.channels)",
            operations: operations, elements: elementCount)
        defer { span.end() }
        let channels = geometry.channels
        let rows = geometry.vertical.output
        let columns = geometry.horizontal.output
        let chunks = chunks(geometry.outputRows)
        let taps = taps(in: images)
        let partialSums = PartialSums(
            workspace, count: kernelCount, slotCount: geometry.outputRows == 0 ? 0 : chunks)
        ThreadPool.shared.forChunks(chunks, of: geometry.outputRows, scratchCount: images.scratchCount) {
            (chunk, range, frame: UnsafeMutablePointer<Float>) in
            let sums = partialSums.slot(chunk)
            sums.update(repeating: 0, count: kernelCount)
            frame.update(repeating: 0, count: images.scratchCount)
            taps.withUnsafeBufferPointer { taps in
                var current = -1
                for row in range {
                    let number = row / rows
                    let image = input + number * images.imageCount
                    if number != current && !images.areInPlace { images.copy(image, to: frame) }
                    current = number
                    let x = images.areInPlace ? image : UnsafePointer(frame)
                    var job = citius_depthwise(
                        x: x + row % rows * geometry.vertical.stride * images.rowStride,
                        pixel_stride: geometry.horizontal.stride * channels, taps: taps.baseAddress,
                        tap_count: taps.count, columns: columns, channels: channels, weights: nil, bias: nil,
                        clamp: Clamp.identity.forMicrokernels,
                        y: UnsafeMutablePointer(mutating: outputGradient + row * columns * channels),
                        sums: sums)
                    set.add_depthwise_gradient(&job)
                }
            }
            partialSums.finish(chunk)
        }
        partialSums.total(0..<kernelCount, to: kernelGradient)
    }
}
