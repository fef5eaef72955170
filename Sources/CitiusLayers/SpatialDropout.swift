import CitiusAutograd
import CitiusTensor

/// What `SpatialDropout1D`, `2D` and `3D` share.
public class SpatialDropout: Layer {
    private let fraction: Double
    private let ownSeed: Int?
    /// Of a sample, without the channels, as messages name them.
    private let axes: String

    package init(rate: Double, seed: Int?, axes: String, name: String?) {
        fraction = rate
        ownSeed = seed
        self.axes = axes
        super.init(name: name)
    }

    public final override func fault(ofInputs shapes: [Shape]) -> String? {
        faultUnlessRank(axes.split(separator: ",").count + 1, axes + ", channels", of: shapes[0])
    }

    public final override var supportsMasking: Bool { true }

    public final override func forward(_ input: Variable, in context: Context) -> Variable {
        guard context.isTraining else { return input }
        let between = [Int](repeating: 1, count: input.shape.rank - 2)
        return input.dropped(
            fraction, noiseShape: Shape([input.shape[0]] + between + [input.shape[-1]]), seed: ownSeed,
            in: context)
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

    public static var module: String? { "keras.layers" }
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
        super.init(rate: configuration.rate, seed: configuration.seed, axes: "steps", name: name)
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
    public struct Configuration: LayerConfiguration {
        /// The fraction of channels that is dropped.
        public var rate: Double
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? { faultUnlessRate(rate) }
    }

    public static var module: String? { "keras.layers" }
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
        super.init(rate: configuration.rate, seed: configuration.seed, axes: "height, width", name: name)
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
    public struct Configuration: LayerConfiguration {
        /// The fraction of channels that is dropped.
        public var rate: Double
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? { faultUnlessRate(rate) }
    }

    public static var module: String? { "keras.layers" }
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
            rate: configuration.rate, seed: configuration.seed, axes: "depth, height, width", name: name)
    }
}
