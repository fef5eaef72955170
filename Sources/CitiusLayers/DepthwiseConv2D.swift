import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// A convolution of every channel by itself: y = activation(x ∗ kernel + bias), channel by channel. Follows
/// `keras.layers.DepthwiseConv2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, channels · multiplier], sized as
/// `Conv2D`'s; kernel [kernel height, kernel width, channels, multiplier], bias [channels · multiplier].
public final class DepthwiseConv2D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Pixels that a window spans.
        public var kernelSize: Size2D
        public var strides: Size2D = 1
        public var padding = Padding.valid
        /// Outputs that each channel gets.
        public var depthMultiplier = 1
        public var dataFormat = DataFormat.channelsLast
        public var dilationRate: Size2D = 1
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

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// [kernel height, kernel width, channels, multiplier]; nil before the layer is built.
    public private(set) var kernel: Parameter?
    /// [channels · multiplier]; nil before the layer is built, or if it has none.
    public private(set) var bias: Parameter?

    /// - Parameters:
    ///   - kernelSize: pixels that a window spans.
    ///   - depthMultiplier: outputs that each channel gets.
    ///
    /// Traps if a number is not positive.
    public convenience init(
        _ kernelSize: some Size2DConvertible, strides: some Size2DConvertible = 1, padding: Padding = .valid,
        depthMultiplier: Int = 1,
        dilation: some Size2DConvertible = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        depthwiseRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, depthwiseConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                kernelSize: kernelSize.size2D, strides: strides.size2D, padding: padding,
                depthMultiplier: depthMultiplier,
                dilationRate: dilation.size2D, activation: activation, useBias: useBias,
                depthwiseInitializer: depthwiseInitializer, biasInitializer: biasInitializer,
                depthwiseRegularizer: depthwiseRegularizer, biasRegularizer: biasRegularizer,
                depthwiseConstraint: depthwiseConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        faultUnlessRank(3, "height, width, channels", of: shapes[0])
            ?? inputShape.flatMap { faultUnlessChannels($0[2], shapes[0][2]) }
            ?? sliding.fault(over: shapes[0])
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let (size, channels) = (configuration.kernelSize, inputShape[2])
        kernel = addParameter(
            "kernel", shape: [size.height, size.width, channels, configuration.depthMultiplier],
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
        let size = sliding.outputSize(over: inputShape)
        return [size.height, size.width, inputShape[2] * configuration.depthMultiplier]
    }

    private var sliding: SlidingWindow {
        SlidingWindow(
            size: configuration.kernelSize, strides: configuration.strides, padding: configuration.padding,
            dilation: configuration.dilationRate)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let activation = configuration.activation
        let output = input.depthwiseConv2D(
            context[built(kernel)], bias: bias.map { context[$0] }, strides: configuration.strides,
            padding: configuration.padding, dilation: configuration.dilationRate,
            epilogue: Epilogue().after(activation), method: context.acceleration.convolution)
        return activation.clamp == nil ? activation(output) : output
    }
}
