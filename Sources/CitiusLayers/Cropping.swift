import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Sequences without what lies at their edges. Follows `keras.layers.Cropping1D`.
///
/// # Shapes
/// [batch, steps, channels] → [batch, cropped steps, channels].
public final class Cropping1D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What is cut before and after.
        public var cropping: Margin = Margin(1)

        public var fault: String? { faultUnlessMargins("cropping", [cropping], count: 1) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// - Parameter cropping: steps cut at each end.
    ///
    /// Traps if it is negative.
    public convenience init(_ cropping: Int = 1, name: String? = nil) {
        self.init(before: cropping, after: cropping, name: name)
    }

    /// Traps if a number is negative.
    public convenience init(before: Int, after: Int, name: String? = nil) {
        self.init(configuration: Configuration(cropping: Margin(before, after)), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        croppingFault(of: shapes[0], [configuration.cropping], .channelsLast)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        cropped(inputShape, [configuration.cropping], .channelsLast)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        cropped(input, [configuration.cropping], .channelsLast)
    }
}

/// Images without what lies at their edges. Follows `keras.layers.Cropping2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, cropped height, cropped width, channels].
public final class Cropping2D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What is cut before and after, of each axis: height, width.
        public var cropping: [Margin] = [Margin](repeating: Margin(0), count: 2)
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? { faultUnlessMargins("cropping", cropping, count: 2) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// - Parameter cropping: pixels cut at top and bottom and at left and right.
    ///
    /// Traps if a number is negative.
    public convenience init(
        _ cropping: some Size2DConvertible = 0, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        let size = cropping.size2D
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
                cropping: [Margin(top, bottom), Margin(left, right)], dataFormat: dataFormat), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        croppingFault(of: shapes[0], configuration.cropping, configuration.dataFormat)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        cropped(inputShape, configuration.cropping, configuration.dataFormat)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        cropped(input, configuration.cropping, configuration.dataFormat)
    }
}

/// Volumes without what lies at their edges. Follows `keras.layers.Cropping3D`.
///
/// # Shapes
/// [batch, depth, height, width, channels] → [batch, cropped depth, cropped height, cropped width,
/// channels].
public final class Cropping3D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What is cut before and after, of each axis: depth, height, width.
        public var cropping: [Margin] = [Margin](repeating: Margin(1), count: 3)
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? { faultUnlessMargins("cropping", cropping, count: 3) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// - Parameter cropping: voxels cut at both ends of each axis.
    ///
    /// Traps if a number is negative.
    public convenience init(
        _ cropping: some Size3DConvertible = 1, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(cropping: cropping.size3D.sizes.map { Margin($0) }, dataFormat: dataFormat, name: name)
    }

    /// - Parameter cropping: voxels cut at the ends of each axis: depth, height, width.
    ///
    /// Traps if a number is negative or there are not three margins.
    public convenience init(
        cropping: [Margin], dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(configuration: Configuration(cropping: cropping, dataFormat: dataFormat), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        croppingFault(of: shapes[0], configuration.cropping, configuration.dataFormat)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        cropped(inputShape, configuration.cropping, configuration.dataFormat)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        cropped(input, configuration.cropping, configuration.dataFormat)
    }
}

extension Layer {
    /// The fault of samples that do not have the cropped axes and channels, or of which nothing is left.
    fileprivate final func croppingFault(
        of shape: Shape, _ margins: [Margin], _ format: DataFormat
    ) -> String? {
        if let fault = spatialFault(of: shape, rank: margins.count, format) { return fault }
        return zip(format.channelsLast(shape).sizes, margins).allSatisfy { $0 > $1.before + $1.after }
            ? nil
            : "nothing is left of samples of shape \(shape), cropped by \(margins.map { [$0.before, $0.after] })"
    }
}

private func cropped(_ shape: Shape, _ margins: [Margin], _ format: DataFormat) -> Shape {
    let sample = format.channelsLast(shape)
    return format.ordered(
        Shape(zip(sample.sizes, margins).map { $0 - $1.before - $1.after } + [sample[-1]]))
}

private func cropped(_ batch: Variable, _ margins: [Margin], _ format: DataFormat) -> Variable {
    let first = format == .channelsLast ? 1 : 2
    return margins.enumerated().reduce(batch) { result, margin in
        let (axis, margin) = (margin.offset + first, margin.element)
        return result.sliced(margin.before..<result.shape[axis] - margin.after, axis: axis)
    }
}
