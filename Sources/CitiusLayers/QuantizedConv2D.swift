import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// A `Conv2D` that computes in whole numbers, for inference, with a max-pool of 2×2 in its pass:
/// `Model.quantized(calibratedOn:)` makes it. See `QuantizedDense` for the arithmetic.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, filters], as of a `Conv2D`, and half as high and
/// wide, rounded down, if it pools; kernel [kernel height, kernel width, channels, filters] of int8, kernel scale and bias
/// [filters].
public final class QuantizedConv2D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The number of output channels.
        public var filters: Int
        public var kernelSize: Size2D
        public var strides: Size2D = 1
        public var padding = Padding.valid
        public var dilationRate: Size2D = 1
        public var activation: ActivationFunction = .linear
        /// Whether the largest values of windows of 2×2 that lie side by side are the output.
        public var maxPools = false
        public var useBias = true
        /// What the inputs' codes stand for.
        public var input: QuantizationRange
        /// What the outputs' codes stand for, which are then what the layer gives; nil: it gives numbers.
        public var output: QuantizationRange?

        package init(
            _ convolution: Conv2D.Configuration, activation: ActivationFunction, maxPools: Bool,
            input: QuantizationRange, output: QuantizationRange?
        ) {
            filters = convolution.filters
            kernelSize = convolution.kernelSize
            strides = convolution.strides
            padding = convolution.padding
            dilationRate = convolution.dilationRate
            useBias = convolution.useBias
            self.activation = activation
            self.maxPools = maxPools
            self.input = input
            self.output = output
        }

        public var fault: String? {
            firstFault(
                faultUnlessPositive("filters", filters), faultUnlessPositive("kernelSize", kernelSize),
                faultUnlessPositive("strides", strides), faultUnlessPositive("dilation", dilationRate),
                input.fault, output?.fault, activation.fault(givingCodes: output),
                maxPools && activation.clamp == nil
                    ? "activation \(activation.name) is no clamp, expected one such as relu before a pool"
                    : nil)
        }
    }

    public let configuration: Configuration
    /// [kernel height, kernel width, channels, filters] of int8; nil before the layer is built.
    public private(set) var kernel: Parameter?
    /// [filters], what a kernel's step stands for; nil before the layer is built.
    public private(set) var kernelScale: Parameter?
    /// [filters]; nil before the layer is built, or if it has none.
    public private(set) var bias: Parameter?

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if let fault = faultUnlessRank(3, "height, width, channels", of: shapes[0]) { return fault }
        let (channels, size) = (shapes[0][2], configuration.kernelSize)
        if let fault = firstFault(
            inputShape.flatMap { faultUnlessChannels($0[2], channels) }, window.fault(over: shapes[0]),
            Self.fits(size, dilation: configuration.dilationRate, channels: channels)
                ? nil
                : "windows of \(size) over \(channels) channels, expected at most \(CodeProduct.depthLimit) "
                    + "products: their sum would leave 32 bits")
        {
            return fault
        }
        // Images are framed by their padding.
        let axes = window.axes(over: Size2D(shapes[0][0], shapes[0][1]))
        guard countOfElements([axes.vertical.frame, axes.horizontal.frame, channels]) != nil else {
            return "padded samples of shape \(shapes[0]) are larger than any memory"
        }
        let output = outputShape(for: shapes[0])
        return output[0] > 0 && output[1] > 0
            ? nil : "a pool of 2×2 does not fit into samples of shape \(shapes[0])"
    }

    private static func fits(_ window: Size2D, dilation: Size2D, channels: Int) -> Bool {
        CodeConvolution.fits(
            window: (window.height, window.width), dilates: dilation.width > 1, channels: channels)
    }

    /// Whether the sums of such a convolution stay in 32 bits.
    package static func takes(_ convolution: Conv2D.Configuration, channels: Int) -> Bool {
        fits(convolution.kernelSize, dilation: convolution.dilationRate, channels: channels)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let (size, filters) = (configuration.kernelSize, configuration.filters)
        kernel = addParameter(
            "kernel", shape: [size.height, size.width, inputShape[2], filters], initializer: .zeros,
            dtype: .int8, isLearned: false, generator: &generator)
        kernelScale = addParameter(
            "kernel_scale", shape: [filters], initializer: .ones, dtype: .float32, isLearned: false,
            generator: &generator)
        if configuration.useBias {
            bias = addParameter(
                "bias", shape: [filters], initializer: .zeros, dtype: .float32, isLearned: false,
                generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let sizes = window.outputSizes(over: inputShape)
        let size = pooling.resultSize(of: Size2D(sizes[0], sizes[1]))
        return [size.height, size.width, configuration.filters]
    }

    private var window: SlidingWindow<Size2D> {
        SlidingWindow(
            configuration.kernelSize, strides: configuration.strides, padding: configuration.padding,
            dilation: configuration.dilationRate)
    }

    /// The layer's own pool, with what a reader leaves of its result.
    private func pooling(read extent: Size2D?) -> Epilogue {
        Epilogue(pool: configuration.maxPools ? PoolWindow(2) : nil, extent: extent)
    }

    private var pooling: Epilogue { pooling(read: nil) }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        forward([input], in: context, epilogue: Epilogue())
    }
}

extension QuantizedConv2D: EpilogueLayer {
    /// What follows is part of the layer, or not of its pass; only what its reader needs is asked of it.
    package func takes(_ epilogue: Epilogue, inputCount: Int) -> Bool { false }

    package func forward(_ inputs: [Variable], in context: Context, epilogue: Epilogue) -> Variable {
        let shape = inputs[0].shape
        let axes = window.axes(over: Size2D(shape[1], shape[2]))
        let live = pooling(read: epilogue.extent).pixelsRead(
            of: Size2D(axes.vertical.output, axes.horizontal.output))
        let geometry = WindowGeometry(
            batch: shape[0], channels: shape[3], vertical: axes.vertical, horizontal: axes.horizontal
        ).limited(height: live.height, width: live.width)
        let operands = QuantizedOperands(
            kernel: built(kernel), scales: built(kernelScale).value, bias: bias?.value,
            arithmetic: CodeArithmetic(
                input: configuration.input.codes, output: configuration.output?.codes,
                clamp: configuration.activation.clamp ?? .identity))
        func halved(_ axis: WindowGeometry.Axis) -> WindowGeometry.Axis {
            .init(input: axis.output, window: 2, stride: 2, dilation: 1, pads: false)
        }
        let pool =
            configuration.maxPools
            ? WindowGeometry(
                batch: shape[0], channels: configuration.filters, vertical: halved(geometry.vertical),
                horizontal: halved(geometry.horizontal)) : nil
        return configuration.activation.behind(
            operands.conv2D(inputs[0].value, geometry: geometry, pool: pool), dtype)
    }

    package func outputSize(of image: Size2D) -> Size2D? {
        pooling.resultSize(of: convolved(image))
    }

    package func pixelsRead(of image: Size2D, epilogue: Epilogue) -> Size2D? {
        guard configuration.padding == .valid else { return nil }
        let axes = window.axes(over: image)
        let read = pooling(read: epilogue.extent).pixelsRead(of: convolved(image))
        return Size2D(axes.vertical.reach(of: read.height), axes.horizontal.reach(of: read.width))
    }

    private func convolved(_ image: Size2D) -> Size2D {
        let axes = window.axes(over: image)
        return Size2D(axes.vertical.output, axes.horizontal.output)
    }
}

extension WindowGeometry.Axis {
    /// Positions that all windows span, those of the padding among them.
    fileprivate var frame: Int { (output - 1) * stride + (window - 1) * dilation + 1 }
}
