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
public final class Conv2D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The number of output channels.
        public var filters: Int
        /// Pixels that a filter spans.
        public var kernelSize: Size2D
        /// Pixels from one position of the window to the next.
        public var strides: Size2D = 1
        public var padding = Padding.valid
        public var dataFormat = DataFormat.channelsLast
        /// Pixels from one cell of the window to the next.
        public var dilationRate: Size2D = 1
        /// Groups of channels that are convolved apart from each other.
        public var groups = 1
        public var activation: ActivationFunction = .linear
        public var useBias = true
        public var kernelInitializer: Initializer = .glorotUniform
        public var biasInitializer: Initializer = .zeros
        public var kernelRegularizer: Regularizer?
        public var biasRegularizer: Regularizer?
        public var kernelConstraint: Constraint?
        public var biasConstraint: Constraint?

        public var fault: String? {
            firstFault(
                faultUnlessPositive("filters", filters), faultUnlessPositive("kernelSize", kernelSize),
                faultUnlessPositive("strides", strides), faultUnlessPositive("dilation", dilationRate),
                groups > 0 && filters % groups == 0
                    ? nil : "\(filters) filters do not divide into \(groups) groups")
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// [kernel height, kernel width, channels / groups, filters]; nil before the layer is built.
    public private(set) var kernel: Parameter?
    /// [filters]; nil before the layer is built, or if it has none.
    public private(set) var bias: Parameter?

    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: pixels that a filter spans.
    ///   - strides: pixels from one position of the window to the next.
    ///   - padding: whether the image is padded at its border.
    ///   - dilation: pixels from one cell of the window to the next.
    ///   - groups: groups of channels that are convolved apart from each other.
    ///
    /// Traps if a number is not positive or the filters do not divide into the groups.
    public convenience init(
        _ filters: Int, kernelSize: some Size2DConvertible, strides: some Size2DConvertible = 1,
        padding: Padding = .valid,
        dilation: some Size2DConvertible = 1, groups: Int = 1, activation: ActivationFunction = .linear,
        useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                filters: filters, kernelSize: kernelSize.size2D, strides: strides.size2D, padding: padding,
                dilationRate: dilation.size2D, groups: groups, activation: activation, useBias: useBias,
                kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if let fault = faultUnlessRank(3, "height, width, channels", of: shapes[0]) { return fault }
        let (channels, groups) = (shapes[0][2], configuration.groups)
        return firstFault(
            channels % groups == 0 ? nil : "\(channels) channels do not divide into \(groups) groups",
            inputShape.flatMap { faultUnlessChannels($0[2], channels) },
            sliding.fault(over: shapes[0]))
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let (size, filters) = (configuration.kernelSize, configuration.filters)
        kernel = addParameter(
            "kernel", shape: [size.height, size.width, inputShape[2] / configuration.groups, filters],
            initializer: configuration.kernelInitializer, regularizer: configuration.kernelRegularizer,
            constraint: configuration.kernelConstraint, generator: &generator)
        if configuration.useBias {
            bias = addParameter(
                "bias", shape: [filters], initializer: configuration.biasInitializer,
                regularizer: configuration.biasRegularizer, constraint: configuration.biasConstraint,
                generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let size = sliding.outputSize(over: inputShape)
        return [size.height, size.width, configuration.filters]
    }

    fileprivate var sliding: SlidingWindow {
        SlidingWindow(
            size: configuration.kernelSize, strides: configuration.strides, padding: configuration.padding,
            dilation: configuration.dilationRate)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        forward([input], in: context, epilogue: Epilogue())
    }
}

extension Conv2D: EpilogueLayer {
    package func takes(_ epilogue: Epilogue, inputCount: Int) -> Bool {
        let clamp = configuration.activation.clamp
        return clamp == .identity || clamp != nil && epilogue.clamp == .identity
    }

    package func forward(_ inputs: [Variable], in context: Context, epilogue: Epilogue) -> Variable {
        let (input, kernel, activation) = (inputs[0], built(kernel), configuration.activation)
        require(
            input.shape.rank == 4,
            "\(label): input \(input.shape) has rank \(input.shape.rank), expected 4 [batch, height, width, channels]"
        )
        let output = input.conv2D(
            context[kernel], bias: bias.map { context[$0] }, strides: configuration.strides,
            padding: configuration.padding, dilation: configuration.dilationRate,
            groups: configuration.groups, epilogue: epilogue.after(activation),
            method: context.acceleration.convolution)
        return activation.clamp == nil ? activation(output) : output
    }

    package func outputSize(of image: Size2D) -> Size2D? {
        let axes = sliding.axes(over: image)
        return Size2D(axes.vertical.output, axes.horizontal.output)
    }

    /// Where images are padded, all: a smaller image would be padded elsewhere.
    package func pixelsRead(of image: Size2D, epilogue: Epilogue) -> Size2D? {
        guard configuration.padding == .valid else { return nil }
        let axes = sliding.axes(over: image)
        let read = epilogue.pixelsRead(of: Size2D(axes.vertical.output, axes.horizontal.output))
        return Size2D(axes.vertical.reach(of: read.height), axes.horizontal.reach(of: read.width))
    }
}
