import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// A convolution of every channel by itself along the steps of sequences: y = activation(x ∗ kernel + bias), channel by
/// channel. Follows `keras.layers.DepthwiseConv1D`.
///
/// # Shapes
/// [batch, steps, channels] → [batch, output steps, channels · multiplier], as many as `Conv1D`'s; kernel [kernel size,
/// channels, multiplier], bias [channels · multiplier].
public final class DepthwiseConv1D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Steps that a window spans.
        public var kernelSize: Size1D
        public var strides: Size1D = 1
        public var padding = Padding.valid
        /// Outputs that each channel gets.
        public var depthMultiplier = 1
        public var dataFormat = DataFormat.channelsLast
        public var dilationRate: Size1D = 1
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
    /// [kernel size, channels, multiplier]; nil before the layer is built.
    public private(set) var kernel: Parameter?
    /// [channels · multiplier]; nil before the layer is built, or if it has none.
    public private(set) var bias: Parameter?

    /// - Parameters:
    ///   - kernelSize: steps that a window spans.
    ///   - depthMultiplier: outputs that each channel gets.
    ///
    /// Traps if a number is not positive.
    public convenience init(
        _ kernelSize: Int, strides: Int = 1, padding: Padding = .valid,
        depthMultiplier: Int = 1,
        dilation: Int = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        depthwiseRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, depthwiseConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                kernelSize: Size1D(kernelSize), strides: Size1D(strides), padding: padding,
                depthMultiplier: depthMultiplier,
                dilationRate: Size1D(dilation), activation: activation, useBias: useBias,
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
        faultUnlessRank(2, "steps, channels", of: shapes[0])
            ?? inputShape.flatMap { faultUnlessChannels($0[1], shapes[0][1]) }
            ?? axis(over: shapes[0][0]).fault
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let (size, channels) = (configuration.kernelSize, inputShape[1])
        kernel = addParameter(
            "kernel", shape: [size.length, channels, configuration.depthMultiplier],
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
        [axis(over: inputShape[0]).output, inputShape[1] * configuration.depthMultiplier]
    }

    private func axis(over steps: Int) -> WindowGeometry.Axis {
        .init(
            input: steps, window: configuration.kernelSize.length, stride: configuration.strides.length,
            dilation: configuration.dilationRate.length, pads: configuration.padding == .same)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let activation = configuration.activation
        let output = input.depthwiseConv1D(
            context[built(kernel)], bias: bias.map { context[$0] }, strides: configuration.strides.length,
            padding: configuration.padding.alongSequences, dilation: configuration.dilationRate.length,
            epilogue: Epilogue().after(activation), method: context.acceleration.convolution)
        return activation.clamp == nil ? activation(output) : output
    }
}
