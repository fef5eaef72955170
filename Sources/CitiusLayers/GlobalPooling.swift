import CitiusAutograd
import CitiusPlatform
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

    /// - Parameters:
    ///   - dataFormat: whether the channels are last or first.
    ///   - keepDimensions: whether the output keeps the pooled axes, each of size 1.
    public convenience init(
        dataFormat: DataFormat = .channelsLast, keepDimensions: Bool = false, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(dataFormat: dataFormat, keepDimensions: keepDimensions), name: name)
    }

    public static var module: String? { "keras.layers" }

    /// The axes of a batch that are pooled.
    final var axes: [Int] { Array(1...Size.rank) }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let format = configuration.dataFormat
        if let fault = faultUnlessRank(Size.rank + 1, format.axes(Size.axes), of: shapes[0]) {
            return fault
        }
        return format.channelsLast(shapes[0]).sizes.dropLast().contains(0)
            ? "samples of shape \(shapes[0]) are empty" : nil
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let format = configuration.dataFormat
        let ones = configuration.keepDimensions ? [Int](repeating: 1, count: Size.rank) : []
        return format.ordered(Shape(ones + [format.channelsLast(inputShape)[-1]]))
    }

    /// One value a channel of a batch, given with the channels last.
    func pooled(_ batch: Variable) -> Variable {
        fail("\(Self.self): pooled(_:) is not overridden")
    }

    public final override func forward(_ input: Variable, in context: Context) -> Variable {
        configuration.dataFormat.computing(input, pooled)
    }

    /// The largest values.
    final func largest(of batch: Variable) -> Variable {
        let sizes = batch.shape.sizes
        let count = Shape.count(of: sizes[1...Size.rank])
        let images = batch.reshaped(to: [sizes[0], 1, count, sizes[Size.rank + 1]])
        let kept = configuration.keepDimensions ? [Int](repeating: 1, count: Size.rank) : []
        return images.maxPooled2D(size: Size2D(1, count))
            .reshaped(to: Shape([sizes[0]] + kept + [sizes[Size.rank + 1]]))
    }

    /// The pool as an epilogue of what comes before it; nil with the channels first.
    final var wholeStage: Epilogue? {
        configuration.dataFormat == .channelsLast
            ? Epilogue(pool: PoolWindow(whole: configuration.keepDimensions ? .kept : .dropped)) : nil
    }
}
