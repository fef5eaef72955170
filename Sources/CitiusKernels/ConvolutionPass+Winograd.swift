import CitiusSIMD

extension ConvolutionPass {
    /// Whether Winograd's tiles fit: a 3×3 window that moves by single pixels, and no pool or one whose windows
    /// are the tiles.
    static func winogradFits(_ vertical: Axis, _ horizontal: Axis, pool: WindowGeometry?) -> Bool {
        let isSingle = [vertical, horizontal].allSatisfy {
            $0.window == 3 && $0.stride == 1 && $0.dilation == 1
        }
        return isSingle && pool?.isHalving ?? true
    }

    private var tileRows: Int { (vertical.outputs + 1) / 2 }
    private var tileColumns: Int { (horizontal.outputs + 1) / 2 }

    /// Rows of tiles that are multiplied at once, over the borders of images: their transforms stay in the L2
    /// cache, and a frequency's weights are used for some 48 tiles.
    private var tileGroupRows: Int {
        let tileBytes = 16 * (images.channels + outputChannels) * 4
        let tiles = max(16, min(64, 384 * 1024 / tileBytes))
        return max(1, tiles / tileColumns)
    }

    var winogradGroupRows: Int { tileGroupRows * (pool == nil ? 2 : 1) }

    private var groupTiles: Int { tileGroupRows * tileColumns }

    var winogradScratchCount: Int { 16 * groupTiles * (images.channels + outputChannels) }

    /// `rows` are the pool's where there is one, else the convolution's.
    func runWinograd(
        _ rows: Range<Int>, _ operands: Operands, _ scratch: UnsafeMutablePointer<Float>,
        _ image: (Int) -> UnsafePointer<Float>
    ) {
        let inputStride = groupTiles * images.channels
        let outputStride = groupTiles * outputChannels
        let transformed = scratch
        let products = scratch + 16 * inputStride
        let weightStride = weightCount / 16
        let offsets = (0..<groupTiles).map { $0 * images.channels }
        let wholeSegment = [0]
        var current = -1
        var frame = UnsafePointer(scratch)
        // Rows of tiles, numbered through the batch.
        let tiles = pool == nil ? tileRange(of: rows) : rows
        var row = tiles.lowerBound
        while row < tiles.upperBound {
            let group = row..<min(row + tileGroupRows, tiles.upperBound)
            for row in group {
                let number = row / tileRows
                if number != current {
                    frame = image(number)
                    current = number
                }
                set.winograd_input(
                    frame + row % tileRows * 2 * images.rowStride, images.rowStride, images.channels,
                    tileColumns, transformed + (row - group.lowerBound) * tileColumns * images.channels,
                    inputStride)
            }
            for frequency in 0..<16 {
                product(
                    of: transformed + frequency * inputStride, rows: offsets,
                    count: group.count * tileColumns, segments: wholeSegment, segmentCount: 1,
                    segmentLength: images.channels, weights: operands.weights + frequency * weightStride,
                    bias: nil, clamp: .identity, to: products + frequency * outputStride)
            }
            for row in group {
                writeTiles(
                    row, products + (row - group.lowerBound) * tileColumns * outputChannels, outputStride,
                    operands)
            }
            row = group.upperBound
        }
    }

    /// The rows of tiles that hold rows of outputs; a part begins and ends between two tiles or images.
    private func tileRange(of rows: Range<Int>) -> Range<Int> {
        func tile(_ row: Int) -> Int {
            row / vertical.outputs * tileRows + (row % vertical.outputs + 1) / 2
        }
        return tile(rows.lowerBound)..<tile(rows.upperBound)
    }

    private func writeTiles(
        _ row: Int, _ products: UnsafePointer<Float>, _ frequencyStride: Int, _ operands: Operands
    ) {
        let number = row / tileRows
        let tile = row % tileRows
        let rowStride = (pool == nil ? horizontal.outputs : tileColumns) * outputChannels
        let offset = number * resultCount + tile * rowStride * (pool == nil ? 2 : 1)
        var job = citius_winograd_output(
            m: products, frequency_stride: frequencyStride, tiles: tileColumns, outputs: outputChannels,
            bias: operands.bias, clamp: operands.clamp.forMicrokernels, pools: pool == nil ? 0 : 1,
            rows: min(2, vertical.outputs - 2 * tile),
            last_columns: horizontal.outputs - 2 * (tileColumns - 1), y: operands.result + offset,
            y_row_stride: rowStride, argmax: operands.argmax.map { $0 + offset })
        set.winograd_output(&job)
    }
}
