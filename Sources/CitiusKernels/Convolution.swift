/// Convolution by im2col and the BLAS: the general path, for any stride, padding, dilation and groups, and
/// the oracle of faster ones.
///
/// The patches of a few output rows at a time are laid out as a matrix that stays in the L2 cache (a tile)
/// and multiplied by the kernel, a [patch, output channels] matrix. Tiles run over the rows of the whole
/// batch, so that small images still make large products.
///
/// Images are [batch, height, width, channels], kernels [height, width, channels / groups, output channels].
package struct Convolution: Sendable, Equatable {
    package let geometry: WindowGeometry
    package let outputChannels: Int
    package let groups: Int

    package init(geometry: WindowGeometry, outputChannels: Int, groups: Int) {
        self.geometry = geometry
        self.outputChannels = outputChannels
        self.groups = groups
    }

    private var groupChannels: Int { geometry.channels / groups }
    private var groupOutputs: Int { outputChannels / groups }
    /// Elements of the patch that one output pixel sees, in one group.
    private var patchCount: Int { geometry.cellCount * groupChannels }
    var kernelCount: Int { patchCount * outputChannels }

    /// Output rows whose patches and results fill about 256 KiB: half an L2 cache.
    private var tileRows: Int {
        let rowBytes = geometry.horizontal.output * (patchCount + outputChannels) * 4
        return max(1, min(geometry.outputRows, 256 * 1024 / max(rowBytes, 1)))
    }

    private var tilePixels: Int { tileRows * geometry.horizontal.output }

    /// Parts into which the output rows are split; fixed for a number of threads.
    private var rowParts: Int { max(1, min(ThreadPool.shared.threadCount, geometry.outputRows)) }
    private var imageParts: Int { max(1, min(ThreadPool.shared.threadCount, geometry.batch)) }

    private var patchWorkspace: Int {
        geometry.patchesAreInput(groups: groups) ? 0 : tilePixels * patchCount
    }

    // MARK: Forward

    /// Elements of scratch memory that `forward` needs.
    package var forwardWorkspaceCount: Int { rowParts * patchWorkspace }

    /// Calls `body` with the patches of each tile and group: the output pixels (numbered through the batch)
    /// and the matrix of their patches, [pixels, patch].
    private func forEachTile<T: KernelReal>(
        _ rows: Range<Int>, input: UnsafePointer<T>, workspace: UnsafeMutablePointer<T>,
        _ body: (_ pixels: Range<Int>, _ group: Int, _ patches: UnsafePointer<T>) -> Void
    ) {
        let width = geometry.horizontal.output
        var first = rows.lowerBound
        while first < rows.upperBound {
            let tile = first..<min(first + tileRows, rows.upperBound)
            let pixels = tile.lowerBound * width..<tile.upperBound * width
            for group in 0..<groups {
                if geometry.patchesAreInput(groups: groups) {
                    body(pixels, group, input + pixels.lowerBound * geometry.channels)
                } else {
                    geometry.writePatches(
                        of: input, rows: tile, group: channels(of: group), to: workspace)
                    body(pixels, group, workspace)
                }
            }
            first = tile.upperBound
        }
    }

    private func channels(of group: Int) -> Range<Int> {
        group * groupChannels..<(group + 1) * groupChannels
    }

    private var shapes: String {
        "\(geometry.vertical.input)×\(geometry.horizontal.input)×\(geometry.channels) → "
            + "\(geometry.vertical.output)×\(geometry.horizontal.output)×\(outputChannels)"
    }

    /// Multiplications and additions of one pass.
    private var operations: Int { 2 * geometry.outputRows * geometry.horizontal.output * kernelCount }

    /// Elements of input, kernel and result.
    private var elementCount: Int {
        geometry.batch * geometry.imageCount + kernelCount
            + geometry.outputRows * geometry.horizontal.output * outputChannels
    }

    /// output ← activation(input ∗ kernel + bias).
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func forward<T: KernelReal>(
        input: UnsafePointer<T>, kernel: UnsafePointer<T>, bias: UnsafePointer<T>?,
        rectifies: Bool, output: UnsafeMutablePointer<T>, workspace: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "general convolution \(shapes)", operations: operations, elements: elementCount,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        ThreadPool.shared.forParts(of: geometry.outputRows, parts: rowParts) { part, rows in
            let scratch = workspace + part * patchWorkspace
            forEachTile(rows, input: input, workspace: scratch) { pixels, group, patches in
                let result = output + pixels.lowerBound * outputChannels
                multiplyOnThisThread(
                    rows: pixels.count, columns: groupOutputs, depth: patchCount,
                    patches, leadingA: patchCount, kernel + group * groupOutputs, leadingB: outputChannels,
                    result + group * groupOutputs, leadingC: outputChannels)
                if group == groups - 1 {
                    addBias(
                        bias, rectifies: rectifies, to: result, rows: pixels.count, columns: outputChannels)
                }
            }
        }
    }

    // MARK: Gradients

    /// Elements of scratch memory that `kernelGradient` needs: a sum for each part beside the patches.
    package var kernelGradientWorkspaceCount: Int { rowParts * (patchWorkspace + kernelCount) }

    /// dKernel = patchesᵀ · dOutput, summed over all output pixels.
    ///
    /// Each part of the rows makes a sum of its own; they are added in order, so the bits depend on the
    /// number of threads alone.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func kernelGradient<T: KernelReal>(
        input: UnsafePointer<T>, outputGradient: UnsafePointer<T>, kernelGradient: UnsafeMutablePointer<T>,
        workspace: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "general convolution's kernel gradient \(shapes)", operations: operations, elements: elementCount,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        let sums = workspace + rowParts * patchWorkspace
        ThreadPool.shared.forParts(of: geometry.outputRows, parts: rowParts) { part, rows in
            let scratch = workspace + part * patchWorkspace
            let sum = sums + part * kernelCount
            let firstPixel = rows.lowerBound * geometry.horizontal.output
            forEachTile(rows, input: input, workspace: scratch) { pixels, group, patches in
                multiplyOnThisThread(
                    transposeA: true, rows: patchCount, columns: groupOutputs, depth: pixels.count,
                    patches, leadingA: patchCount,
                    outputGradient + pixels.lowerBound * outputChannels + group * groupOutputs,
                    leadingB: outputChannels, beta: pixels.lowerBound == firstPixel ? 0 : 1,
                    sum + group * groupOutputs, leadingC: outputChannels)
            }
        }
        let parts = geometry.outputRows == 0 ? 0 : rowParts
        ThreadPool.shared.forRanges(of: kernelCount, grain: 8_192) { range in
            addParts(UnsafePointer(sums), stride: kernelCount, parts: parts, range, to: kernelGradient)
        }
    }

    /// Elements of scratch memory that `inputGradient` needs.
    package var inputGradientWorkspaceCount: Int { imageParts * tilePixels * patchCount }

    /// dInput: each output gradient times the kernel, added onto the patch it came from.
    ///
    /// Split over images, since the patches of one image overlap; a single image's products are split.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func inputGradient<T: KernelReal>(
        kernel: UnsafePointer<T>, outputGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>,
        workspace: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "general convolution's input gradient \(shapes)", operations: operations, elements: elementCount,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        let height = geometry.vertical.output
        let width = geometry.horizontal.output
        ThreadPool.shared.forParts(of: geometry.batch, parts: imageParts) { part, images in
            let patches = workspace + part * tilePixels * patchCount
            let target = inputGradient + images.lowerBound * geometry.imageCount
            target.update(repeating: 0, count: images.count * geometry.imageCount)
            var first = images.lowerBound * height
            let end = images.upperBound * height
            while first < end {
                let tile = first..<min(first + tileRows, end)
                let pixel = tile.lowerBound * width
                for group in 0..<groups {
                    matrixMultiply(
                        transposeB: true, rows: tile.count * width, columns: patchCount, depth: groupOutputs,
                        outputGradient + pixel * outputChannels + group * groupOutputs,
                        leadingA: outputChannels, kernel + group * groupOutputs, leadingB: outputChannels,
                        patches, leadingC: patchCount)
                    geometry.addPatches(
                        patches, rows: tile, group: channels(of: group), to: inputGradient)
                }
                first = tile.upperBound
            }
        }
    }
}

/// out ← Σ parts, in order.
@inline(__always)
func addParts<T: KernelReal>(
    _ sums: UnsafePointer<T>, stride: Int, parts: Int, _ range: Range<Int>, to out: UnsafeMutablePointer<T>
) {
    if parts == 0 {
        for index in range { out[index] = 0 }
        return
    }
    for index in range { out[index] = sums[index] }
    for part in 1..<max(1, parts) {
        let sum = sums + part * stride
        for index in range { out[index] += sum[index] }
    }
}
