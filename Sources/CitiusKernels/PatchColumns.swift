/// im2col and its adjoint: the patches under the windows of a convolution, one a row.
///
/// For output rows `rows` (numbered through the whole batch), row p of the matrix holds the patch under
/// output pixel p: window rows × window columns × the channels of one group, zero in the padding.
extension WindowGeometry {
    /// Whether the matrix of patches is the input itself: a 1×1 window that visits every pixel.
    package func patchesAreInput(groups: Int) -> Bool {
        groups == 1 && cellCount == 1 && vertical.stride == 1 && horizontal.stride == 1
            && vertical.paddingBefore == 0 && horizontal.paddingBefore == 0
    }

    /// patches[pixel] ← the patch under each output pixel of the batch, [batch, output height, output width, window
    /// height, window width, channels].
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func extractPatches<T: KernelReal>(
        of images: UnsafePointer<T>, to patches: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "patches \(vertical.input)×\(horizontal.input)×\(channels)",
            elements: 2 * outputRows * patchRowCount,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        ThreadPool.shared.forRanges(of: outputRows, grain: max(1, 16_384 / max(1, patchRowCount))) { rows in
            writePatches(
                of: images, rows: rows, group: 0..<channels, to: patches + rows.lowerBound * patchRowCount)
        }
    }

    /// images ← 0, and onto it each patch where it was taken from: the transpose of `extractPatches`.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func addPatches<T: KernelReal>(
        _ patches: UnsafePointer<T>, to images: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "sums of patches \(vertical.input)×\(horizontal.input)×\(channels)",
            elements: 2 * outputRows * patchRowCount, elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        // Image by image, since the patches of one image overlap.
        let grain = max(1, 16_384 / max(1, patchRowCount * vertical.output))
        ThreadPool.shared.forRanges(of: batch, grain: grain) { range in
            (images + range.lowerBound * imageCount).update(repeating: 0, count: range.count * imageCount)
            let rows = range.lowerBound * vertical.output..<range.upperBound * vertical.output
            addPatches(
                patches + rows.lowerBound * patchRowCount, rows: rows, group: 0..<channels, to: images)
        }
    }

    /// Elements of the patches of one output row.
    private var patchRowCount: Int { horizontal.output * cellCount * channels }

    /// Writes the patches of output rows `rows` to `columns`.
    ///
    /// - Parameter group: the channels to take, a range of the image's.
    @inline(__always)
    func writePatches<T: KernelReal>(
        of image: UnsafePointer<T>, rows: Range<Int>, group: Range<Int>, to columns: UnsafeMutablePointer<T>
    ) {
        let depth = group.count
        // Neighbouring cells of a window row are neighbours in memory: one run covers them all.
        let isContiguous = depth == channels && horizontal.dilation == 1
        var patch = columns
        for row in rows {
            let source = image + row / vertical.output * imageCount
            let y = row % vertical.output
            let liveRows = vertical.cells(at: y)
            for x in 0..<horizontal.output {
                let liveColumns = horizontal.cells(at: x)
                for cellRow in 0..<vertical.window {
                    let runEnd = horizontal.window * depth
                    defer { patch += runEnd }
                    guard liveRows.contains(cellRow), !liveColumns.isEmpty else {
                        fill(patch, 0..<runEnd)
                        continue
                    }
                    let line = source + vertical.source(y, cellRow) * rowCount + group.lowerBound
                    fill(patch, 0..<liveColumns.lowerBound * depth)
                    if isContiguous {
                        copyRun(
                            from: line + horizontal.source(x, liveColumns.lowerBound) * channels,
                            to: patch + liveColumns.lowerBound * depth, liveColumns.count * depth)
                    } else {
                        for cell in liveColumns {
                            copyRun(
                                from: line + horizontal.source(x, cell) * channels, to: patch + cell * depth,
                                depth)
                        }
                    }
                    fill(patch, liveColumns.upperBound * depth..<runEnd)
                }
            }
        }
    }

    /// Adds the patches of output rows `rows` onto the image they were taken from.
    @inline(__always)
    func addPatches<T: KernelReal>(
        _ columns: UnsafePointer<T>, rows: Range<Int>, group: Range<Int>, to image: UnsafeMutablePointer<T>
    ) {
        let depth = group.count
        let isContiguous = depth == channels && horizontal.dilation == 1
        var patch = columns
        for row in rows {
            let target = image + row / vertical.output * imageCount
            let y = row % vertical.output
            let liveRows = vertical.cells(at: y)
            for x in 0..<horizontal.output {
                let liveColumns = horizontal.cells(at: x)
                for cellRow in liveRows where !liveColumns.isEmpty {
                    let run = patch + cellRow * horizontal.window * depth
                    let line = target + vertical.source(y, cellRow) * rowCount + group.lowerBound
                    if isContiguous {
                        addRun(
                            run + liveColumns.lowerBound * depth,
                            to: line + horizontal.source(x, liveColumns.lowerBound) * channels,
                            liveColumns.count * depth)
                    } else {
                        for cell in liveColumns {
                            addRun(
                                run + cell * depth, to: line + horizontal.source(x, cell) * channels, depth)
                        }
                    }
                }
                patch += cellCount * depth
            }
        }
    }
}

@inline(__always)
private func fill<T: KernelReal>(_ target: UnsafeMutablePointer<T>, _ range: Range<Int>) {
    for index in range { target[index] = 0 }
}

/// Short runs are the rule in the first layer (3 pixels of 1 channel), where a call of memcpy costs more
/// than the copy.
@inline(__always)
private func copyRun<T: KernelReal>(
    from source: UnsafePointer<T>, to target: UnsafeMutablePointer<T>, _ count: Int
) {
    if count < 16 {
        for index in 0..<count { target[index] = source[index] }
    } else {
        target.update(from: source, count: count)
    }
}

@inline(__always)
private func addRun<T: KernelReal>(
    _ source: UnsafePointer<T>, to target: UnsafeMutablePointer<T>, _ count: Int
) {
    for index in 0..<count { target[index] += source[index] }
}
