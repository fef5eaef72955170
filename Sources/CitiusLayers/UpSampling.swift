import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// Each step of sequences several times in a row. Follows `keras.layers.UpSampling1D`.
///
/// # Shapes
/// [batch, steps, channels] → [batch, steps · size, channels].
public final class UpSampling1D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// How often each step occurs.
        public var size = 2

        public var fault: String? { faultUnlessPositive("size", size) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// - Parameter size: how often each step occurs. Traps if it is not positive.
    public convenience init(_ size: Int = 2, name: String? = nil) {
        self.init(configuration: Configuration(size: size), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        spatialFault(of: shapes[0], rank: 1) ?? faultUnlessCountable(outputShape(for: shapes[0]))
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        [inputShape[0] * configuration.size, inputShape[1]]
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.upsampled(configuration.size, axis: 1)
    }
}

/// Larger images: each pixel several times, or what lies between pixels interpolated as `Resizing` does it. Follows
/// `keras.layers.UpSampling2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, height · size, width · size, channels].
public final class UpSampling2D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// How many times as high and wide the images become.
        public var size: Size2D = 2
        public var dataFormat = DataFormat.channelsLast
        public var interpolation = Interpolation.nearest

        public var fault: String? { faultUnlessPositive("size", size) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// - Parameters:
    ///   - size: how many times as high and wide the images become.
    ///   - interpolation: what lies between pixels.
    ///
    /// Traps if a size is not positive.
    public convenience init(
        _ size: some Size2DConvertible = 2, dataFormat: DataFormat = .channelsLast,
        interpolation: Interpolation = .nearest, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                size: size.size2D, dataFormat: dataFormat, interpolation: interpolation), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let format = configuration.dataFormat
        return spatialFault(of: shapes[0], rank: 2, format)
            ?? faultUnlessCountable(outputShape(for: shapes[0]))
            ?? (format.channelsLast(shapes[0]).sizes.dropLast().contains(0)
                ? "samples of shape \(shapes[0]) are empty" : nil)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let format = configuration.dataFormat
        let sample = format.channelsLast(inputShape)
        return format.ordered(
            [sample[0] * configuration.size.height, sample[1] * configuration.size.width, sample[2]])
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let size = configuration.size
        return configuration.dataFormat.computing(input) { images in
            configuration.interpolation == .nearest
                ? images.upsampled(size.height, axis: 1).upsampled(size.width, axis: 2)
                : images.resized(
                    to: Size2D(images.shape[1] * size.height, images.shape[2] * size.width),
                    interpolation: configuration.interpolation)
        }
    }
}

/// Each voxel of volumes several times along each axis. Follows `keras.layers.UpSampling3D`.
///
/// # Shapes
/// [batch, depth, height, width, channels] → [batch, depth · size, height · size, width · size, channels].
public final class UpSampling3D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// How often each voxel occurs along each axis.
        public var size: Size3D = 2
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? { faultUnlessPositive("size", size) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// - Parameter size: how often each voxel occurs along each axis. Traps if one is not positive.
    public convenience init(
        _ size: some Size3DConvertible = 2, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(configuration: Configuration(size: size.size3D, dataFormat: dataFormat), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if let fault = spatialFault(of: shapes[0], rank: 3, configuration.dataFormat) { return fault }
        // Each axis stays within 64 bits; their product must too.
        return faultUnlessCountable(outputShape(for: shapes[0]))
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let format = configuration.dataFormat
        let sample = format.channelsLast(inputShape)
        return format.ordered(
            Shape(zip(sample.sizes, configuration.size.sizes).map { $0 * $1 } + [sample[3]]))
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let first = configuration.dataFormat == .channelsLast ? 1 : 2
        return configuration.size.sizes.enumerated().reduce(input) {
            $0.upsampled($1.element, axis: $1.offset + first)
        }
    }
}
