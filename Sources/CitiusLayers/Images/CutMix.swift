import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// In training, a random rectangle of each image shows that of another one of its batch (Yun et al. 2019, arXiv
/// 1905.04899). Follows `keras.layers.CutMix`; see `ImageAugmentation`.
///
/// As a layer of a model it changes images alone; `mixed(images:labels:using:)` gives labels that fit.
public final class CutMix: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The areas that stay are of the distribution Beta(f, f), f being a number of this range.
        public var factor: RandomFactor = 1
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? { factor.fault("factor", within: 0...1) }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameter factor: the areas that stay are of the distribution Beta(f, f), f being a number from 0 to the factor
    ///   or of a range.
    ///
    /// Traps if the factor is not within 0 to 1.
    public convenience init(
        _ factor: some RandomFactorConvertible = 1.0, seed: Int? = nil,
        dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(factor: factor.randomFactor, seed: seed, dataFormat: dataFormat),
            name: name)
    }

    private func drawn(_ shape: Shape, using generator: inout RandomGenerator) -> (
        order: Tensor, boxes: Boxes
    ) {
        let range = configuration.factor.range(floor: 0)
        let alpha = range.lowerBound + (range.upperBound - range.lowerBound) * generator.uniform() + 1e-6
        let sides = (0..<shape[0]).map { _ in (1 - generator.beta(alpha, alpha)).squareRoot() }
        let boxes = Boxes(over: shape, width: Tensor(sides), height: Tensor(sides), using: &generator)
        return (Tensor(permutation: shape[0], using: &generator), boxes)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let (order, boxes) = drawn(images.shape, using: &generator)
        return .where(boxes.mask, images.taking(order), images)
    }

    /// A batch with its labels, one-hot or probabilities of real numbers [batch, classes], which are blended by the
    /// areas.
    public func mixed(
        images: Tensor, labels: Tensor, using generator: inout RandomGenerator
    ) -> (images: Tensor, labels: Tensor) {
        require(
            format == .channelsLast, "CutMix: mixed(images:labels:using:) takes images with the channels last"
        )
        let (order, boxes) = drawn(images.shape, using: &generator)
        let areas = boxes.areas.expandingAxis(at: -1).cast(to: labels.dtype)
        return (
            Tensor.where(boxes.mask, images.taking(order), images),
            labels * (1 - areas) + labels.taking(order) * areas
        )
    }
}
