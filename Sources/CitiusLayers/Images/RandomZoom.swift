import CitiusAutograd
import CitiusTensor

/// In training, a random enlarged or reduced view of each image's middle. Follows `keras.layers.RandomZoom`; see
/// `ImageAugmentation`.
public final class RandomZoom: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// How much more than its height a view shows: 0.2 zooms out by a fifth, −0.2 in.
        public var heightFactor: RandomFactor
        /// The same of its width; nil: as much as of the height, so that proportions stay.
        public var widthFactor: RandomFactor?
        public var fillMode = FillMode.reflect
        public var interpolation = Interpolation.bilinear
        public var seed: Int?
        /// What lies beyond the edges in `constant` mode.
        public var fillValue = 0.0
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                heightFactor.fault("heightFactor", within: (-1.0).nextUp...1),
                widthFactor?.fault("widthFactor", within: (-1.0).nextUp...1),
                faultUnlessTransforming(interpolation))
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - heightFactor: how much more than its height a view shows: a number f for −f (zooming in) to f (zooming out), or
    ///     a range.
    ///   - widthFactor: the same of its width; by default proportions stay.
    ///   - fillMode: what lies beyond the image's edges.
    ///
    /// Traps if a factor is not above −1 and at most 1.
    public convenience init(
        _ heightFactor: some RandomFactorConvertible, widthFactor: (any RandomFactorConvertible)? = nil,
        fillMode: FillMode = .reflect, interpolation: Interpolation = .bilinear, seed: Int? = nil,
        fillValue: Double = 0, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                heightFactor: heightFactor.randomFactor, widthFactor: widthFactor?.randomFactor,
                fillMode: fillMode, interpolation: interpolation, seed: seed, fillValue: fillValue,
                dataFormat: dataFormat),
            name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let count = images.shape[0]
        let height = generator.numbers(count, in: configuration.heightFactor.range()) + 1
        let width = configuration.widthFactor.map { generator.numbers(count, in: $0.range()) + 1 }
        return zoomed(images, height: height, width: width ?? height)
    }

    /// Each image by its factors.
    func zoomed(_ images: Variable, height: Tensor, width: Tensor) -> Variable {
        let (x, y) = (Double(images.shape[2] - 1) / 2, Double(images.shape[1] - 1) / 2)
        let factors = zip(height.elements(as: Double.self), width.elements(as: Double.self))
        let rows = factors.flatMap { [$1, 0, x * (1 - $1), 0, $0, y * (1 - $0), 0, 0] as [Double] }
        return transformed(images, by: Tensor(rows, shape: [height.count, 8]))
    }

    private func transformed(_ images: Variable, by transforms: Tensor) -> Variable {
        images.transformed(
            by: transforms, interpolation: configuration.interpolation, fill: configuration.fillMode,
            fillValue: configuration.fillValue)
    }
}
