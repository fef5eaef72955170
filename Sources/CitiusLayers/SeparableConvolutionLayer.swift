import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// What a layer of separable convolution is made with. Its keys are those of Keras's `SeparableConv2D`.
public struct SeparableConvolutionConfiguration<Size: SpatialSize>: LayerConfiguration {
    /// The number of output channels.
    public var filters: Int
    /// Positions that a window spans.
    public var kernelSize: Size
    /// Positions from one place of the window to the next.
    public var strides: Size
    public var padding = Padding.valid
    public var dataFormat = DataFormat.channelsLast
    /// Positions from one cell of the window to the next.
    public var dilationRate: Size
    /// Outputs of the first step that each channel gets.
    public var depthMultiplier = 1
    public var activation: ActivationFunction = .linear
    public var useBias = true
    public var depthwiseInitializer: Initializer = .glorotUniform
    public var pointwiseInitializer: Initializer = .glorotUniform
    public var biasInitializer: Initializer = .zeros
    public var depthwiseRegularizer: Regularizer?
    public var pointwiseRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var depthwiseConstraint: Constraint?
    public var pointwiseConstraint: Constraint?
    public var biasConstraint: Constraint?

    public var fault: String? {
        firstFault(
            faultUnlessPositive("filters", filters), faultUnlessPositive("kernelSize", kernelSize),
            faultUnlessPositive("strides", strides), faultUnlessPositive("dilation", dilationRate),
            faultUnlessPositive("depthMultiplier", depthMultiplier))
    }
}

/// What layers share that convolve each channel by itself and then all channels, position by position. See
/// `SeparableConv1D` and `SeparableConv2D`. The channels are last, or first with that `dataFormat`.
public class SeparableConvolutionLayer<Size: SpatialSize>: Layer {
    public typealias Configuration = SeparableConvolutionConfiguration<Size>

    public final let configuration: Configuration
    /// [size along each axis, channels, multiplier]; nil before the layer is built.
    public private(set) final var depthwiseKernel: Parameter?
    /// [1 along each axis, channels · multiplier, filters]; nil before the layer is built.
    public private(set) final var pointwiseKernel: Parameter?
    /// [filters]; nil before the layer is built, or if it has none.
    public private(set) final var bias: Parameter?

    public required init(configuration: Configuration, name: String? = nil) {
        if let fault = configuration.fault { fail("\(Self.self): \(fault)") }
        self.configuration = configuration
        super.init(name: name)
    }

    public static var module: String? { "keras.layers" }

    private var window: SlidingWindow<Size> {
        SlidingWindow(
            configuration.kernelSize, strides: configuration.strides, padding: configuration.padding,
            dilation: configuration.dilationRate)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let format = configuration.dataFormat
        if let fault = faultUnlessRank(Size.rank + 1, format.axes(Size.axes), of: shapes[0]) { return fault }
        let sample = format.channelsLast(shapes[0])
        return inputShape.flatMap { faultUnlessChannels(format.channelsLast($0)[-1], sample[-1]) }
            ?? window.fault(over: sample)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let filters = configuration.filters
        let channels = configuration.dataFormat.channelsLast(inputShape)[-1]
        let (sizes, multiplier) = (configuration.kernelSize.sizes, configuration.depthMultiplier)
        depthwiseKernel = addParameter(
            "depthwise_kernel", shape: Shape(sizes + [channels, multiplier]),
            initializer: configuration.depthwiseInitializer, regularizer: configuration.depthwiseRegularizer,
            constraint: configuration.depthwiseConstraint, generator: &generator)
        pointwiseKernel = addParameter(
            "pointwise_kernel", shape: Shape(sizes.map { _ in 1 } + [channels * multiplier, filters]),
            initializer: configuration.pointwiseInitializer, regularizer: configuration.pointwiseRegularizer,
            constraint: configuration.pointwiseConstraint, generator: &generator)
        if configuration.useBias {
            bias = addParameter(
                "bias", shape: [filters], initializer: configuration.biasInitializer,
                regularizer: configuration.biasRegularizer, constraint: configuration.biasConstraint,
                generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let format = configuration.dataFormat
        return format.ordered(
            Shape(window.outputSizes(over: format.channelsLast(inputShape)) + [configuration.filters]))
    }

    /// Both convolutions of a batch, given with the channels last, and what follows them in the second one's pass.
    func convolved(
        _ batch: Variable, _ depthwise: Variable, _ pointwise: Variable, bias: Variable?, epilogue: Epilogue,
        in context: Context
    ) -> Variable {
        fail("\(Self.self): convolved(_:_:_:bias:epilogue:in:) is not overridden")
    }

    public final override func forward(_ input: Variable, in context: Context) -> Variable {
        let (depthwise, pointwise) = (built(depthwiseKernel), built(pointwiseKernel))
        let activation = configuration.activation
        let output = configuration.dataFormat.computing(input) { batch in
            convolved(
                batch, context[depthwise], context[pointwise], bias: bias.map { context[$0] },
                epilogue: Epilogue().after(activation), in: context)
        }
        return activation.clamp == nil ? activation(output) : output
    }
}
