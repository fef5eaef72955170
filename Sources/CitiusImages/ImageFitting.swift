import CitiusData
import CitiusKernels
import CitiusPlatform

/// How images of any size become images of one size.
public enum ImageFitting: Sendable, Hashable {
    /// The whole image, stretched: Keras's way by default.
    case stretch
    /// The largest window, in the middle, of the target's proportions. Keras's `crop_to_aspect_ratio`.
    case cropToAspectRatio
    /// The whole image between two bars of black. Keras's `pad_to_aspect_ratio`.
    case padToAspectRatio
    /// A window in the middle, this fraction of the largest one of the target's proportions: 224 of 256 pixels is what
    /// networks trained on random crops are tested with.
    case centerCrop(fraction: Double = 0.875)
    /// In each pass another window, of a random fraction of the image's area and random proportions (Szegedy et al. 2014,
    /// arXiv 1409.4842); torchvision's `RandomResizedCrop`.
    case randomResizedCrop(scale: ClosedRange<Double> = 0.08...1, ratio: ClosedRange<Double> = 0.75...4 / 3)

    /// Whether another image comes out each time.
    var isRandom: Bool { if case .randomResizedCrop = self { true } else { false } }

    /// Traps if a number is out of range.
    func check() {
        switch self {
        case .stretch, .cropToAspectRatio, .padToAspectRatio: break
        case .centerCrop(let fraction):
            require(
                fraction > 0 && fraction <= 1,
                "centerCrop: the fraction is \(fraction), expected more than 0 and at most 1")
        case .randomResizedCrop(let scale, let ratio):
            require(
                scale.lowerBound > 0 && scale.upperBound <= 1,
                "randomResizedCrop: the scale is \(scale), expected fractions above 0 and up to 1")
            require(
                ratio.lowerBound > 0 && ratio.upperBound.isFinite,
                "randomResizedCrop: the ratio is \(ratio), expected positive numbers")
        }
    }

    /// The window of an image of `size` that becomes the target; of `padToAspectRatio` it reaches beyond the image.
    func window(
        of size: Size2D, for target: Size2D, using generator: inout RandomGenerator
    ) -> (rows: Range<Int>, columns: Range<Int>) {
        func middle(_ window: Size2D) -> (rows: Range<Int>, columns: Range<Int>) {
            let top = (size.height - window.height) / 2
            let left = (size.width - window.width) / 2
            return (top..<top + window.height, left..<left + window.width)
        }
        // Rounded down, as Keras does.
        let wanted = Size2D(
            size.width * target.height / target.width, size.height * target.width / target.height)
        let largest = Size2D(
            max(min(size.height, wanted.height), 1), max(min(size.width, wanted.width), 1))
        switch self {
        case .stretch: return (0..<size.height, 0..<size.width)
        case .cropToAspectRatio: return middle(largest)
        case .padToAspectRatio:
            // As many pixels on both sides.
            let top = (max(size.height, wanted.height) - size.height) / 2
            let left = (max(size.width, wanted.width) - size.width) / 2
            return (-top..<size.height + top, -left..<size.width + left)
        case .centerCrop(let fraction):
            func part(_ length: Int) -> Int { max(1, Int((Double(length) * fraction).rounded())) }
            return middle(Size2D(part(largest.height), part(largest.width)))
        case .randomResizedCrop(let scale, let ratio):
            let area = Double(size.height * size.width)
            let (low, high) = (Double.log(ratio.lowerBound), Double.log(ratio.upperBound))
            func number(_ low: Double, _ high: Double) -> Double { low + (high - low) * generator.uniform() }
            for _ in 0..<10 {
                let wantedArea = area * number(scale.lowerBound, scale.upperBound)
                let proportion = Double.exp(number(low, high))
                let width = Int((wantedArea * proportion).squareRoot().rounded())
                let height = Int((wantedArea / proportion).squareRoot().rounded())
                guard width > 0, width <= size.width, height > 0, height <= size.height else { continue }
                let top = Int(number(0, Double(size.height - height + 1)))
                let left = Int(number(0, Double(size.width - width + 1)))
                return (top..<top + height, left..<left + width)
            }
            // None fits: the largest of the nearest proportions.
            let proportion = Double(size.width) / Double(size.height)
            if proportion < ratio.lowerBound {
                let height = Int((Double(size.width) / ratio.lowerBound).rounded())
                return middle(Size2D(max(1, min(size.height, height)), size.width))
            }
            if proportion > ratio.upperBound {
                let width = Int((Double(size.height) * ratio.upperBound).rounded())
                return middle(Size2D(size.height, max(1, min(size.width, width))))
            }
            return (0..<size.height, 0..<size.width)
        }
    }
}

/// Decodes images to one size. One thread at a time uses one.
final class ImageFitter: Sendable {
    /// Room for who decodes.
    let result = ScratchMemory()
    /// A file's bytes.
    let file = ScratchMemory()
    private let decoded = ScratchMemory()
    private let scratch = ScratchMemory()

    /// Decodes an image, as bytes [height, width, channels] of the target's size.
    func decode(
        path: String, to settings: ImageSettings, using generator: inout RandomGenerator,
        into out: UnsafeMutablePointer<UInt8>
    ) throws(DataError) {
        let bytes = try readFile(path, into: file)
        try decode(UnsafeRawBufferPointer(bytes), name: path, to: settings, using: &generator, into: out)
    }

    /// As ``decode(path:to:using:into:)``, of bytes in memory.
    func decode(
        _ bytes: [UInt8], name: String, to settings: ImageSettings, using generator: inout RandomGenerator,
        into out: UnsafeMutablePointer<UInt8>
    ) throws(DataError) {
        var failure: DataError?
        bytes.withUnsafeBytes { bytes in
            do throws(DataError) {
                try decode(bytes, name: name, to: settings, using: &generator, into: out)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Decodes all of a file.
    func check(path: String, pixelLimit: Int) throws(DataError) {
        let bytes = UnsafeRawBufferPointer(try readFile(path, into: file))
        let image = try ImageFile(bytes, name: path, pixelLimit: pixelLimit)
        try image.read(
            0..<image.height, 0..<image.width, divisor: 1, channels: image.channels, into: decoded,
            scratch: scratch)
    }

    private func decode(
        _ bytes: UnsafeRawBufferPointer, name: String, to settings: ImageSettings,
        using generator: inout RandomGenerator, into out: UnsafeMutablePointer<UInt8>
    ) throws(DataError) {
        let image = try ImageFile(bytes, name: name, pixelLimit: settings.pixelLimit)
        let (size, target) = (Size2D(image.height, image.width), settings.size)
        let window = settings.fitting.window(of: size, for: target, using: &generator)
        // Pixels that are averaged in the end need not be decoded one by one; those that are picked are.
        let averages = settings.resampling == .area || settings.resampling == .bilinear && settings.antialias
        let divisor =
            averages
            ? image.divisor(
                for: min(
                    Double(window.rows.count) / Double(target.height),
                    Double(window.columns.count) / Double(target.width)))
            : 1
        func axis(_ part: Range<Int>, _ count: Int, _ length: Int) -> ImageAxis {
            ImageAxis(
                Double(part.lowerBound) / Double(divisor)..<Double(part.upperBound) / Double(divisor),
                of: (count + divisor - 1) / divisor, to: length, by: settings.resampling,
                antialias: settings.antialias)
        }
        let rows = axis(window.rows, size.height, target.height)
        let columns = axis(window.columns, size.width, target.width)
        let channels = settings.colorMode.channels
        try image.read(
            rows.range, columns.range, divisor: divisor, channels: channels, into: decoded, scratch: scratch)
        let pixels: UnsafeMutablePointer<UInt8> = decoded.elements(
            rows.range.count * columns.range.count * channels)
        resize(
            pixels, width: columns.range.count, channels: channels, rows: rows.trimmed,
            columns: columns.trimmed, scratch: scratch, to: out)
    }
}

/// What an image is decoded to.
struct ImageSettings: Sendable {
    var size: Size2D
    var colorMode: ColorMode
    var fitting: ImageFitting
    var resampling: ImageResampling
    var antialias: Bool
    var pixelLimit: Int

    /// Traps if a number is out of range.
    func check(_ operation: String) {
        require(
            size.height >= 1 && size.width >= 1 && size.height <= 65_536 && size.width <= 65_536,
            "\(operation): the size is \(size), expected 1 to 65,536 pixels along each side")
        fitting.check()
    }
}

extension Tensor {
    /// The image in the bytes of a JPEG or PNG file, uint8 [height, width, channels] of the given size.
    ///
    /// Of a JPEG file no more is decoded than the window that is shown, in fewer pixels where the image is to be smaller.
    ///
    /// - Parameters:
    ///   - fitting: how images of other sizes and proportions are given that size.
    ///   - antialias: see ``resizedImage(to:by:antialias:)``.
    ///   - generator: for fittings that are random.
    /// - Throws: a `DataError` if the bytes are of another format, truncated or broken, or have more pixels than the limit.
    public init(
        imageBytes bytes: [UInt8], name: String = "the image", fitting: ImageFitting,
        to size: some Size2DConvertible, colorMode: ColorMode = .rgb,
        resampling: ImageResampling = .bilinear, antialias: Bool = true,
        pixelLimit: Int = defaultPixelLimit, using generator: inout RandomGenerator
    ) throws(DataError) {
        let settings = ImageSettings(
            size: size.size2D, colorMode: colorMode, fitting: fitting, resampling: resampling,
            antialias: antialias, pixelLimit: pixelLimit)
        settings.check("Tensor(imageBytes:fitting:)")
        var failure: DataError?
        self.init(shape: [settings.size.height, settings.size.width, colorMode.channels]) {
            (out: UnsafeMutablePointer<UInt8>) in
            do throws(DataError) {
                try ImageFitter().decode(bytes, name: name, to: settings, using: &generator, into: out)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
