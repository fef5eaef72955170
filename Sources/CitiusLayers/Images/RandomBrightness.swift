import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// In training, a random number is added to each image's pixels. Follows `keras.layers.RandomBrightness`; see
/// `ImageAugmentation`.
public final class RandomBrightness: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What is added, as a fraction of the values' range: a number f for −f to f, or a range.
        public var factor: RandomFactor
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(factor.fault("factor", within: -1...1), faultUnlessRange(valueRange))
        }

        /// The factor's range.
        fileprivate var range: ClosedRange<Double> { factor.range() }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - factor: what is added, as a fraction of the values' range: a number f for −f to f, or a range.
    ///   - valueRange: between what values pixels lie.
    ///
    /// Traps if the factor is not within −1 to 1.
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
        let size = configuration.valueRange.upperBound - configuration.valueRange.lowerBound
        return brightened(
            images, by: generator.numbers(images.shape[0], in: configuration.range) * size)
    }

    func brightened(_ images: Variable, by numbers: Tensor) -> Variable {
        (images + numbers.perImage(images.dtype)).clamped(to: configuration.valueRange)
    }
}
