import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Images of another size, in training and in inference. Follows `keras.layers.Resizing`.
///
/// Positions are the pixels' centers, as in JAX and in TensorFlow 2. Images of any size are taken.
///
/// # Shapes
/// [batch, any height, any width, channels] → [batch, height, width, channels].
public final class Resizing: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var height: Int
        public var width: Int
        public var interpolation = Interpolation.bilinear
        /// Whether what is outside of the largest window of the target's proportions is cut off.
        public var cropToAspectRatio = false
        /// Whether images are padded to the target's proportions.
        public var padToAspectRatio = false
        public var fillMode = FillMode.constant
        /// What images are padded with.
        public var fillValue = 0.0
        /// Whether a shrinking image is smoothed, so that no pixel is passed over.
        public var antialias = false
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                faultUnlessPositive("height", height), faultUnlessPositive("width", width),
                cropToAspectRatio && padToAspectRatio
                    ? "only one of cropToAspectRatio and padToAspectRatio can be true" : nil,
                fillMode == .constant ? nil : "fillMode is \(fillMode), expected constant")
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// - Parameters:
    ///   - interpolation: what lies between pixels.
    ///   - cropToAspectRatio: whether what is outside of the largest window of the target's proportions is cut off.
    ///   - padToAspectRatio: whether images are padded to the target's proportions.
    ///   - fillValue: what images are padded with.
    ///   - antialias: whether a shrinking image is smoothed, so that no pixel is passed over.
    ///
    /// Traps if a size is not positive, or if images are to be both cropped and padded.
    public convenience init(
        _ height: Int, _ width: Int, interpolation: Interpolation = .bilinear,
        cropToAspectRatio: Bool = false,
        padToAspectRatio: Bool = false, fillValue: Double = 0, antialias: Bool = false,
        dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                height: height, width: width, interpolation: interpolation,
                cropToAspectRatio: cropToAspectRatio, padToAspectRatio: padToAspectRatio,
                fillValue: fillValue, antialias: antialias, dataFormat: dataFormat),
            name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        faultOfResizing(
            shapes[0], to: Size2D(configuration.height, configuration.width), configuration.dataFormat)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let format = configuration.dataFormat
        return format.ordered(
            [configuration.height, configuration.width, format.channelsLast(inputShape)[2]])
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let size = Size2D(configuration.height, configuration.width)
        return configuration.dataFormat.computing(input) { images in
            var images = images
            if configuration.cropToAspectRatio {
                images = images.croppedToAspectRatio(of: size)
            } else if configuration.padToAspectRatio {
                images = images.paddedToAspectRatio(of: size, value: configuration.fillValue)
            }
            return images.resized(
                to: size, interpolation: configuration.interpolation, antialias: configuration.antialias)
        }
    }
}

/// The middle of images, of a given size; smaller images are cut to its proportions and enlarged. In training and in
/// inference. Follows `keras.layers.CenterCrop`.
///
/// # Shapes
/// [batch, any height, any width, channels] → [batch, height, width, channels].
public final class CenterCrop: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var height: Int
        public var width: Int
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(faultUnlessPositive("height", height), faultUnlessPositive("width", width))
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// Traps if a size is not positive.
    public convenience init(
        _ height: Int, _ width: Int, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(height: height, width: width, dataFormat: dataFormat), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        faultOfResizing(
            shapes[0], to: Size2D(configuration.height, configuration.width), configuration.dataFormat)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let format = configuration.dataFormat
        return format.ordered(
            [configuration.height, configuration.width, format.channelsLast(inputShape)[2]])
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let size = Size2D(configuration.height, configuration.width)
        return configuration.dataFormat.computing(input) { images in
            let (down, right) = (images.shape[1] - size.height, images.shape[2] - size.width)
            return down >= 0 && right >= 0
                ? images.cropped(to: size, top: down / 2, left: right / 2)
                : images.croppedToAspectRatio(of: size).resized(to: size)
        }
    }
}

extension Layer {
    /// The fault of samples that are no images, or empty, or whose result is larger than any memory.
    final func faultOfResizing(_ shape: Shape, to size: Size2D, _ format: DataFormat) -> String? {
        if let fault = spatialFault(of: shape, rank: 2, format) { return fault }
        let sample = format.channelsLast(shape)
        if sample[0] == 0 || sample[1] == 0 { return "samples of shape \(shape) are empty" }
        return faultUnlessCountable([size.height, size.width, sample[2]])
    }
}

extension Variable {
    /// A window of images.
    func cropped(to size: Size2D, top: Int, left: Int) -> Variable {
        sliced(top..<top + size.height, axis: 1).sliced(left..<left + size.width, axis: 2)
    }

    /// The largest window, in the middle, of a size's proportions; rounded down, as Keras does.
    func croppedToAspectRatio(of size: Size2D) -> Variable {
        let (height, width) = (shape[1], shape[2])
        let wanted = Size2D(
            Int(Double(width * size.height) / Double(size.width)),
            Int(Double(height * size.width) / Double(size.height)))
        let window = Size2D(
            Swift.max(Swift.min(height, wanted.height), 1), Swift.max(Swift.min(width, wanted.width), 1))
        return cropped(
            to: window, top: (height - window.height) / 2, left: (width - window.width) / 2)
    }

    /// Images padded to a size's proportions, as far as the same number of pixels on both sides allows.
    func paddedToAspectRatio(of size: Size2D, value: Double) -> Variable {
        let (height, width) = (shape[1], shape[2])
        let top = (Swift.max(height, Int(Double(width * size.height) / Double(size.width))) - height) / 2
        let left = (Swift.max(width, Int(Double(height * size.width) / Double(size.height))) - width) / 2
        if top > 0 { return padded([(0, 0), (top, top), (0, 0), (0, 0)], value: value) }
        return left > 0 ? padded([(0, 0), (0, 0), (left, left), (0, 0)], value: value) : self
    }
}
