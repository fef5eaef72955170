import CitiusAutograd
import CitiusTensor

/// What pooling over whole samples shares: one value a channel.
public class GlobalPooling<Size: SpatialSize>: Layer {
    public struct Configuration: LayerConfiguration {
        public var dataFormat = DataFormat.channelsLast
        /// Whether the output keeps the pooled axes, each of size 1.
        public var keepDimensions = false

        enum CodingKeys: String, CodingKey {
            case dataFormat
            case keepDimensions = "keepdims"
        }
    }

    public final let configuration: Configuration

    public required init(configuration: Configuration, name: String? = nil) {
        self.configuration = configuration
        super.init(name: name)
    }

    /// - Parameter keepDimensions: whether the output keeps the pooled axes, each of size 1.
    public convenience init(keepDimensions: Bool = false, name: String? = nil) {
        self.init(configuration: Configuration(keepDimensions: keepDimensions), name: name)
    }

    public static var module: String? { "keras.layers" }

    /// The axes of a batch that are pooled.
    final var axes: [Int] { Array(1...Size.rank) }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if let fault = faultUnlessRank(Size.rank + 1, "\(Size.axes), channels", of: shapes[0]) {
            return fault
        }
        return shapes[0].sizes.dropLast().contains(0) ? "samples of shape \(shapes[0]) are empty" : nil
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        Shape((configuration.keepDimensions ? [Int](repeating: 1, count: Size.rank) : []) + [inputShape[-1]])
    }

    /// The pooled values of [batch, …, channels], whose axes between are all of size 1.
    final func shaped(_ pooled: Variable) -> Variable {
        let batch = pooled.shape[0]
        let sample = outputShape(for: Shape(Array(pooled.shape.sizes.dropFirst())))
        return pooled.reshaped(to: sample.prepending(batch))
    }

    /// The largest values.
    final func largest(of input: Variable) -> Variable {
        let sizes = input.shape.sizes
        let count = Shape.count(of: sizes[1...Size.rank])
        let images = input.reshaped(to: [sizes[0], 1, count, sizes[Size.rank + 1]])
        return shaped(images.maxPooled2D(size: Size2D(1, count)))
    }

    /// The pool as an epilogue of what comes before it.
    final var window: PoolWindow { PoolWindow(whole: configuration.keepDimensions ? .kept : .dropped) }
}
