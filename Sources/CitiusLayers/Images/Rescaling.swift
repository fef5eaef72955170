import CitiusAutograd
import CitiusTensor

/// y = x · scale + offset: bytes to numbers from 0 to 1 by `Rescaling(1.0 / 255)`. Follows `keras.layers.Rescaling`.
///
/// # Shapes
/// [batch, …] → the same.
public final class Rescaling: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What values are multiplied by: one number, or one for each channel.
        public var scale: ChannelValues
        /// What is added.
        public var offset: ChannelValues = 0
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// - Parameters:
    ///   - scale: what values are multiplied by.
    ///   - offset: what is added then.
    public convenience init(_ scale: Double, offset: Double = 0, name: String? = nil) {
        self.init(
            configuration: Configuration(scale: ChannelValues(scale), offset: ChannelValues(offset)),
            name: name)
    }

    /// With a factor and a summand for each channel, or one for all. Traps if there is none.
    public convenience init(scale: [Double], offset: [Double] = [0], name: String? = nil) {
        self.init(
            configuration: Configuration(scale: ChannelValues(scale), offset: ChannelValues(offset)),
            name: name)
    }

    public override var supportsMasking: Bool { true }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        firstFault(
            configuration.scale.fault("scale", of: shapes[0]),
            configuration.offset.fault("offset", of: shapes[0]))
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input * configuration.scale.tensor(input.dtype) + configuration.offset.tensor(input.dtype)
    }
}
