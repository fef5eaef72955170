import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// In training, each image is turned about its middle by a random angle. Follows `keras.layers.RandomRotation`; see
/// `ImageAugmentation`.
public final class RandomRotation: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The angle, as a fraction of a full turn; positive ones turn counter-clockwise.
        public var factor: RandomFactor
        public var fillMode = FillMode.reflect
        public var interpolation = Interpolation.bilinear
        public var seed: Int?
        /// What lies beyond the edges in `constant` mode.
        public var fillValue = 0.0
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(factor.fault("factor", within: -1...1), faultUnlessTransforming(interpolation))
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - factor: the angle as a fraction of a full turn: a number f for −f to f, or a range.
    ///   - fillMode: what lies beyond the image's edges.
    ///
    /// Traps if the factor is not within −1 to 1.
    public convenience init(
        _ factor: some RandomFactorConvertible, fillMode: FillMode = .reflect,
        interpolation: Interpolation = .bilinear, seed: Int? = nil,
        fillValue: Double = 0, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                factor: factor.randomFactor, fillMode: fillMode, interpolation: interpolation, seed: seed,
                fillValue: fillValue, dataFormat: dataFormat),
            name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        rotated(images, by: generator.numbers(images.shape[0], in: configuration.factor.range()) * 360)
    }

    /// Each image by its angle in degrees.
    func rotated(_ images: Variable, by angles: Tensor) -> Variable {
        let (x, y) = (Double(images.shape[2] - 1) / 2, Double(images.shape[1] - 1) / 2)
        let rows = angles.elements(as: Double.self).flatMap { degrees in
            let (c, s) = (Double.cos(degrees * .pi / 180), Double.sin(degrees * .pi / 180))
            return [c, -s, x - x * c + y * s, s, c, y - x * s - y * c, 0, 0]
        }
        return transformed(images, by: Tensor(rows, shape: [angles.count, 8]))
    }

    private func transformed(_ images: Variable, by transforms: Tensor) -> Variable {
        images.transformed(
            by: transforms, interpolation: configuration.interpolation, fill: configuration.fillMode,
            fillValue: configuration.fillValue)
    }
}
