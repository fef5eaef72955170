import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// In training, each image's colors are made stronger or weaker at random. Follows `keras.layers.RandomSaturation`; see
/// `ImageAugmentation`.
public final class RandomSaturation: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Colors are multiplied by f / (1 − f): 0.5 leaves them, 0 takes them, 1 makes them full. A number f is −f to f.
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
    ///   - factor: colors are multiplied by f / (1 − f): 0.5 leaves them, 0 takes them, 1 makes them full. A number f is −f to f.
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

    override var channels: [Int]? { [3] }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let factors = generator.numbers(images.shape[0], in: configuration.range)
        return saturated(images, by: factors / (1 - factors + 1e-7))
    }

    /// Each image's saturation times its factor. As in Keras, saturation is clamped to the values' range.
    func saturated(_ images: Variable, by factors: Tensor) -> Variable {
        let planes = images.rgbToHSV().split(parts: 3, axis: -1)
        let saturation = (planes[1] * factors.perImage(images.dtype)).clamped(to: configuration.valueRange)
        return Variable.concatenate([planes[0], saturation, planes[2]], axis: -1).hsvToRGB()
    }
}
