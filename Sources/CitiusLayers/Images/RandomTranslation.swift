import CitiusAutograd
import CitiusTensor

/// In training, each image is moved by a random distance along each axis. Follows `keras.layers.RandomTranslation`; see
/// `ImageAugmentation`.
public final class RandomTranslation: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// How far images are moved down, as a fraction of their height.
        public var heightFactor: RandomFactor
        /// How far images are moved to the right, as a fraction of their width.
        public var widthFactor: RandomFactor
        public var fillMode = FillMode.reflect
        public var interpolation = Interpolation.bilinear
        public var seed: Int?
        /// What lies beyond the edges in `constant` mode.
        public var fillValue = 0.0
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                heightFactor.fault("heightFactor", within: -1...1),
                widthFactor.fault("widthFactor", within: -1...1), faultUnlessTransforming(interpolation))
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - heightFactor: how far images are moved down, as a fraction of their height: a number f for −f to f, or a range.
    ///   - widthFactor: how far they are moved to the right, as a fraction of their width.
    ///   - fillMode: what lies beyond the image's edges.
    ///
    /// Traps if a factor is not within −1 to 1.
    public convenience init(
        heightFactor: some RandomFactorConvertible, widthFactor: some RandomFactorConvertible,
        fillMode: FillMode = .reflect, interpolation: Interpolation = .bilinear, seed: Int? = nil,
        fillValue: Double = 0, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                heightFactor: heightFactor.randomFactor, widthFactor: widthFactor.randomFactor,
                fillMode: fillMode, interpolation: interpolation, seed: seed, fillValue: fillValue,
                dataFormat: dataFormat),
            name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let count = images.shape[0]
        let down = generator.numbers(count, in: configuration.heightFactor.range()) * Double(images.shape[1])
        let right = generator.numbers(count, in: configuration.widthFactor.range()) * Double(images.shape[2])
        return moved(images, down: down, right: right)
    }

    /// Each image by its numbers of pixels.
    func moved(_ images: Variable, down: Tensor, right: Tensor) -> Variable {
        let distances = zip(down.elements(as: Double.self), right.elements(as: Double.self))
        let rows = distances.flatMap { [1, 0, -$1, 0, 1, -$0, 0, 0] as [Double] }
        return transformed(images, by: Tensor(rows, shape: [down.count, 8]))
    }

    private func transformed(_ images: Variable, by transforms: Tensor) -> Variable {
        images.transformed(
            by: transforms, interpolation: configuration.interpolation, fill: configuration.fillMode,
            fillValue: configuration.fillValue)
    }
}
