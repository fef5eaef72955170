import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// In training, each image is sharpened or smoothed at random. Follows `keras.layers.RandomSharpness`; see
/// `ImageAugmentation`.
public final class RandomSharpness: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// 0 smooths, 0.5 leaves the image as it is, 1 sharpens: a number f for 0 to f, or a range.
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
    ///   - factor: 0 smooths, 0.5 leaves the image as it is, 1 sharpens: a number f for 0 to f, or a range.
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
        sharpened(images, by: generator.numbers(images.shape[0], in: configuration.range))
    }

    /// 0 smooths, ½ does nothing, 1 sharpens.
    func sharpened(_ images: Variable, by factors: Tensor) -> Variable {
        let weights = [1, 1, 1, 1, 5, 1, 1, 1, 1].map { $0 / 13.0 }
        let kernel = Tensor(weights, shape: [3, 3, 1, 1]).cast(to: images.dtype).expanded(
            to: [3, 3, images.shape[3], 1])
        let smoothed = images.depthwiseConv2D(Variable(kernel), padding: .same)
        let weight = 1 - factors.perImage(images.dtype) * 2
        return (images + (smoothed - images) * weight).clamped(to: configuration.valueRange)
    }
}
