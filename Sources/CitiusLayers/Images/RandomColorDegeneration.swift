import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// In training, each image is mixed with its gray version at random. Follows `keras.layers.RandomColorDegeneration`; see
/// `ImageAugmentation`.
public final class RandomColorDegeneration: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// 0 leaves the image as it is, 1 makes it gray: a number f for −f to f, or a range.
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
    ///   - factor: 0 leaves the image as it is, 1 makes it gray: a number f for −f to f, or a range.
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

    override var channels: [Int]? { [1, 3] }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        degenerated(images, by: generator.numbers(images.shape[0], in: configuration.range))
    }

    /// 0 leaves the image, 1 makes it gray.
    func degenerated(_ images: Variable, by factors: Tensor) -> Variable {
        (images + (images.grayscale() - images) * factors.perImage(images.dtype)).clamped(
            to: configuration.valueRange)
    }
}
