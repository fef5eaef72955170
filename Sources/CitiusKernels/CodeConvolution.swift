import CitiusPlatform
import CitiusSIMD

/// A convolution in whole numbers, with bias, clamp and a pool of 2×2 in its pass; see `CodeProduct`.
///
/// A factor of sums is positive, so that the largest of four sums gives the largest of four values: numbers are made of a
/// quarter of the sums.
///
/// Images are [batch, height, width, channels], kernels [height, width, channels, output channels]. Groups of channels are
/// not there.
package struct CodeConvolution: Sendable {
    package let geometry: WindowGeometry
    package let outputChannels: Int
    /// Windows over the convolution's output that lie side by side (`isHalving`); nil for none.
    package let pool: WindowGeometry?
    package let arithmetic: CodeArithmetic
    let set: CodeInstructionSet
    private let weights: CodeWeights
    private let images: PaddedImages
    private let segments: [Int]

    package init(
        geometry: WindowGeometry, outputChannels: Int, pool: WindowGeometry?, arithmetic: CodeArithmetic,
        set: CodeInstructionSet = .chosen
    ) {
        require(
            pool?.isHalving ?? true, "CodeConvolution: the pool's windows are not of 2×2, side by side")
        self.geometry = geometry
        self.outputChannels = outputChannels
        self.pool = pool
        self.arithmetic = arithmetic
        self.set = set
        let vertical = ConvolutionPass.Axis(geometry.vertical, pool: pool?.vertical)
        let horizontal = ConvolutionPass.Axis(geometry.horizontal, pool: pool?.horizontal)
        let images = PaddedImages(
            vertical: .init(
                pixels: geometry.vertical.input, before: geometry.vertical.paddingBefore,
                length: vertical.reach(inTiles: false)),
            horizontal: .init(
                pixels: geometry.horizontal.input, before: geometry.horizontal.paddingBefore,
                length: horizontal.reach(inTiles: false)),
            channels: geometry.channels)
        self.images = images
        let window = WindowSegments(
            vertical: vertical, horizontal: horizontal, channels: geometry.channels,
            rowStride: images.horizontal.length * geometry.channels)
        segments = window.offsets
        weights = CodeWeights(
            segmentCount: window.offsets.count, segmentLength: window.length, columns: outputChannels,
            zeroPoint: arithmetic.input.zeroPoint, lanes: set.kernels.lanes)
    }

    /// Whether sums of so many products stay in 32 bits.
    package static func fits(window: (height: Int, width: Int), dilates: Bool, channels: Int) -> Bool {
        let (segments, length) =
            dilates ? (window.height * window.width, channels) : (window.height, window.width * channels)
        return (length + 3) / 4 * 4 <= CodeWeights.depthLimit / max(1, segments)
    }

    package var packedByteCount: Int { weights.byteCount }

    /// Lays a kernel out as `run` reads it.
    package func pack(_ kernel: UnsafePointer<Int8>, to target: UnsafeMutableRawPointer) {
        weights.pack(kernel, to: target)
    }

    private var resultRows: Int { pool?.vertical.output ?? geometry.vertical.output }
    private var resultColumns: Int { pool?.horizontal.output ?? geometry.horizontal.output }

    private var operations: Int {
        2 * geometry.outputPixels * weights.segmentCount * weights.segmentLength * outputChannels
    }

    /// Where the rows of products for `count` rows of the result begin in a framed image: pixels of the convolution, of a
    /// pool's window its four one after the other.
    private func offsets(rows count: Int) -> [Int] {
        let down = geometry.vertical.stride * images.horizontal.length * images.channels
        let right = geometry.horizontal.stride * images.channels
        var offsets: [Int] = []
        for row in 0..<count {
            for column in 0..<resultColumns {
                if pool == nil {
                    offsets.append(row * down + column * right)
                } else {
                    let first = 2 * (row * down + column * right)
                    offsets += [first, first + right, first + down, first + down + right]
                }
            }
        }
        return offsets
    }

    /// output ← pool(clamp(input ∗ kernel · scales + bias)), as numbers or as codes.
    ///
    /// - Parameters:
    ///   - packed: the kernel, as `pack` leaves it.
    ///   - scales: of the kernel, [output channels].
    package func run(
        input: CodeInput, packed: UnsafeRawPointer, scales: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        output: CodeOutput
    ) {
        let span = Span(
            "integer convolution \(geometry.vertical.input)×\(geometry.horizontal.input)×\(geometry.channels) → "
                + "\(resultRows)×\(resultColumns)×\(outputChannels)", operations: operations,
            elements: geometry.batch * (geometry.imageCount + resultRows * resultColumns * outputChannels)
                + weights.byteCount, elementBytes: 1)
        defer { span.end() }
        let rowCount = resultColumns * outputChannels
        // Rows that are computed at once: some hundred products, that tiles are of nearly one height.
        let perPixel = pool == nil ? 1 : 4
        let groupRows = max(1, min(resultRows, 192 / max(1, resultColumns * perPixel)))
        let offsets = offsets(rows: groupRows)
        let groupStep =
            (pool == nil ? 1 : 2) * geometry.vertical.stride * images.horizontal.length * images.channels
        let allRows = geometry.batch * resultRows
        let chunks = ThreadPool.chunkCount(
            of: operations / 8, grain: ProductCut.grain,
            limit: max(1, min(allRows, 64, max(2, allRows / groupRows))))
        // The last group of the last segment may reach beyond the image.
        let frameCount = images.frameCount + 4
        arithmetic.withScaling(
            scales: scales, bias: bias, columns: outputChannels, padded: weights.paddedColumns
        ) { scaling in
            let product = weights.product(packed, scaling)
            ThreadPool.shared.forChunks(chunks, of: allRows, scratchCount: frameCount) {
                (_, range, frame: UnsafeMutablePointer<UInt8>) in
                frame.update(repeating: arithmetic.input.zeroPoint, count: frameCount)
                var product = product
                product.window = perPixel
                var row = range.lowerBound
                var current = -1
                while row < range.upperBound {
                    let (image, first) = row.quotientAndRemainder(dividingBy: resultRows)
                    if image != current {
                        copy(image, of: input, to: frame)
                        current = image
                    }
                    let count = min(groupRows, resultRows - first, range.upperBound - row)
                    product.x = UnsafePointer(frame) + first * groupStep
                    product.row_count = count * resultColumns * perPixel
                    output.assign(from: row * rowCount, to: &product)
                    offsets.withUnsafeBufferPointer { offsets in
                        product.rows = offsets.baseAddress
                        segments.withUnsafeBufferPointer { segments in
                            product.segments = segments.baseAddress
                            set.kernels.multiply_codes(&product)
                        }
                    }
                    row += count
                }
            }
        }
    }

    /// An image's codes into its frame, whose other elements are the code of 0 already.
    private func copy(_ image: Int, of input: CodeInput, to frame: UnsafeMutablePointer<UInt8>) {
        let columns = images.horizontal.visible
        let rows = images.vertical.visible
        let offset = image * geometry.imageCount
        if columns == 0..<images.horizontal.pixels, images.horizontal.length == images.horizontal.pixels {
            // Whole rows follow one another here and there.
            input.copy(
                from: offset + rows.lowerBound * geometry.rowCount, count: rows.count * geometry.rowCount,
                arithmetic.input, by: set, to: frame + images.offset(inFrame: rows.lowerBound))
            return
        }
        for row in rows {
            input.copy(
                from: offset + row * geometry.rowCount + columns.lowerBound * images.channels,
                count: columns.count * images.channels, arithmetic.input, by: set,
                to: frame + images.offset(inFrame: row) + images.column(inFrame: columns.lowerBound))
        }
    }
}

extension PaddedImages {
    /// Where a row of pixels begins in a frame, whether or not images need one.
    fileprivate func offset(inFrame row: Int) -> Int {
        (vertical.before + row) * horizontal.length * channels
    }

    fileprivate func column(inFrame column: Int) -> Int { (horizontal.before + column) * channels }
}
