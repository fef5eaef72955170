import CitiusSIMD

/// Max and average pooling over channels-last images, with their gradients.
extension WindowGeometry {
    /// Whether windows never share a pixel, so that a gradient is written rather than added.
    private var windowsAreDisjoint: Bool {
        vertical.stride >= vertical.window && horizontal.stride >= horizontal.window
    }

    /// Calls `body` for each output pixel of the given output rows with its number and its window's live
    /// cells as offsets into the whole batch, in row-major order of the window.
    @inline(__always)
    private func forEachWindow(
        rows: Range<Int>, _ body: (_ pixel: Int, _ offsets: UnsafeMutableBufferPointer<Int>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: cellCount) { offsets in
            for row in rows {
                let image = row / vertical.output * imageCount
                let y = row % vertical.output
                let liveRows = vertical.cells(at: y)
                for x in 0..<horizontal.output {
                    let liveColumns = horizontal.cells(at: x)
                    var live = 0
                    for cellRow in liveRows {
                        let line = image + vertical.source(y, cellRow) * rowCount
                        for cell in liveColumns {
                            offsets[live] = line + horizontal.source(x, cell) * channels
                            live += 1
                        }
                    }
                    body(
                        row * horizontal.output + x,
                        UnsafeMutableBufferPointer(rebasing: offsets[0..<live]))
                }
            }
        }
    }

    /// A window's live cells are numbered in order.
    private static let cellNumbers = [UInt8](0...255)

    /// output[pixel, c] ← the largest value of its window; argmax[pixel, c] ← which of the window's live
    /// cells holds it, the first on ties (row-major order). A NaN wins.
    ///
    /// `Index` must be able to hold `cellCount − 1`.
    @specialized(where T == Float, Index == UInt8)
    @specialized(where T == Double, Index == UInt8)
    @specialized(where T == Float, Index == Int32)
    @specialized(where T == Double, Index == Int32)
    package func maxPool<T: KernelReal, Index: FixedWidthInteger>(
        _ input: UnsafePointer<T>, output: UnsafeMutablePointer<T>, argmax: UnsafeMutablePointer<Index>
    ) {
        let span = Span(
            "max-pool \(vertical.input)×\(horizontal.input)×\(channels)",
            operations: batch * vertical.output * horizontal.output * channels * cellCount,
            elements: batch * (imageCount + vertical.output * horizontal.output * channels),
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        let set = InstructionSet.chosen
        ThreadPool.shared.forRanges(of: outputRows, grain: rowGrain) { rows in
            forEachWindow(rows: rows) { pixel, offsets in
                let out = output + pixel * channels
                let index = argmax + pixel * channels
                if T.self == Float.self, Index.self == UInt8.self, let cells = offsets.baseAddress {
                    Self.cellNumbers.withUnsafeBufferPointer { numbers in
                        var job = citius_max_pool(
                            x: UnsafeRawPointer(input).assumingMemoryBound(to: Float.self),
                            window_stride: 0, window_count: 1, cells: cells, numbers: numbers.baseAddress,
                            cell_count: offsets.count, channels: channels,
                            clamp: Clamp.identity.forMicrokernels,
                            y: UnsafeMutableRawPointer(out).assumingMemoryBound(to: Float.self),
                            argmax: UnsafeMutableRawPointer(index).assumingMemoryBound(to: UInt8.self))
                        set.kernels.max_pool(&job)
                    }
                    return
                }
                for channel in 0..<channels {
                    var best = input[offsets[0] + channel]
                    var cell = 0
                    for other in 1..<max(1, offsets.count) {
                        let value = input[offsets[other] + channel]
                        if !(value <= best) && best == best {
                            best = value
                            cell = other
                        }
                    }
                    out[channel] = best
                    index[channel] = Index(truncatingIfNeeded: cell)
                }
            }
        }
    }

    /// inputGradient ← the output's gradient at each window's argmax, 0 elsewhere.
    @specialized(where T == Float, Index == UInt8)
    @specialized(where T == Double, Index == UInt8)
    @specialized(where T == Float, Index == Int32)
    @specialized(where T == Double, Index == Int32)
    package func maxPoolGradient<T: KernelReal, Index: FixedWidthInteger>(
        _ outputGradient: UnsafePointer<T>, argmax: UnsafePointer<Index>,
        inputGradient: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "max-pool's gradient \(vertical.input)×\(horizontal.input)×\(channels)",
            operations: batch * vertical.output * horizontal.output * channels * cellCount,
            elements: batch * (imageCount + vertical.output * horizontal.output * channels),
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        forEachImageRange { images in
            clear(inputGradient, images)
            forEachWindow(rows: outputRows(of: images)) { pixel, offsets in
                let gradient = outputGradient + pixel * channels
                let index = argmax + pixel * channels
                if windowsAreDisjoint {
                    for channel in 0..<channels {
                        inputGradient[offsets[Int(truncatingIfNeeded: index[channel])] + channel] =
                            gradient[channel]
                    }
                } else {
                    for channel in 0..<channels {
                        inputGradient[offsets[Int(truncatingIfNeeded: index[channel])] + channel] +=
                            gradient[channel]
                    }
                }
            }
        }
    }

    /// output[pixel, c] ← the mean of its window's cells that lie over the input (padding does not count).
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func averagePool<T: KernelReal>(_ input: UnsafePointer<T>, output: UnsafeMutablePointer<T>) {
        let span = Span(
            "average pool \(vertical.input)×\(horizontal.input)×\(channels)",
            operations: batch * vertical.output * horizontal.output * channels * cellCount,
            elements: batch * (imageCount + vertical.output * horizontal.output * channels),
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        ThreadPool.shared.forRanges(of: outputRows, grain: rowGrain) { rows in
            forEachWindow(rows: rows) { pixel, offsets in
                let out = output + pixel * channels
                out.update(from: input + offsets[0], count: channels)
                for cell in 1..<max(1, offsets.count) {
                    let source = input + offsets[cell]
                    for channel in 0..<channels { out[channel] += source[channel] }
                }
                let scale = 1 / T(offsets.count)
                for channel in 0..<channels { out[channel] *= scale }
            }
        }
    }

    /// inputGradient ← each output's gradient, shared out evenly over its window's live cells.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func averagePoolGradient<T: KernelReal>(
        _ outputGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "average pool's gradient \(vertical.input)×\(horizontal.input)×\(channels)",
            operations: batch * vertical.output * horizontal.output * channels * cellCount,
            elements: batch * (imageCount + vertical.output * horizontal.output * channels),
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        forEachImageRange { images in
            clear(inputGradient, images)
            forEachWindow(rows: outputRows(of: images)) { pixel, offsets in
                let gradient = outputGradient + pixel * channels
                let scale = 1 / T(offsets.count)
                for cell in 0..<offsets.count {
                    let target = inputGradient + offsets[cell]
                    for channel in 0..<channels { target[channel] += gradient[channel] * scale }
                }
            }
        }
    }

    // MARK: Splitting

    /// Rows whose work is worth a thread.
    private var rowGrain: Int { max(1, 8_192 / max(1, horizontal.output * channels * cellCount)) }

    /// Gradients are split over images, since the windows of one image may overlap.
    @inline(__always)
    private func forEachImageRange(_ body: (Range<Int>) -> Void) {
        ThreadPool.shared.forRanges(of: batch, grain: max(1, rowGrain / max(1, vertical.output)), body)
    }

    private func outputRows(of images: Range<Int>) -> Range<Int> {
        images.lowerBound * vertical.output..<images.upperBound * vertical.output
    }

    @inline(__always)
    private func clear<T: KernelReal>(_ image: UnsafeMutablePointer<T>, _ images: Range<Int>) {
        (image + images.lowerBound * imageCount).update(repeating: 0, count: images.count * imageCount)
    }
}
