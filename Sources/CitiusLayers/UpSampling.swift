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
        _ size: some Size2DConvertible = 2, interpolation: Interpolation = .nearest, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(size: size.size2D, interpolation: interpolation), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        spatialFault(of: shapes[0], rank: 2) ?? faultUnlessCountable(outputShape(for: shapes[0]))
            ?? (shapes[0][0] > 0 && shapes[0][1] > 0 ? nil : "samples of shape \(shapes[0]) are empty")
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        [
            inputShape[0] * configuration.size.height, inputShape[1] * configuration.size.width,
            inputShape[2],
        ]
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let size = configuration.size
        if configuration.interpolation == .nearest {
            return input.upsampled(size.height, axis: 1).upsampled(size.width, axis: 2)
        }
        return input.resized(
            to: Size2D(input.shape[1] * size.height, input.shape[2] * size.width),
            interpolation: configuration.interpolation)
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
    public convenience init(_ size: some Size3DConvertible = 2, name: String? = nil) {
        self.init(configuration: Configuration(size: size.size3D), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if let fault = spatialFault(of: shapes[0], rank: 3) { return fault }
        // Each axis stays within 64 bits; their product must too.
        return faultUnlessCountable(outputShape(for: shapes[0]))
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        Shape(zip(inputShape.sizes, configuration.size.sizes).map { $0 * $1 } + [inputShape[3]])
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        configuration.size.sizes.enumerated().reduce(input) { $0.upsampled($1.element, axis: $1.offset + 1) }
    }
}
