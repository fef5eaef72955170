import CitiusAutograd
import CitiusTensor

/// In training, each image is blended with another one of its batch (Zhang et al. 2018, arXiv 1710.09412). Follows
/// `keras.layers.MixUp`; see `ImageAugmentation`.
///
/// As a layer of a model it blends images alone. To blend their labels as well, as is usual, mix batches before they are
/// trained on:
///
/// ```swift
/// var generator = RandomGenerator(seed: 1)
/// let images = Tensor(uniform: [32, 28, 28, 1], using: &generator)
/// let labels = Tensor(uniform: [32, 10], using: &generator)
/// let mixed = MixUp(0.2).mixed(images: images, labels: labels, using: &generator)
/// ```
public final class MixUp: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The weights are of the distribution Beta(alpha, alpha).
        public var alpha = 0.2
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            alpha > 0 && alpha.isFinite ? nil : "alpha is \(alpha), expected a positive number"
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameter alpha: the weights are of the distribution Beta(alpha, alpha). Traps if it is not positive.
    public convenience init(
        _ alpha: Double = 0.2, seed: Int? = nil, dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(configuration: Configuration(alpha: alpha, seed: seed, dataFormat: dataFormat), name: name)
    }

    private func drawn(_ count: Int, using generator: inout RandomGenerator) -> (
        order: Tensor, weights: Tensor
    ) {
        let order = Tensor(permutation: count, using: &generator)
        let weights = (0..<count).map { _ in generator.beta(configuration.alpha, configuration.alpha) }
        return (order, Tensor(weights))
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let (order, weights) = drawn(images.shape[0], using: &generator)
        return blended(images, order, weights)
    }

    /// Each sample by its weight, with the one that the order names by the rest.
    func blended(_ samples: Variable, _ order: Tensor, _ weights: Tensor) -> Variable {
        let sizes = [samples.shape[0]] + samples.shape.sizes.dropFirst().map { _ in 1 }
        let weights = weights.reshaped(to: Shape(sizes)).cast(to: samples.dtype)
        return samples * weights + samples.taking(order) * (1 - weights)
    }

    /// A batch with its labels, one-hot or probabilities of real numbers [batch, classes], blended alike.
    public func mixed(
        images: Tensor, labels: Tensor, using generator: inout RandomGenerator
    ) -> (images: Tensor, labels: Tensor) {
        let (order, weights) = drawn(images.shape[0], using: &generator)
        return (
            blended(Variable(images), order, weights).value, blended(Variable(labels), order, weights).value
        )
    }
}
