/// Images of [height, width, channels] as a kernel reads them: framed by zeros, and with zeros between the pixels
/// where they are spread.
///
/// Images that need no frame are read in place.
struct PaddedImages: Sendable {
    /// One axis: where the pixels lie in the frame, and how long it is.
    struct Axis: Sendable {
        let pixels: Int
        let before: Int
        /// From one pixel to the next; 1 unless zeros lie between them.
        var spread = 1
        let length: Int

        var isWhole: Bool { before == 0 && spread == 1 && length <= pixels }

        /// The frame's position of a pixel; nil if it lies outside, where no window reads it.
        func position(of pixel: Int) -> Int? {
            let position = before + pixel * spread
            return position >= 0 && position < length ? position : nil
        }

        /// The pixels that lie in the frame.
        var visible: Range<Int> {
            let first = max(0, (-before + spread - 1) / spread)
            let end = max(first, min(pixels, (length - 1 - before) / spread + 1))
            return first..<end
        }
    }

    let vertical: Axis
    let horizontal: Axis
    let channels: Int

    /// Whether the images are read where they are.
    var areInPlace: Bool { vertical.isWhole && horizontal.isWhole }
    var rowStride: Int { (areInPlace ? horizontal.pixels : horizontal.length) * channels }
    /// Elements of an image without its frame.
    var imageCount: Int { vertical.pixels * horizontal.pixels * channels }
    /// Elements of a framed image.
    var frameCount: Int { vertical.length * horizontal.length * channels }
    /// Elements of scratch memory for one image.
    var scratchCount: Int { areInPlace ? 0 : frameCount }

    /// Where pixel (`row`, `column`) lies in the frame.
    func offset(row: Int, column: Int) -> Int {
        (vertical.before + row * vertical.spread) * rowStride
            + (horizontal.before + column * horizontal.spread) * channels
    }

    /// Calls `body` with each row of the image that the frame shows: the row's number and the offset in the frame
    /// of its first visible pixel.
    func forEachVisibleRow(_ body: (_ row: Int, _ offset: Int) -> Void) {
        let column = horizontal.visible.lowerBound
        for row in vertical.visible { body(row, offset(row: row, column: column)) }
    }

    /// Copies an image into its frame, whose other elements are zeros already.
    func copy(_ image: UnsafePointer<Float>, to frame: UnsafeMutablePointer<Float>) {
        let columns = horizontal.visible
        forEachVisibleRow { row, offset in
            let source = image + (row * horizontal.pixels + columns.lowerBound) * channels
            let target = frame + offset
            if horizontal.spread == 1 {
                target.update(from: source, count: columns.count * channels)
            } else {
                for column in 0..<columns.count {
                    (target + column * horizontal.spread * channels).update(
                        from: source + column * channels, count: channels)
                }
            }
        }
    }

    /// The image out of its frame; zeros where the frame does not show it. Not for spread images.
    func copy(outOf frame: UnsafePointer<Float>, to image: UnsafeMutablePointer<Float>) {
        let columns = horizontal.visible
        let rows = vertical.visible
        if columns.count < horizontal.pixels || rows.count < vertical.pixels {
            image.update(repeating: 0, count: imageCount)
        }
        forEachVisibleRow { row, offset in
            (image + (row * horizontal.pixels + columns.lowerBound) * channels).update(
                from: frame + offset, count: columns.count * channels)
        }
    }
}
