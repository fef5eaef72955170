import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// What pooling layers share: windows that slide over an image and leave one value each.
///
/// The output's height and width are ⌊(input − pool) / stride⌋ + 1 for `valid` padding and
/// ⌈input / stride⌉ for `same`.
public class Pooling2D: Layer {
    public struct Configuration: LayerConfiguration {
        /// Pixels that a window spans.
        public var poolSize: Size2D = 2
        /// Pixels from one window to the next; nil: windows touch and do not overlap.
        public var strides: Size2D?
        public var padding = Padding.valid
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                faultUnlessPositive("poolSize", poolSize),
                strides.flatMap { faultUnlessPositive("strides", $0) })
        }
    }

    public final let configuration: Configuration

    public required init(configuration: Configuration, name: String? = nil) {
        if let fault = configuration.fault { fail("\(Self.self): \(fault)") }
        self.configuration = configuration
        super.init(name: name)
    }

    /// - Parameters:
    ///   - poolSize: pixels that a window spans.
    ///   - strides: pixels from one window to the next; by default windows touch and do not overlap.
    ///   - padding: whether the image is padded at its border.
    ///
    /// Traps if a size is not positive.
    public convenience init(
        _ poolSize: some Size2DConvertible = 2, strides: (any Size2DConvertible)? = nil,
        padding: Padding = .valid, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                poolSize: poolSize.size2D, strides: strides?.size2D, padding: padding), name: name)
    }

    /// Keras's spelling of the same.
    public convenience init(
        poolSize: some Size2DConvertible, strides: (any Size2DConvertible)? = nil, padding: Padding = .valid,
        name: String? = nil
    ) {
        self.init(poolSize, strides: strides, padding: padding, name: name)
    }

    public static var module: String? { "keras.layers" }

    package final var window: PoolWindow {
        PoolWindow(configuration.poolSize, strides: configuration.strides, padding: configuration.padding)
    }

    private var sliding: SlidingWindow {
        let window = window
        return SlidingWindow(size: window.size, strides: window.strides, padding: window.padding)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        faultUnlessRank(3, "height, width, channels", of: shapes[0]) ?? sliding.fault(over: shapes[0])
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let size = sliding.outputSize(over: inputShape)
        return [size.height, size.width, inputShape[2]]
    }
}
