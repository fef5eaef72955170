import CitiusAutograd
import CitiusTensor

/// Each image's values, channel by channel, stretched over the whole range, in training and in inference. Follows
/// `keras.layers.AutoContrast`.
///
/// # Shapes
/// [batch, height, width, channels] → the same.
public final class AutoContrast: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? { faultUnlessRange(valueRange) }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: nil, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameter valueRange: between what values pixels lie. Traps if nothing lies between.
    public convenience init(valueRange: ClosedRange<Double> = 0...255, name: String? = nil) {
        self.init(configuration: Configuration(valueRange: valueRange), name: name)
    }

    override func inferred(_ images: Variable) -> Variable { stretched(images) }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        stretched(images)
    }

    private func stretched(_ images: Variable) -> Variable {
        let range = configuration.valueRange
        let low = images.min(axes: [1, 2], keepingAxes: true)
        let height = images.max(axes: [1, 2], keepingAxes: true) - low
        // A channel of one value stays.
        let isFlat = height.value .== 0
        let divisor = Variable.where(isFlat, Variable(height.value.constant(1)), height)
        let result = ((images - low) / divisor * (range.upperBound - range.lowerBound) + range.lowerBound)
            .clamped(to: range)
        return .where(isFlat, images, result)
    }
}
