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
    /// Whether loops compute it as its definition is written.
    package let usesLoops: Bool

    package init(geometry: WindowGeometry, outputChannels: Int, groups: Int, usesLoops: Bool = false) {
        self.geometry = geometry
        self.outputChannels = outputChannels
        self.groups = groups
        self.usesLoops = usesLoops
    }

    var groupChannels: Int { geometry.channels / groups }
    var groupOutputs: Int { outputChannels / groups }
    /// Elements of the patch that one output pixel sees, in one group.
    private var patchCount: Int { geometry.cellCount * groupChannels }
    var kernelCount: Int { patchCount * outputChannels }

    /// Output rows whose patches and results fill about 256 KiB, half an L2 cache; fewer where that leaves less than
    /// sixteen tiles with something to do.
    private var tileRows: Int {
        let rowBytes = geometry.horizontal.output * (patchCount + outputChannels) * 4
        let tiles = ThreadPool.chunkCount(of: operations / 2, grain: ProductCut.grain, limit: 16)
        return max(1, min((geometry.outputRows + tiles - 1) / tiles, 256 * 1024 / max(rowBytes, 1)))
    }

    private var tilePixels: Int { tileRows * geometry.horizontal.output }

    /// Elements of the patches of a tile.
    private var patchesCount: Int {
        geometry.patchesAreInput(groups: groups) ? 0 : tilePixels * patchCount
    }

    // MARK: Forward

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
        clamp: Clamp, output: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "general convolution \(shapes)", operations: operations, elements: elementCount,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        if usesLoops {
            return forwardByLoops(input: input, kernel: kernel, bias: bias, clamp: clamp, output: output)
        }
        // A tile at a time: the BLAS may round otherwise for another number of rows.
        let tiles = (geometry.outputRows + tileRows - 1) / tileRows
        ThreadPool.shared.forChunks(tiles, of: tiles, scratchCount: patchesCount) { _, range, scratch in
            let rows = range.lowerBound * tileRows..<min(range.upperBound * tileRows, geometry.outputRows)
            forEachTile(rows, input: input, workspace: scratch) { pixels, group, patches in
                let result = output + pixels.lowerBound * outputChannels
                multiplyOnThisThread(
                    rows: pixels.count, columns: groupOutputs, depth: patchCount,
                    patches, leadingA: patchCount, kernel + group * groupOutputs, leadingB: outputChannels,
                    result + group * groupOutputs, leadingC: outputChannels)
                if group == groups - 1 {
                    addBias(
                        bias, clamp: clamp, to: result, rows: pixels.count, columns: outputChannels)
                }
            }
        }
    }

    // MARK: Gradients

    /// Chunks of tiles, each of which has a sum of its own.
    private var sumChunks: Int {
        gradientChunks(
            of: (geometry.outputRows + tileRows - 1) / tileRows, sumCount: kernelCount, operations: operations
        )
    }

    /// Elements of scratch memory that `kernelGradient` needs: a sum for each chunk.
    package var kernelGradientWorkspaceCount: Int { sumChunks * kernelCount }

    /// dKernel = patchesᵀ · dOutput, summed over all output pixels: tile by tile within a chunk, the chunks in pairs.
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
        let tiles = (geometry.outputRows + tileRows - 1) / tileRows
        let sums = PartialSums(workspace, count: kernelCount, slotCount: tiles == 0 ? 0 : sumChunks)
        ThreadPool.shared.forChunks(sumChunks, of: tiles, scratchCount: patchesCount) {
            chunk, range, scratch in
            let rows = range.lowerBound * tileRows..<min(range.upperBound * tileRows, geometry.outputRows)
            let sum = sums.slot(chunk)
            defer { sums.finish(chunk) }
            if usesLoops {
                sum.update(repeating: 0, count: kernelCount)
                addKernelGradientByLoops(of: rows, input: input, outputGradient: outputGradient, to: sum)
                return
            }
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
        ThreadPool.shared.forRanges(of: kernelCount, grain: 8_192) { range in
            sums.total(range, to: kernelGradient + range.lowerBound)
        }
    }

    /// dInput: each output gradient times the kernel, added onto the patch it came from.
    ///
    /// Image by image, since the patches of one image overlap; a single image's products are cut themselves.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func inputGradient<T: KernelReal>(
        kernel: UnsafePointer<T>, outputGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "general convolution's input gradient \(shapes)", operations: operations, elements: elementCount,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        if usesLoops {
            return inputGradientByLoops(
                kernel: kernel, outputGradient: outputGradient, inputGradient: inputGradient)
        }
        let height = geometry.vertical.output
        let width = geometry.horizontal.output
        // Tiles of several small images.
        let grain = max(1, tileRows / max(1, height))
        let chunks = ThreadPool.chunkCount(of: geometry.batch, grain: grain)
        func add(_ images: Range<Int>, _ patches: UnsafeMutablePointer<T>) {
            let target = inputGradient + images.lowerBound * geometry.imageCount
            target.update(repeating: 0, count: images.count * geometry.imageCount)
            var first = images.lowerBound * height
            let end = images.upperBound * height
            while first < end {
                let tile = first..<min(first + tileRows, end)
                let pixel = tile.lowerBound * width
                for group in 0..<groups {
                    let dy = outputGradient + pixel * outputChannels + group * groupOutputs
                    let rows = tile.count * width
                    if chunks > 1 {
                        multiplyOnThisThread(
                            transposeB: true, rows: rows, columns: patchCount, depth: groupOutputs, dy,
                            leadingA: outputChannels, kernel + group * groupOutputs,
                            leadingB: outputChannels, patches, leadingC: patchCount)
                    } else {
                        matrixMultiply(
                            transposeB: true, rows: rows, columns: patchCount, depth: groupOutputs, dy,
                            leadingA: outputChannels, kernel + group * groupOutputs,
                            leadingB: outputChannels, patches, leadingC: patchCount)
                    }
                    geometry.addPatches(
                        patches, rows: tile, group: channels(of: group), to: inputGradient)
                }
                first = tile.upperBound
            }
        }
        if chunks > 1 {
            ThreadPool.shared.forChunks(chunks, of: geometry.batch, scratchCount: tilePixels * patchCount) {
                _, images, patches in add(images, patches)
            }
        } else {
            withUnsafeTemporaryAllocation(of: T.self, capacity: tilePixels * patchCount) {
                if let patches = $0.baseAddress { add(0..<geometry.batch, patches) }
            }
        }
    }
}

/// Chunks of `count` images or tiles for a kernel's gradient, each of which has a sum of `sumCount` elements of its own:
/// at least eight images a chunk where the batch allows four, so that making and adding the sums costs little beside
/// filling them, and no more sums than 16 MiB hold, or four.
func gradientChunks(of count: Int, sumCount: Int, operations: Int) -> Int {
    let fitting = max(4, (4 << 20) / max(1, sumCount))
    let wanted = max(min(count, 4), count / 8)
    return ThreadPool.chunkCount(
        of: operations / 2, grain: ProductCut.grain, limit: max(1, min(wanted, fitting, 16)))
}
