import CitiusPlatform
import CitiusTensor

/// Images in files, and many in one.
extension Tensor {
    /// The image in a PNG file, uint8 `[height, width, channels]`: 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA)
    /// channels. Keras's `load_img` and `img_to_array`; an array here is an image.
    ///
    /// ```swift
    /// let image = try Tensor(contentsOfPNG: "digit.png").cast(to: .float32) / 255
    /// ```
    ///
    /// - Parameter pixelLimit: the most pixels; a small file may otherwise ask for a thousand times its size.
    /// - Throws: a `DataError` if the file cannot be read, is no PNG, is interlaced, or has more pixels.
    public init(contentsOfPNG path: String, pixelLimit: Int = 1 << 26) throws(DataError) {
        let file = try FileSource(path: path)
        self = try PNG.image(
            file.readBytes(file.remainingByteLimit ?? 0), name: path, pixelLimit: pixelLimit)
    }

    /// Writes an image as a PNG file, which appears under its name only when it is whole. Keras's `save_img`.
    ///
    /// - Parameters:
    ///   - path: where.
    ///   - range: what real numbers become black and white, and lie between; nil takes the smallest and the largest,
    ///     as Keras does. Bytes are taken as they are.
    /// - Throws: a `DataError` if the file cannot be written.
    ///
    /// Traps unless the tensor is `[height, width]` or `[height, width, channels]` of 1 to 4 channels.
    public func writePNG(to path: String, range: ClosedRange<Double>? = 0...1) throws(DataError) {
        require(
            rank == 2 || rank == 3 && (1...4).contains(shape[2]),
            "writePNG: the tensor is \(shape), expected [height, width] or [height, width, channels], 1 to 4 of them"
        )
        require(count > 0, "writePNG: the image \(shape) has no pixels")
        let image = bytes(range: range)
        let file = try TemporaryFile(for: path)
        try file.write(PNG.bytes(of: rank == 2 ? image.expandingAxis(at: 2) : image))
        try file.commit()
    }

    /// Images side by side in one, row by row: bytes `[height, width, channels]`.
    ///
    /// ```swift
    /// try test.inputs[0..<32].imageGrid(columns: 8, scale: 3).writePNG(to: "samples.png")
    /// ```
    ///
    /// - Parameters:
    ///   - columns: images in a row; nil: as many as make the grid about square.
    ///   - gap: pixels between images, and around them.
    ///   - scale: pixels along each side of a pixel.
    ///   - range: as of `writePNG(to:range:)`, for all images alike.
    ///   - background: what lies between, from 0 (black) to 255 (white).
    ///
    /// Traps unless the tensor is `[count, height, width]` or `[count, height, width, channels]` of 1 to 4 channels, with
    /// at least one image.
    public func imageGrid(
        columns: Int? = nil, gap: Int = 2, scale: Int = 1, range: ClosedRange<Double>? = 0...1,
        background: UInt8 = 255
    ) -> Tensor {
        require(
            rank == 3 || rank == 4 && (1...4).contains(shape[3]),
            "imageGrid: the tensor is \(shape), expected [count, height, width] or [count, height, width, channels], 1 to "
                + "4 of them")
        require(count > 0, "imageGrid: \(shape) has no pixels")
        let (count, height, width) = (shape[0], shape[1], shape[2])
        let channels = rank == 4 ? shape[3] : 1
        let columns = columns ?? Int(Double(count).squareRoot().rounded(.up))
        require(
            columns >= 1 && gap >= 0 && scale >= 1,
            "imageGrid: \(columns) columns, gap \(gap), scale \(scale), expected at least 1, 0 and 1")
        let used = Swift.min(columns, count)
        let rows = (count + columns - 1) / columns
        let (cellHeight, cellWidth) = (height * scale + gap, width * scale + gap)
        let size = (height: rows * cellHeight + gap, width: used * cellWidth + gap)
        let pixels = bytes(range: range).elements(as: UInt8.self)
        var grid = [UInt8](repeating: background, count: size.height * size.width * channels)
        for image in 0..<count {
            let (top, left) = (gap + image / columns * cellHeight, gap + image % columns * cellWidth)
            for y in 0..<height * scale {
                for x in 0..<width * scale {
                    let source = ((image * height + y / scale) * width + x / scale) * channels
                    let target = ((top + y) * size.width + left + x) * channels
                    for channel in 0..<channels { grid[target + channel] = pixels[source + channel] }
                }
            }
        }
        return Tensor(grid, shape: [size.height, size.width, channels])
    }

    /// Writes images side by side as a PNG file; see `imageGrid(columns:gap:scale:range:background:)`.
    ///
    /// - Throws: a `DataError` if the file cannot be written.
    public func writeImageGrid(
        to path: String, columns: Int? = nil, gap: Int = 2, scale: Int = 1,
        range: ClosedRange<Double>? = 0...1,
        background: UInt8 = 255
    ) throws(DataError) {
        try imageGrid(columns: columns, gap: gap, scale: scale, range: range, background: background)
            .writePNG(to: path)
    }

    /// Bytes are taken as they are; other numbers from a range are spread over 0…255, what lies outside goes to its
    /// ends, and what is no number is black.
    private func bytes(range: ClosedRange<Double>?) -> Tensor {
        if dtype == .uint8 { return self }
        let numbers = cast(to: .float64).elements(as: Double.self)
        let finite = numbers.lazy.filter { $0.isFinite }
        let (low, high) =
            range.map { ($0.lowerBound, $0.upperBound) } ?? (finite.min() ?? 0, finite.max() ?? 1)
        let scale = high > low ? 255 / (high - low) : 0
        return Tensor(
            numbers.map { $0.isNaN ? 0 : UInt8(Swift.min(Swift.max(($0 - low) * scale, 0), 255).rounded()) },
            shape: shape)
    }

    /// Each vector along an axis divided by its length; one of length 0 stays 0. Follows `keras.utils.normalize`.
    ///
    /// - Parameter order: of the norm: 2 is the Euclidean length, 1 the sum of the sizes.
    ///
    /// Traps unless the order is positive.
    public func normalized(axis: Int = -1, order: Double = 2) -> Tensor {
        require(order > 0, "normalized: order is \(order), expected a positive number")
        let reals = dtype.isFloatingPoint ? self : cast(to: .float32)
        let lengths =
            order == 2
            ? reals.squared().sum(axes: [axis], keepingAxes: true).sqrt()
            : reals.abs().pow(order).sum(axes: [axis], keepingAxes: true).pow(1 / order)
        return reals / Tensor.where(lengths .== 0, Tensor(ones: lengths.shape, dtype: lengths.dtype), lengths)
    }
}
