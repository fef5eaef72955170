import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// In training, each image's colors are turned by a random angle. Follows `keras.layers.RandomHue`; see
/// `ImageAugmentation`.
public final class RandomHue: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// How far, as a fraction of half a turn, in either direction: a number f for 0 to f, or a range.
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
    ///   - factor: how far, as a fraction of half a turn, in either direction: a number f for 0 to f, or a range.
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

    override var channels: [Int]? { [3] }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let count = images.shape[0]
        let signs = Tensor.where(
            Tensor(uniform: [count], dtype: .float64, using: &generator) .> 0.5, Tensor(-1.0 as Double),
            Tensor(1.0 as Double))
        return turned(images, by: generator.numbers(count, in: configuration.range) * signs * 0.5)
    }

    /// Each image by its fraction of a full turn.
    func turned(_ images: Variable, by factors: Tensor) -> Variable {
        let planes = images.rescaled(from: configuration.valueRange, to: 0...1).rgbToHSV().split(
            parts: 3, axis: -1)
        var hue = planes[0] + factors.perImage(images.dtype)
        hue = .where(hue.value .> 1, hue - 1, hue)
        hue = .where(hue.value .< 0, hue + 1, hue)
        return Variable.concatenate([hue, planes[1], planes[2]], axis: -1).hsvToRGB().clamped(to: 0...1)
            .rescaled(from: 0...1, to: configuration.valueRange)
    }
}
