import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Zeros around sequences. Follows `keras.layers.ZeroPadding1D`.
///
/// # Shapes
/// [batch, steps, channels] → [batch, padded steps, channels].
public final class ZeroPadding1D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What is added before and after.
        public var padding: Margin = Margin(1)
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? { faultUnlessMargins("padding", [padding], count: 1) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// - Parameter padding: steps added at each end.
    ///
    /// Traps if it is negative.
    public convenience init(
        _ padding: Int = 1, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(before: padding, after: padding, dataFormat: dataFormat, name: name)
    }

    /// Traps if a number is negative.
    public convenience init(
        before: Int, after: Int, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(padding: Margin(before, after), dataFormat: dataFormat), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        paddingFault(of: shapes[0], [configuration.padding], configuration.dataFormat)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        padded(inputShape, [configuration.padding], configuration.dataFormat)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        padded(input, [configuration.padding], configuration.dataFormat)
    }
}

/// Zeros around images. Follows `keras.layers.ZeroPadding2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, padded height, padded width, channels].
public final class ZeroPadding2D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What is added before and after, of each axis: height, width.
        public var padding: [Margin] = [Margin](repeating: Margin(1), count: 2)
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? { faultUnlessMargins("padding", padding, count: 2) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// - Parameter padding: pixels added at top and bottom and at left and right.
    ///
    /// Traps if a number is negative.
    public convenience init(
        _ padding: some Size2DConvertible = 1, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        let size = padding.size2D
        self.init(
            top: size.height, bottom: size.height, left: size.width, right: size.width,
            dataFormat: dataFormat, name: name)
    }

    /// Traps if a number is negative.
    public convenience init(
        top: Int = 0, bottom: Int = 0, left: Int = 0, right: Int = 0,
        dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                padding: [Margin(top, bottom), Margin(left, right)], dataFormat: dataFormat), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        paddingFault(of: shapes[0], configuration.padding, configuration.dataFormat)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        padded(inputShape, configuration.padding, configuration.dataFormat)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        padded(input, configuration.padding, configuration.dataFormat)
    }
}

/// Zeros around volumes. Follows `keras.layers.ZeroPadding3D`.
///
/// # Shapes
/// [batch, depth, height, width, channels] → [batch, padded depth, padded height, padded width,
/// channels].
public final class ZeroPadding3D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What is added before and after, of each axis: depth, height, width.
        public var padding: [Margin] = [Margin](repeating: Margin(1), count: 3)
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? { faultUnlessMargins("padding", padding, count: 3) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// - Parameter padding: voxels added at both ends of each axis.
    ///
    /// Traps if a number is negative.
    public convenience init(
        _ padding: some Size3DConvertible = 1, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(padding: padding.size3D.sizes.map { Margin($0) }, dataFormat: dataFormat, name: name)
    }

    /// - Parameter padding: voxels added at the ends of each axis: depth, height, width.
    ///
    /// Traps if a number is negative or there are not three margins.
    public convenience init(
        padding: [Margin], dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(configuration: Configuration(padding: padding, dataFormat: dataFormat), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        paddingFault(of: shapes[0], configuration.padding, configuration.dataFormat)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        padded(inputShape, configuration.padding, configuration.dataFormat)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        padded(input, configuration.padding, configuration.dataFormat)
    }
}

extension Layer {
    /// The fault of samples that do not have the padded axes and channels, or become larger than any memory.
    fileprivate final func paddingFault(
        of shape: Shape, _ margins: [Margin], _ format: DataFormat
    ) -> String? {
        spatialFault(of: shape, rank: margins.count, format)
            ?? faultUnlessCountable(padded(shape, margins, format))
    }
}

private func padded(_ shape: Shape, _ margins: [Margin], _ format: DataFormat) -> Shape {
    let sample = format.channelsLast(shape)
    return format.ordered(
        Shape(zip(sample.sizes, margins).map { $0 + $1.before + $1.after } + [sample[-1]]))
}

private func padded(_ batch: Variable, _ margins: [Margin], _ format: DataFormat) -> Variable {
    let spatial = margins.map { ($0.before, $0.after) }
    return batch.padded(
        format == .channelsLast ? [(0, 0)] + spatial + [(0, 0)] : [(0, 0), (0, 0)] + spatial)
}
