import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// What pooling layers share: windows that slide over sequences, images or volumes and leave one value each.
/// The channels are last, or first with that `dataFormat`.
///
/// The output's size along each axis is ⌊(input − pool) / stride⌋ + 1 for `valid` padding and ⌈input / stride⌉ for
/// `same`.
public class Pooling<Size: SpatialSize>: Layer {
    public struct Configuration: LayerConfiguration {
        /// Positions that a window spans.
        public var poolSize: Size
        /// Positions from one window to the next; nil: windows touch and do not overlap.
        public var strides: Size?
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

    public static var module: String? { "keras.layers" }

    private var window: SlidingWindow<Size> {
        SlidingWindow(
            configuration.poolSize, strides: configuration.strides ?? configuration.poolSize,
            padding: configuration.padding)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let format = configuration.dataFormat
        if let fault = faultUnlessRank(Size.rank + 1, format.axes(Size.axes), of: shapes[0]) {
            return fault
        }
        return window.fault(over: format.channelsLast(shapes[0]))
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let format = configuration.dataFormat
        let sample = format.channelsLast(inputShape)
        return format.ordered(Shape(window.outputSizes(over: sample) + [sample[-1]]))
    }

    /// The pool as an epilogue of what comes before it; nil with the channels first.
    func stage(of window: PoolWindow) -> Epilogue? {
        configuration.dataFormat == .channelsLast ? Epilogue(pool: window) : nil
    }

    /// The values of a batch's windows, given with the channels last.
    func pooled(_ batch: Variable) -> Variable {
        fail("\(Self.self): pooled(_:) is not overridden")
    }

    public final override func forward(_ input: Variable, in context: Context) -> Variable {
        configuration.dataFormat.computing(input, pooled)
    }
}

extension Pooling where Size == Size1D {
    /// - Parameters:
    ///   - poolSize: steps that a window spans.
    ///   - strides: steps from one window to the next; by default windows touch and do not overlap.
    ///   - padding: whether the sequence is padded at its ends.
    ///
    /// Traps if a size is not positive.
    public convenience init(
        _ poolSize: Int = 2, strides: Int? = nil, padding: Padding = .valid,
        dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                poolSize: Size1D(poolSize), strides: strides.map { Size1D($0) }, padding: padding,
                dataFormat: dataFormat), name: name
        )
    }

    /// Keras's spelling of the same.
    public convenience init(
        poolSize: Int, strides: Int? = nil, padding: Padding = .valid,
        dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(poolSize, strides: strides, padding: padding, dataFormat: dataFormat, name: name)
    }

    /// As windows over images of height 1.
    var sequenceWindow: PoolWindow {
        PoolWindow(
            Size2D(1, configuration.poolSize.length),
            strides: configuration.strides.map { Size2D(1, $0.length) }, padding: configuration.padding)
    }
}

extension Pooling where Size == Size2D {
    /// - Parameters:
    ///   - poolSize: pixels that a window spans.
    ///   - strides: pixels from one window to the next; by default windows touch and do not overlap.
    ///   - padding: whether the image is padded at its border.
    ///
    /// Traps if a size is not positive.
    public convenience init(
        _ poolSize: some Size2DConvertible = 2, strides: (any Size2DConvertible)? = nil,
        padding: Padding = .valid,
        dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                poolSize: poolSize.size2D, strides: strides?.size2D, padding: padding,
                dataFormat: dataFormat), name: name)
    }

    /// Keras's spelling of the same.
    public convenience init(
        poolSize: some Size2DConvertible, strides: (any Size2DConvertible)? = nil, padding: Padding = .valid,
        dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(poolSize, strides: strides, padding: padding, dataFormat: dataFormat, name: name)
    }

    package var imageWindow: PoolWindow {
        PoolWindow(configuration.poolSize, strides: configuration.strides, padding: configuration.padding)
    }
}

extension Pooling where Size == Size3D {
    /// - Parameters:
    ///   - poolSize: voxels that a window spans.
    ///   - strides: voxels from one window to the next; by default windows touch and do not overlap.
    ///   - padding: whether the volume is padded at its border.
    ///
    /// Traps if a size is not positive.
    public convenience init(
        _ poolSize: some Size3DConvertible = 2, strides: (any Size3DConvertible)? = nil,
        padding: Padding = .valid,
        dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                poolSize: poolSize.size3D, strides: strides?.size3D, padding: padding,
                dataFormat: dataFormat), name: name)
    }

    /// Keras's spelling of the same.
    public convenience init(
        poolSize: some Size3DConvertible, strides: (any Size3DConvertible)? = nil, padding: Padding = .valid,
        dataFormat: DataFormat = .channelsLast, name: String? = nil
    ) {
        self.init(poolSize, strides: strides, padding: padding, dataFormat: dataFormat, name: name)
    }
}
