import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// What a layer of convolution is made with. Its keys are those of Keras's `Conv1D`, `Conv2D` and `Conv3D`.
public struct ConvolutionConfiguration<Size: SpatialSize, Edge: Codable & Sendable>: LayerConfiguration {
    /// The number of output channels.
    public var filters: Int
    /// Positions that a filter spans.
    public var kernelSize: Size
    /// Positions from one place of the window to the next.
    public var strides: Size
    public var padding: Edge
    public var dataFormat = DataFormat.channelsLast
    /// Positions from one cell of the window to the next.
    public var dilationRate: Size
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

/// What layers of convolution over sequences, images and volumes share: a kernel, a bias and an activation. See `Conv1D`,
/// `Conv2D` and `Conv3D`. The channels are last, or first with that `dataFormat`.
public class ConvolutionLayer<Size: SpatialSize, Edge: Codable & Sendable>: Layer, EpilogueLayer {
    public typealias Configuration = ConvolutionConfiguration<Size, Edge>

    public final let configuration: Configuration
    /// [size along each axis, channels / groups, filters]; nil before the layer is built.
    public private(set) final var kernel: Parameter?
    /// [filters]; nil before the layer is built, or if it has none.
    public private(set) final var bias: Parameter?

    public required init(configuration: Configuration, name: String? = nil) {
        if let fault = configuration.fault { fail("\(Self.self): \(fault)") }
        self.configuration = configuration
        super.init(name: name)
    }

    public static var module: String? { "keras.layers" }

    var window: SlidingWindow<Size> { fail("\(Self.self): window is not overridden") }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let format = configuration.dataFormat
        if let fault = faultUnlessRank(Size.rank + 1, format.axes(Size.axes), of: shapes[0]) { return fault }
        let (sample, groups) = (format.channelsLast(shapes[0]), configuration.groups)
        return firstFault(
            sample[-1] % groups == 0 ? nil : "\(sample[-1]) channels do not divide into \(groups) groups",
            inputShape.flatMap { faultUnlessChannels(format.channelsLast($0)[-1], sample[-1]) },
            window.fault(over: sample))
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let channels = configuration.dataFormat.channelsLast(inputShape)[-1]
        kernel = addParameter(
            "kernel",
            shape: Shape(
                configuration.kernelSize.sizes + [channels / configuration.groups, configuration.filters]),
            initializer: configuration.kernelInitializer, regularizer: configuration.kernelRegularizer,
            constraint: configuration.kernelConstraint, generator: &generator)
        if configuration.useBias {
            bias = addParameter(
                "bias", shape: [configuration.filters], initializer: configuration.biasInitializer,
                regularizer: configuration.biasRegularizer, constraint: configuration.biasConstraint,
                generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let format = configuration.dataFormat
        return format.ordered(
            Shape(window.outputSizes(over: format.channelsLast(inputShape)) + [configuration.filters]))
    }

    // MARK: Computing

    /// Whether a pool can be computed in the convolution's pass.
    var takesPools: Bool { true }

    /// The convolution of a batch, given with the channels last, and what follows it in its pass.
    func convolved(
        _ batch: Variable, _ kernel: Variable, bias: Variable?, epilogue: Epilogue, in context: Context
    ) -> Variable {
        fail("\(Self.self): convolved(_:_:bias:epilogue:in:) is not overridden")
    }

    public final override func forward(_ input: Variable, in context: Context) -> Variable {
        forward([input], in: context, epilogue: Epilogue())
    }

    package final func takes(_ epilogue: Epilogue, inputCount: Int) -> Bool {
        let clamp = configuration.activation.clamp
        let pools = takesPools && configuration.dataFormat == .channelsLast
        return (epilogue.pool == nil || pools)
            && (clamp == .identity || clamp != nil && epilogue.clamp == .identity)
    }

    package final func forward(
        _ inputs: [Variable], in context: Context, epilogue: Epilogue
    ) -> Variable {
        let (kernel, activation) = (built(kernel), configuration.activation)
        let output = configuration.dataFormat.computing(inputs[0]) { batch in
            convolved(
                batch, context[kernel], bias: bias.map { context[$0] }, epilogue: epilogue.after(activation),
                in: context)
        }
        return activation.clamp == nil ? activation(output) : output
    }

    package func outputSize(of image: Size2D) -> Size2D? { nil }
    package func pixelsRead(of image: Size2D, epilogue: Epilogue) -> Size2D? { nil }
}
