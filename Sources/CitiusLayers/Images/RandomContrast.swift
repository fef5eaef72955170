import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// In training, each image's distance from its mean is multiplied by a random factor, channel by channel. Follows `keras.layers.RandomContrast`; see
/// `ImageAugmentation`.
public final class RandomContrast: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The factors lie from 1 − lower to 1 + upper: for a number f, from 1 to 1 + f, as in Keras.
        public var factor: RandomFactor
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
    ///   - factor: the factors lie from 1 − lower to 1 + upper: for a number f, from 1 to 1 + f, as in Keras.
    ///   - valueRange: between what values pixels lie.
    ///
    /// Traps if the factor is not within 0 to 1.
    public convenience init(
        _ factor: some RandomFactorConvertible, valueRange: ClosedRange<Double> = 0...255,
        seed: Int? = nil, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                factor: factor.randomFactor, valueRange: valueRange, seed: seed, dataFormat: dataFormat),
            name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let range = configuration.range
        return contrasted(
            images, by: generator.numbers(images.shape[0], in: 1 - range.lowerBound...1 + range.upperBound))
    }

    func contrasted(_ images: Variable, by factors: Tensor) -> Variable {
        let mean = images.mean(axes: [1, 2], keepingAxes: true)
        return ((images - mean) * factors.perImage(images.dtype) + mean).clamped(to: configuration.valueRange)
    }
}
