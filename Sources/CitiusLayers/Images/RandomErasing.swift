import CitiusAutograd
import CitiusTensor

/// In training, a random rectangle of each image is painted over with a random probability (Zhong et al. 2017, arXiv
/// 1708.04896). Follows `keras.layers.RandomErasing`; see `ImageAugmentation`.
public final class RandomErasing: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The probability.
        public var factor: RandomFactor = 1
        /// The rectangle's height and width: the roots of two numbers of this range, as fractions of the image's.
        public var scale = RandomFactor(0.02...0.33)
        /// What is painted, one value or one for each of three channels; nil: noise.
        public var fillValue: ChannelValues?
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                factor.fault("factor", within: 0...1), scale.fault("scale", within: 0...1),
                faultUnlessRange(valueRange))
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - factor: the probability: a number f for one from 0 to f, or a range.
    ///   - scale: the rectangle's height and width are the roots of two numbers of this range, as fractions of the
    ///     image's.
    ///   - fillValue: what is painted, one value or one for each channel; by default noise.
    ///   - valueRange: between what values pixels lie.
    ///
    /// Traps if a factor is not within 0 to 1.
    public convenience init(
        _ factor: some RandomFactorConvertible = 1.0, scale: some RandomFactorConvertible = 0.02...0.33,
        fillValue: ChannelValues? = nil, valueRange: ClosedRange<Double> = 0...255, seed: Int? = nil,
        dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                factor: factor.randomFactor, scale: scale.randomFactor, fillValue: fillValue,
                valueRange: valueRange, seed: seed, dataFormat: dataFormat), name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        super.fault(ofInputs: shapes)
            ?? configuration.fillValue?.fault("fillValue", of: format.channelsLast(shapes[0]))
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let count = images.shape[0]
        let scale = configuration.scale.range(floor: 0)
        let boxes = Boxes(
            over: images.shape, width: generator.numbers(count, in: scale).sqrt(),
            height: generator.numbers(count, in: scale).sqrt(), using: &generator)
        let decisions = generator.decisions(count, in: configuration.factor.range(floor: 0))
        let fill =
            configuration.fillValue?.tensor(images.dtype)
            ?? Tensor(normal: images.shape, dtype: images.dtype, using: &generator)
            * configuration.valueRange.upperBound
        let condition = boxes.mask .& decisions.reshaped(to: [count, 1, 1, 1])
        return .where(condition, Variable(fill.clamped(to: configuration.valueRange)), images)
    }
}

/// A rectangle in each image of a batch.
struct Boxes {
    /// [batch, height, width, 1] of bool: which pixels' corners lie in it.
    let mask: Tensor
    /// The fractions of the images' areas, [batch].
    let areas: Tensor

    /// Of the given fractions of the images' [batch, height, width, channels] width and height, anywhere in them.
    init(over shape: Shape, width: Tensor, height: Tensor, using generator: inout RandomGenerator) {
        func ranges(_ fractions: Tensor, _ length: Int) -> [Range<Double>] {
            let starts = Tensor(uniform: [shape[0]], dtype: .float64, using: &generator)
            return zip(fractions.elements(as: Double.self), starts.elements(as: Double.self)).map {
                let size = $0 * Double(length)
                let start = $1 * (Double(length) - size)
                return start..<start + size
            }
        }
        let columns = ranges(width, shape[2])
        let rows = ranges(height, shape[1])
        let (imageHeight, imageWidth) = (shape[1], shape[2])
        mask = Tensor(shape: [shape[0], imageHeight, imageWidth, 1]) { (out: UnsafeMutablePointer<Bool>) in
            var pixel = 0
            for image in 0..<shape[0] {
                for row in 0..<imageHeight {
                    let isRow = rows[image].contains(Double(row))
                    for column in 0..<imageWidth {
                        out[pixel] = isRow && columns[image].contains(Double(column))
                        pixel += 1
                    }
                }
            }
        }
        areas = width * height
    }
}
