import CitiusAutograd
import CitiusTensor

/// In training, each image is sheared by a random factor along each axis. Follows `keras.layers.RandomShear`; see
/// `ImageAugmentation`.
public final class RandomShear: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Pixels to the side for each pixel down.
        public var xFactor: RandomFactor = 0
        /// Pixels down for each pixel to the side.
        public var yFactor: RandomFactor = 0
        public var fillMode = FillMode.reflect
        public var interpolation = Interpolation.bilinear
        public var seed: Int?
        /// What lies beyond the edges in `constant` mode.
        public var fillValue = 0.0
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                xFactor.fault("xFactor", within: -1...1), yFactor.fault("yFactor", within: -1...1),
                faultUnlessTransforming(interpolation))
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - xFactor: pixels to the side for each pixel down: a number f for −f to f, or a range.
    ///   - yFactor: pixels down for each pixel to the side.
    ///   - fillMode: what lies beyond the image's edges.
    ///
    /// Traps if a factor is not within −1 to 1.
    public convenience init(
        xFactor: some RandomFactorConvertible = 0.0, yFactor: some RandomFactorConvertible = 0.0,
        fillMode: FillMode = .reflect, interpolation: Interpolation = .bilinear, seed: Int? = nil,
        fillValue: Double = 0, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                xFactor: xFactor.randomFactor, yFactor: yFactor.randomFactor, fillMode: fillMode,
                interpolation: interpolation, seed: seed, fillValue: fillValue, dataFormat: dataFormat),
            name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let count = images.shape[0]
        let signs = Tensor.where(
            Tensor(uniform: [count], dtype: .float64, using: &generator) .> 0.5, Tensor(-1.0 as Double),
            Tensor(1.0 as Double))
        let y = generator.numbers(count, in: configuration.yFactor.range()) * signs
        let x = generator.numbers(count, in: configuration.xFactor.range()) * signs
        return sheared(images, x: x, y: y)
    }

    /// Each image by its factors.
    func sheared(_ images: Variable, x: Tensor, y: Tensor) -> Variable {
        let factors = zip(x.elements(as: Double.self), y.elements(as: Double.self))
        let rows = factors.flatMap { [1, $0, 0, $1, 1, 0, 0, 0] as [Double] }
        return transformed(images, by: Tensor(rows, shape: [x.count, 8]))
    }

    private func transformed(_ images: Variable, by transforms: Tensor) -> Variable {
        images.transformed(
            by: transforms, interpolation: configuration.interpolation, fill: configuration.fillMode,
            fillValue: configuration.fillValue)
    }
}
