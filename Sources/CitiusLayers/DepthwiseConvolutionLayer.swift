import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// What a layer of depthwise convolution is made with. Its keys are those of Keras's `DepthwiseConv2D`.
public struct DepthwiseConvolutionConfiguration<Size: SpatialSize>: LayerConfiguration {
    /// Positions that a window spans.
    public var kernelSize: Size
    /// Positions from one place of the window to the next.
    public var strides: Size
    public var padding = Padding.valid
    /// Outputs that each channel gets.
    public var depthMultiplier = 1
    public var dataFormat = DataFormat.channelsLast
    /// Positions from one cell of the window to the next.
    public var dilationRate: Size
    public var activation: ActivationFunction = .linear
    public var useBias = true
    public var depthwiseInitializer: Initializer = .glorotUniform
    public var biasInitializer: Initializer = .zeros
    public var depthwiseRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var depthwiseConstraint: Constraint?
    public var biasConstraint: Constraint?

    public var fault: String? {
        firstFault(
            faultUnlessPositive("kernelSize", kernelSize), faultUnlessPositive("strides", strides),
            faultUnlessPositive("dilation", dilationRate),
            faultUnlessPositive("depthMultiplier", depthMultiplier))
    }
}

/// What layers that convolve each channel by itself share. See `DepthwiseConv1D` and `DepthwiseConv2D`. The channels are
/// last, or first with that `dataFormat`.
public class DepthwiseConvolutionLayer<Size: SpatialSize>: Layer {
    public typealias Configuration = DepthwiseConvolutionConfiguration<Size>

    public final let configuration: Configuration
    /// [size along each axis, channels, multiplier]; nil before the layer is built.
    public private(set) final var kernel: Parameter?
    /// [channels · multiplier]; nil before the layer is built, or if it has none.
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
        let channels = configuration.dataFormat.channelsLast(inputShape)[-1]
        kernel = addParameter(
            "kernel",
            shape: Shape(configuration.kernelSize.sizes + [channels, configuration.depthMultiplier]),
            initializer: configuration.depthwiseInitializer, regularizer: configuration.depthwiseRegularizer,
            constraint: configuration.depthwiseConstraint, generator: &generator)
        if configuration.useBias {
            bias = addParameter(
                "bias", shape: [channels * configuration.depthMultiplier],
                initializer: configuration.biasInitializer, regularizer: configuration.biasRegularizer,
                constraint: configuration.biasConstraint, generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let format = configuration.dataFormat
        let sample = format.channelsLast(inputShape)
        return format.ordered(
            Shape(window.outputSizes(over: sample) + [sample[-1] * configuration.depthMultiplier]))
    }

    /// The convolution of a batch, given with the channels last, and what follows it in its pass.
    func convolved(
        _ batch: Variable, _ kernel: Variable, bias: Variable?, epilogue: Epilogue, in context: Context
    ) -> Variable {
        fail("\(Self.self): convolved(_:_:bias:epilogue:in:) is not overridden")
    }

    public final override func forward(_ input: Variable, in context: Context) -> Variable {
        let (kernel, activation) = (built(kernel), configuration.activation)
        let output = configuration.dataFormat.computing(input) { batch in
            convolved(
                batch, context[kernel], bias: bias.map { context[$0] },
                epilogue: Epilogue().after(activation),
                in: context)
        }
        return activation.clamp == nil ? activation(output) : output
    }
}
