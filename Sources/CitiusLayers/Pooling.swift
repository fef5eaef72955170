import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// What pooling layers share: windows that slide over sequences, images or volumes and leave one value each.
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

    private func outputSizes(over inputShape: Shape) -> [Int] {
        let strides = configuration.strides ?? configuration.poolSize
        return (0..<Size.rank).map {
            WindowGeometry.Axis(
                input: inputShape[$0], window: configuration.poolSize.sizes[$0], stride: strides.sizes[$0],
                dilation: 1, pads: configuration.padding == .same
            ).output
        }
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if let fault = faultUnlessRank(Size.rank + 1, "\(Size.axes), channels", of: shapes[0]) {
            return fault
        }
        return outputSizes(over: shapes[0]).allSatisfy { $0 > 0 }
            ? nil : "a window of \(configuration.poolSize) does not fit into samples of shape \(shapes[0])"
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        Shape(outputSizes(over: inputShape) + [inputShape[-1]])
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
        _ poolSize: Int = 2, strides: Int? = nil, padding: Padding = .valid, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                poolSize: Size1D(poolSize), strides: strides.map { Size1D($0) }, padding: padding), name: name
        )
    }

    /// Keras's spelling of the same.
    public convenience init(
        poolSize: Int, strides: Int? = nil, padding: Padding = .valid, name: String? = nil
    ) {
        self.init(poolSize, strides: strides, padding: padding, name: name)
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

    package var window: PoolWindow {
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
        padding: Padding = .valid, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                poolSize: poolSize.size3D, strides: strides?.size3D, padding: padding), name: name)
    }

    /// Keras's spelling of the same.
    public convenience init(
        poolSize: some Size3DConvertible, strides: (any Size3DConvertible)? = nil, padding: Padding = .valid,
        name: String? = nil
    ) {
        self.init(poolSize, strides: strides, padding: padding, name: name)
    }
}
