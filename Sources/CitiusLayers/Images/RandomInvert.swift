import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// In training, each image becomes its negative with a random probability. Follows `keras.layers.RandomInvert`; see
/// `ImageAugmentation`.
public final class RandomInvert: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The probability: a number f for one from 0 to f, or a range.
        public var factor: RandomFactor = 1
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(factor.fault("factor", within: 0...1), faultUnlessRange(valueRange))
        }

        /// The factor's range.
        fileprivate var range: ClosedRange<Double> { factor.range(floor: 0) }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - factor: the probability: a number f for one from 0 to f, or a range.
    ///   - valueRange: between what values pixels lie.
    ///
    /// Traps if the factor is not within 0 to 1.
    public convenience init(
        _ factor: some RandomFactorConvertible = 1.0, valueRange: ClosedRange<Double> = 0...255,
        seed: Int? = nil, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                factor: factor.randomFactor, valueRange: valueRange, seed: seed, dataFormat: dataFormat),
            name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        inverted(images, where: generator.decisions(images.shape[0], in: configuration.range))
    }

    func inverted(_ images: Variable, where decisions: Tensor) -> Variable {
        .where(
            decisions.reshaped(to: [images.shape[0], 1, 1, 1]), configuration.valueRange.upperBound - images,
            images)
    }
}
