import CitiusAutograd
import CitiusTensor

/// In training, a random window of a given size, one for all images of a batch. In inference, and for images that are not
/// larger along both axes, the largest window of its proportions from the middle, resized. Follows
/// `keras.layers.RandomCrop`.
///
/// (Keras 3.15 states this, but in inference returns images as they come, and cuts small ones off the middle.)
///
/// # Shapes
/// [batch, any height, any width, channels] → [batch, height, width, channels].
public final class RandomCrop: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var height: Int
        public var width: Int
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(faultUnlessPositive("height", height), faultUnlessPositive("width", width))
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// Traps if a size is not positive.
    public convenience init(
        _ height: Int, _ width: Int, seed: Int? = nil, dataFormat: DataFormat = .channelsLast,
        name: String? = nil
    ) {
        self.init(
            configuration: Configuration(height: height, width: width, seed: seed, dataFormat: dataFormat),
            name: name)
    }

    private var size: Size2D { Size2D(configuration.height, configuration.width) }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        faultOfResizing(shapes[0], to: size, format)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        format.ordered([configuration.height, configuration.width, format.channelsLast(inputShape)[2]])
    }

    override func inferred(_ images: Variable) -> Variable {
        images.croppedToAspectRatio(of: size).resized(to: size)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        guard images.shape[1] > size.height, images.shape[2] > size.width else { return inferred(images) }
        let top = Int.random(in: 0...images.shape[1] - size.height, using: &generator)
        let left = Int.random(in: 0...images.shape[2] - size.width, using: &generator)
        return images.cropped(to: size, top: top, left: left)
    }
}
