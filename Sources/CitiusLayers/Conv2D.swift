import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// A two-dimensional convolution: y = activation(x ∗ kernel + bias). Follows `keras.layers.Conv2D`.
///
/// With extent = (kernel − 1) · dilation + 1, the output's height and width are
/// ⌊(input − extent) / stride⌋ + 1 for `valid` padding and ⌈input / stride⌉ for `same`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, filters];
/// kernel [kernel height, kernel width, channels / groups, filters], bias [filters].
public final class Conv2D: Layer {
    public let filters: Int
    public let kernelSize: Size2D
    public let strides: Size2D
    public let padding: Padding
    public let dilation: Size2D
    public let groups: Int
    public let activation: ActivationFunction
    private let usesBias: Bool
    private let kernelInitializer: Initializer
    private let biasInitializer: Initializer
    private var kernel: Parameter?
    private var bias: Parameter?

    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: pixels that a filter spans.
    ///   - strides: pixels from one position of the window to the next.
    ///   - padding: whether the image is padded at its border.
    ///   - dilation: pixels from one cell of the window to the next.
    ///   - groups: groups of channels that are convolved apart from each other.
    ///
    /// Traps if a number is not positive or the filters do not divide into the groups.
    public init(
        _ filters: Int, kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid,
        dilation: Size2D = 1, groups: Int = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        name: String? = nil
    ) {
        require(filters > 0, "Conv2D: filters is \(filters), expected a positive number")
        for (name, size) in [("kernelSize", kernelSize), ("strides", strides), ("dilation", dilation)] {
            require(
                size.height > 0 && size.width > 0, "Conv2D: \(name) is \(size), expected at least 1×1")
        }
        require(
            groups > 0 && filters % groups == 0,
            "Conv2D: \(filters) filters do not divide into \(groups) groups")
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.activation = activation
        usesBias = useBias
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        super.init(name: name)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        kernel = addParameter(
            "kernel", shape: [kernelSize.height, kernelSize.width, inputShape[2] / groups, filters],
            initializer: kernelInitializer, generator: &generator)
        if usesBias {
            bias = addParameter("bias", shape: [filters], initializer: biasInitializer, generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        requireRank(3, "height, width, channels", of: inputShape)
        require(
            inputShape[2] % groups == 0,
            "\(label): \(inputShape[2]) channels do not divide into \(groups) groups")
        let (height, width) = windowOutputSize(
            inputShape, window: kernelSize, strides: strides, padding: padding, dilation: dilation)
        return [height, width, filters]
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        forward(input, in: context, clamp: .identity, pool: nil)
    }

    /// Whether a clamp and a pool behind the layer can be computed in its own pass.
    package var takesClamp: Bool { activation.clamp == .identity }
    package var takesPool: Bool { activation.clamp != nil }

    /// With what follows the layer: a clamp, then a pool.
    ///
    /// - Parameter reader: who reads the result, if nobody else does: what it leaves unread is not computed.
    package func forward(
        _ input: Variable, in context: Context, clamp: Clamp, pool: PoolWindow?, reader: PixelReader? = nil
    ) -> Variable {
        guard let kernel else { fail("\(label): forward was called before the layer was built") }
        require(
            input.shape.rank == 4,
            "\(label): input \(input.shape) has rank \(input.shape.rank), expected 4 [batch, height, width, channels]"
        )
        var epilogue = epilogue(Size2D(input.shape[1], input.shape[2]), pool, reader)
        epilogue.clamp = clamp.isIdentity ? activation.clamp ?? .identity : clamp
        let output = input.conv2D(
            context[kernel], bias: bias.map { context[$0] }, strides: strides, padding: padding,
            dilation: dilation, groups: groups, epilogue: epilogue, method: context.acceleration.convolution)
        return activation.clamp == nil ? activation(output) : output
    }

    // MARK: Pixels that are read

    /// The pixels, from the first on, that are read of images of a size.
    package typealias PixelReader = (_ size: Size2D) -> Size2D

    /// The pixels that the layer, with a pool behind it and a reader behind both, reads of images of a size. Where
    /// images are padded, all: a smaller image would be padded elsewhere.
    package func pixelsRead(of size: Size2D, pool: PoolWindow?, reader: PixelReader?) -> Size2D {
        guard padding == .valid else { return size }
        let live = epilogue(size, pool, reader).pixelsRead(of: outputSize(size))
        let axes = axes(of: size)
        return Size2D(axes.vertical.reach(of: live.height), axes.horizontal.reach(of: live.width))
    }

    /// What follows the layer where it is given images of a size; the clamp is left out.
    private func epilogue(_ size: Size2D, _ pool: PoolWindow?, _ reader: PixelReader?) -> Epilogue {
        var epilogue = Epilogue(pool: pool)
        if let reader { epilogue.extent = reader(epilogue.resultSize(of: outputSize(size))) }
        return epilogue
    }

    private func outputSize(_ size: Size2D) -> Size2D {
        let axes = axes(of: size)
        return Size2D(axes.vertical.output, axes.horizontal.output)
    }

    private func axes(of size: Size2D) -> (vertical: WindowGeometry.Axis, horizontal: WindowGeometry.Axis) {
        func axis(_ input: Int, _ window: Int, _ stride: Int, _ dilation: Int) -> WindowGeometry.Axis {
            .init(
                input: input, window: window, stride: stride, dilation: dilation, pads: padding == .same)
        }
        return (
            axis(size.height, kernelSize.height, strides.height, dilation.height),
            axis(size.width, kernelSize.width, strides.width, dilation.width)
        )
    }
}

extension Layer {
    /// The height and width that windows sliding over an image leave. Traps if none fits.
    func windowOutputSize(
        _ inputShape: Shape, window: Size2D, strides: Size2D, padding: Padding, dilation: Size2D = 1
    ) -> (height: Int, width: Int) {
        func size(_ input: Int, _ window: Int, _ stride: Int, _ dilation: Int) -> Int {
            WindowGeometry.Axis(
                input: input, window: window, stride: stride, dilation: dilation, pads: padding == .same
            ).output
        }
        let height = size(inputShape[0], window.height, strides.height, dilation.height)
        let width = size(inputShape[1], window.width, strides.width, dilation.width)
        require(
            height > 0 && width > 0,
            "\(label): a window of \(window) (dilation \(dilation)) does not fit into images of \(inputShape[0])×\(inputShape[1])"
        )
        return (height, width)
    }
}
