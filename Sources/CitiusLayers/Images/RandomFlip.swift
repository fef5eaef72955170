import CitiusAutograd
import CitiusTensor

/// In training, each image is turned over with a probability of ½ along each of its axes that may be. Follows
/// `keras.layers.RandomFlip`; see `ImageAugmentation`.
public final class RandomFlip: ImageAugmentation, ConfigurableLayer {
    /// Along which axes images are turned over.
    public enum Mode: String, Sendable, Codable {
        /// Left and right.
        case horizontal
        /// Up and down.
        case vertical
        case horizontalAndVertical = "horizontal_and_vertical"
    }

    public struct Configuration: LayerConfiguration {
        public var mode = Mode.horizontalAndVertical
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameter mode: along which axes images are turned over.
    public convenience init(
        _ mode: Mode = .horizontalAndVertical, seed: Int? = nil, dataFormat: DataFormat = .channelsLast,
        name: String? = nil
    ) {
        self.init(configuration: Configuration(mode: mode, seed: seed, dataFormat: dataFormat), name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let draws = Tensor(uniform: [images.shape[0]], dtype: .float64, using: &generator)
        return flipped(images, where: draws .<= 0.5)
    }

    /// As in Keras, one decision is made for both axes.
    func flipped(_ images: Variable, where decisions: Tensor) -> Variable {
        let condition = decisions.reshaped(to: [images.shape[0], 1, 1, 1])
        var result = images
        if configuration.mode != .vertical {
            result = .where(condition, result.flipped(axes: [2]), result)
        }
        if configuration.mode != .horizontal {
            result = .where(condition, result.flipped(axes: [1]), result)
        }
        return result
    }
}
