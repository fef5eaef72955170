/// The convolution as its definition is written: nested loops over a scalar product, whose sums are made one product
/// after the other.
extension Convolution {
    /// Calls `body` for each output of some rows and each cell of its window that lies over the image: the indices of
    /// the output, of the first of the group's input channels, and of that channel's weight. The next channels' inputs
    /// follow; their weights are `outputChannels` apart.
    @inline(__always)
    private func forEachCell(
        of rows: Range<Int>, _ body: (_ output: Int, _ input: Int, _ weight: Int) -> Void
    ) {
        let (vertical, horizontal) = (geometry.vertical, geometry.horizontal)
        for row in rows {
            let (image, i) = row.quotientAndRemainder(dividingBy: vertical.output)
            for j in 0..<horizontal.output {
                for output in 0..<outputChannels {
                    let group = output / groupOutputs
                    for h in vertical.cells(at: i) {
                        for w in horizontal.cells(at: j) {
                            let pixel =
                                (image * vertical.input + vertical.source(i, h)) * horizontal.input
                                + horizontal.source(j, w)
                            body(
                                (row * horizontal.output + j) * outputChannels + output,
                                pixel * geometry.channels + group * groupChannels,
                                (h * horizontal.window + w) * groupChannels * outputChannels + output)
                        }
                    }
                }
            }
        }
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    func forwardByLoops<T: KernelReal>(
        input: UnsafePointer<T>, kernel: UnsafePointer<T>, bias: UnsafePointer<T>?, clamp: Clamp,
        output: UnsafeMutablePointer<T>
    ) {
        output.update(repeating: 0, count: geometry.outputPixels * outputChannels)
        ThreadPool.shared.forRanges(of: geometry.outputRows, grain: 1) { rows in
            forEachCell(of: rows) { y, x, weight in
                for c in 0..<groupChannels { output[y] += input[x + c] * kernel[weight + c * outputChannels] }
            }
        }
        addBias(bias, clamp: clamp, to: output, rows: geometry.outputPixels, columns: outputChannels)
    }

    /// Adds to `sums` the gradient by some rows of outputs.
    @specialized(where T == Float)
    @specialized(where T == Double)
    func addKernelGradientByLoops<T: KernelReal>(
        of rows: Range<Int>, input: UnsafePointer<T>, outputGradient: UnsafePointer<T>,
        to sums: UnsafeMutablePointer<T>
    ) {
        forEachCell(of: rows) { y, x, weight in
            for c in 0..<groupChannels {
                sums[weight + c * outputChannels] += input[x + c] * outputGradient[y]
            }
        }
    }

    @specialized(where T == Float)
    @specialized(where T == Double)
    func inputGradientByLoops<T: KernelReal>(
        kernel: UnsafePointer<T>, outputGradient: UnsafePointer<T>, inputGradient: UnsafeMutablePointer<T>
    ) {
        inputGradient.update(repeating: 0, count: geometry.batch * geometry.imageCount)
        ThreadPool.shared.forRanges(of: geometry.batch, grain: 1) { images in
            let height = geometry.vertical.output
            forEachCell(of: images.lowerBound * height..<images.upperBound * height) { y, x, weight in
                for c in 0..<groupChannels {
                    inputGradient[x + c] += outputGradient[y] * kernel[weight + c * outputChannels]
                }
            }
        }
    }
}
