import CitiusAutograd
import CitiusTensor

/// In training, each image becomes gray with a given probability. Follows `keras.layers.RandomGrayscale`; see
/// `ImageAugmentation`.
public final class RandomGrayscale: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The probability.
        public var factor = 0.5
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            (0...1).contains(factor) ? nil : "factor is \(factor), expected 0 to 1"
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: nil, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameter factor: the probability. Traps if it is not within 0 to 1.
    public convenience init(_ factor: Double = 0.5, name: String? = nil) {
        self.init(configuration: Configuration(factor: factor), name: name)
    }

    override var channels: [Int]? { [1, 3] }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let draws = Tensor(uniform: [images.shape[0]], dtype: .float64, using: &generator)
        return grayed(images, where: draws .< configuration.factor)
    }

    func grayed(_ images: Variable, where decisions: Tensor) -> Variable {
        .where(decisions.reshaped(to: [images.shape[0], 1, 1, 1]), images.grayscale(), images)
    }
}
