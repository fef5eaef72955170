import CitiusAutograd
import CitiusTensor

/// What `SpatialDropout2D` and `3D` are made with.
public struct SpatialDropoutConfiguration: LayerConfiguration {
    /// The fraction of channels that is dropped.
    public var rate: Double
    public var seed: Int?
    public var dataFormat = DataFormat.channelsLast

    public var fault: String? { faultUnlessRate(rate) }
}

/// What `SpatialDropout1D`, `2D` and `3D` share.
public class SpatialDropout: Layer {
    private let options: SpatialDropoutConfiguration
    /// Of a sample, without the channels, as messages name them.
    private let axes: String

    init(_ options: SpatialDropoutConfiguration, axes: String, name: String?) {
        self.options = options
        self.axes = axes
        super.init(name: name)
    }

    public static var module: String? { "keras.layers" }

    public final override func fault(ofInputs shapes: [Shape]) -> String? {
        faultUnlessRank(
            axes.split(separator: ",").count + 1, options.dataFormat.axes(axes), of: shapes[0])
    }

    public final override var supportsMasking: Bool { true }

    public final override func forward(_ input: Variable, in context: Context) -> Variable {
        guard context.isTraining else { return input }
        let between = [Int](repeating: 1, count: input.shape.rank - 2)
        let noise =
            options.dataFormat == .channelsLast
            ? between + [input.shape[-1]] : [input.shape[1]] + between
        return input.dropped(
            options.rate, noiseShape: Shape([input.shape[0]] + noise), seed: options.seed, in: context)
    }
}

/// `Dropout` of whole channels of sequences: neighbours there say the same, so that single elements dropped would hardly be
/// missed. Follows `keras.layers.SpatialDropout1D`.
///
/// # Shapes
/// [batch, steps, channels] → the same
///
/// Source: Tompson, Goroshin, Jain, LeCun, Bregler, arXiv:1411.4280.
public final class SpatialDropout1D: SpatialDropout, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The fraction of channels that is dropped.
        public var rate: Double
        public var seed: Int?

        public var fault: String? { faultUnlessRate(rate) }
    }

    public let configuration: Configuration

    /// - Parameters:
    ///   - rate: the fraction of channels that is dropped.
    ///   - seed: see `Dropout`.
    ///
    /// Traps if the rate is not in 0...1.
    public convenience init(_ rate: Double, seed: Int? = nil, name: String? = nil) {
        self.init(configuration: Configuration(rate: rate, seed: seed), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(
            SpatialDropoutConfiguration(rate: configuration.rate, seed: configuration.seed), axes: "steps",
            name: name)
    }
}

/// `Dropout` of whole channels of images: neighbours there say the same, so that single elements dropped would hardly be
/// missed. Follows `keras.layers.SpatialDropout2D`.
///
/// # Shapes
/// [batch, height, width, channels] → the same
///
/// Source: Tompson, Goroshin, Jain, LeCun, Bregler, arXiv:1411.4280.
public final class SpatialDropout2D: SpatialDropout, ConfigurableLayer {
    public let configuration: SpatialDropoutConfiguration

    /// - Parameters:
    ///   - rate: the fraction of channels that is dropped.
    ///   - dataFormat: whether the channels are last or first.
    ///   - seed: see `Dropout`.
    ///
    /// Traps if the rate is not in 0...1.
    public convenience init(
        _ rate: Double, dataFormat: DataFormat = .channelsLast, seed: Int? = nil, name: String? = nil
    ) {
        self.init(
            configuration: SpatialDropoutConfiguration(rate: rate, seed: seed, dataFormat: dataFormat),
            name: name)
    }

    public init(configuration: SpatialDropoutConfiguration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(configuration, axes: "height, width", name: name)
    }
}

/// `Dropout` of whole channels of volumes: neighbours there say the same, so that single elements dropped would hardly be
/// missed. Follows `keras.layers.SpatialDropout3D`.
///
/// # Shapes
/// [batch, depth, height, width, channels] → the same
///
/// Source: Tompson, Goroshin, Jain, LeCun, Bregler, arXiv:1411.4280.
public final class SpatialDropout3D: SpatialDropout, ConfigurableLayer {
    public let configuration: SpatialDropoutConfiguration

    /// - Parameters:
    ///   - rate: the fraction of channels that is dropped.
    ///   - dataFormat: whether the channels are last or first.
    ///   - seed: see `Dropout`.
    ///
    /// Traps if the rate is not in 0...1.
    public convenience init(
        _ rate: Double, dataFormat: DataFormat = .channelsLast, seed: Int? = nil, name: String? = nil
    ) {
        self.init(
            configuration: SpatialDropoutConfiguration(rate: rate, seed: seed, dataFormat: dataFormat),
            name: name)
    }

    public init(configuration: SpatialDropoutConfiguration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(configuration, axes: "depth, height, width", name: name)
    }
}
