import CitiusAutograd
import CitiusTensor

/// In training, a random number is added to each image, and values above a random threshold become their negatives.
/// Follows `keras.layers.Solarization`; see `ImageAugmentation`.
public final class Solarization: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What is added, as a fraction of 255: a number f for 0 to f, or a range.
        public var additionFactor: RandomFactor = 0
        /// The threshold, likewise.
        public var thresholdFactor: RandomFactor = 0
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                additionFactor.fault("additionFactor", within: 0...1),
                thresholdFactor.fault("thresholdFactor", within: 0...1), faultUnlessRange(valueRange))
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - additionFactor: what is added, as a fraction of 255: a number f for 0 to f, or a range.
    ///   - thresholdFactor: above what values become their negatives, likewise.
    ///   - valueRange: between what values pixels lie.
    ///
    /// Traps if a factor is not within 0 to 1.
    public convenience init(
        additionFactor: some RandomFactorConvertible = 0.0,
        thresholdFactor: some RandomFactorConvertible = 0.0, valueRange: ClosedRange<Double> = 0...255,
        seed: Int? = nil, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                additionFactor: additionFactor.randomFactor, thresholdFactor: thresholdFactor.randomFactor,
                valueRange: valueRange, seed: seed, dataFormat: dataFormat), name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        /// As in Keras, the lower bound is no fraction.
        func numbers(_ factor: RandomFactor) -> Tensor {
            let range = factor.range(floor: 0)
            return generator.numbers(
                images.shape[0], in: range.lowerBound...max(range.lowerBound, range.upperBound * 255))
        }
        let additions = numbers(configuration.additionFactor)
        return solarized(images, additions: additions, thresholds: numbers(configuration.thresholdFactor))
    }

    func solarized(_ images: Variable, additions: Tensor, thresholds: Tensor) -> Variable {
        let bytes =
            (images.rescaled(from: configuration.valueRange, to: 0...255)
            + additions.perImage(images.dtype)).clamped(to: 0...255)
        return Variable.where(bytes.value .< thresholds.perImage(images.dtype), bytes, 255 - bytes)
            .rescaled(from: 0...255, to: configuration.valueRange)
    }
}
