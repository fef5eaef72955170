import CitiusAutograd
import CitiusTensor

/// In training, a few operations chosen at random for each batch, one after the other (Cubuk et al. 2020, arXiv
/// 1909.13719): shear, translation, rotation, brightness, color, contrast, sharpness, posterization, solarization,
/// stretched contrast, equalization. Follows `keras.layers.RandAugment`; see `ImageAugmentation`.
public final class RandAugment: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        /// How many operations a batch undergoes.
        public var numOps = 2
        /// How strong they are: a number f for 0 to f, or a range.
        public var factor: RandomFactor = 0.5
        public var interpolation = Interpolation.bilinear
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                faultUnlessRange(valueRange),
                (0...1_000).contains(numOps) ? nil : "numOps is \(numOps), expected 0 to 1,000",
                factor.fault("factor", within: 0...1), faultUnlessTransforming(interpolation))
        }
    }

    public let configuration: Configuration
    private let operations: [ImageAugmentation]

    public init(configuration: Configuration, name: String? = nil) {
        let configuration = Self.checked(configuration)
        self.configuration = configuration
        operations = Self.operations(
            configuration.factor, valueRange: configuration.valueRange,
            interpolation: configuration.interpolation)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - valueRange: between what values pixels lie.
    ///   - numOps: how many operations a batch undergoes.
    ///   - factor: how strong they are: a number f for 0 to f, or a range.
    ///
    /// Traps if the factor is not within 0 to 1.
    public convenience init(
        valueRange: ClosedRange<Double> = 0...255, numOps: Int = 2,
        factor: some RandomFactorConvertible = 0.5,
        interpolation: Interpolation = .bilinear, seed: Int? = nil, dataFormat: DataFormat = .channelsLast,
        name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                valueRange: valueRange, numOps: numOps, factor: factor.randomFactor,
                interpolation: interpolation, seed: seed, dataFormat: dataFormat), name: name)
    }

    /// The operations of a strength, from which some are chosen.
    ///
    /// - Parameter changesColors: whether brightness, color, contrast and sharpness are among them.
    static func operations(
        _ factor: RandomFactor, valueRange range: ClosedRange<Double>, interpolation: Interpolation,
        changesColors: Bool = true
    ) -> [ImageAugmentation] {
        let bounds = factor.range(floor: 0)
        let factor = RandomFactor(bounds)
        let colors: [ImageAugmentation] = [
            RandomBrightness(factor, valueRange: range),
            RandomColorDegeneration(factor, valueRange: range),
            RandomContrast(factor, valueRange: range), RandomSharpness(factor, valueRange: range),
        ]
        return [
            RandomShear(xFactor: factor, yFactor: factor, interpolation: interpolation),
            RandomTranslation(heightFactor: factor, widthFactor: factor, interpolation: interpolation),
            RandomRotation(factor, interpolation: interpolation),
        ] + (changesColors ? colors : []) + [
            RandomPosterization(max(1, (8 * bounds.upperBound).rounded(.down)), valueRange: range),
            Solarization(additionFactor: factor, thresholdFactor: factor, valueRange: range),
            AutoContrast(valueRange: range), Equalization(valueRange: range),
        ]
    }

    override var channels: [Int]? { [1, 3] }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        var result = images
        for _ in 0..<configuration.numOps {
            let choice = Int.random(in: 0..<operations.count, using: &generator)
            result = operations[choice].augmented(result, using: &generator)
        }
        return result
    }
}
