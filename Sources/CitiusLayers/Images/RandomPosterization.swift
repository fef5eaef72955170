import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// In training, each image's values keep a random number of bits. Follows `keras.layers.RandomPosterization`; see
/// `ImageAugmentation`.
public final class RandomPosterization: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// How many bits of eight are kept: a number, or a range, of which the upper bound is left out.
        public var factor: RandomFactor
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(factor.fault("factor", within: 1...8), faultUnlessRange(valueRange))
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
    ///   - factor: how many bits of eight are kept: a number, or a range, of which the upper bound is left out.
    ///   - valueRange: between what values pixels lie.
    ///
    /// Traps if the factor is not within 1 to 8.
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
        let (numbers, count) = (configuration.factor.numbers.map { Int($0) }, images.shape[0])
        // As in Keras, the upper bound is left out, and a number is itself.
        let bits = (0..<count).map { _ in
            numbers.count == 1 || numbers[0] >= numbers[1]
                ? numbers[0] : Int.random(in: numbers[0]..<numbers[1], using: &generator)
        }
        return posterized(images, bits: bits)
    }

    /// Values between the steps have no gradient.
    func posterized(_ images: Variable, bits: [Int]) -> Variable {
        let steps = Tensor(bits.map { Double(1 << (8 - $0)) }).perImage(images.dtype)
        let bytes = images.stopGradient().rescaled(from: configuration.valueRange, to: 0...255).value
            .clamped(to: 0...255).floor()
        let result = Variable((bytes / steps).floor() * steps).rescaled(
            from: 0...255, to: configuration.valueRange)
        return Variable(result.value, computedFrom: images) { _ in [nil] }
    }
}
