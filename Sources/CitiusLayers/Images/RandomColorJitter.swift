import CitiusAutograd
import CitiusTensor

/// In training, random brightness, contrast, saturation and hue, in this order. Follows `keras.layers.RandomColorJitter`;
/// see `ImageAugmentation`.
public final class RandomColorJitter: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        /// As of `RandomBrightness`; nil leaves brightness.
        public var brightnessFactor: RandomFactor?
        /// As of `RandomContrast`; nil leaves contrast.
        public var contrastFactor: RandomFactor?
        /// As of `RandomSaturation`; nil leaves saturation.
        public var saturationFactor: RandomFactor?
        /// As of `RandomHue`; nil leaves the hue.
        public var hueFactor: RandomFactor?
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                brightnessFactor?.fault("brightnessFactor", within: -1...1),
                contrastFactor?.fault("contrastFactor", within: 0...1),
                saturationFactor?.fault("saturationFactor", within: -1...1),
                hueFactor?.fault("hueFactor", within: 0...1), faultUnlessRange(valueRange))
        }
    }

    public let configuration: Configuration
    private let steps: [ImageAugmentation]

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        let range = configuration.valueRange
        let steps: [ImageAugmentation?] = [
            configuration.brightnessFactor.map { RandomBrightness($0, valueRange: range) },
            configuration.contrastFactor.map { RandomContrast($0, valueRange: range) },
            configuration.saturationFactor.map { RandomSaturation($0, valueRange: range) },
            configuration.hueFactor.map { RandomHue($0, valueRange: range) },
        ]
        self.steps = steps.compactMap { $0 }
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameter valueRange: between what values pixels lie.
    ///
    /// Traps if a factor is out of its layer's range.
    public convenience init(
        valueRange: ClosedRange<Double> = 0...255, brightnessFactor: (any RandomFactorConvertible)? = nil,
        contrastFactor: (any RandomFactorConvertible)? = nil,
        saturationFactor: (any RandomFactorConvertible)? = nil,
        hueFactor: (any RandomFactorConvertible)? = nil, seed: Int? = nil,
        dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                valueRange: valueRange, brightnessFactor: brightnessFactor?.randomFactor,
                contrastFactor: contrastFactor?.randomFactor,
                saturationFactor: saturationFactor?.randomFactor, hueFactor: hueFactor?.randomFactor,
                seed: seed, dataFormat: dataFormat), name: name)
    }

    override var channels: [Int]? {
        configuration.saturationFactor == nil && configuration.hueFactor == nil ? nil : [3]
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        steps.reduce(images) { $1.augmented($0, using: &generator) }
    }
}
