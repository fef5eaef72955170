import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// A convolution in two steps, of every channel by itself and then of all channels step by step, which needs far
/// fewer multiplications: y = activation((x ∗ depthwise) ∗ pointwise + bias) (Chollet 2017, arXiv 1610.02357).
/// Follows `keras.layers.SeparableConv1D`.
///
/// # Shapes
/// [batch, steps, channels] → [batch, output steps, filters], as many as `Conv1D`'s; depthwise_kernel [kernel size,
/// channels, multiplier], pointwise_kernel [1, channels · multiplier, filters], bias [filters].
public final class SeparableConv1D: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The number of output channels.
        public var filters: Int
        /// Steps that a window spans.
        public var kernelSize: Size1D
        public var strides: Size1D = 1
        public var padding = Padding.valid
        public var dataFormat = DataFormat.channelsLast
        public var dilationRate: Size1D = 1
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

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// [kernel size, channels, multiplier]; nil before the layer is built.
    public private(set) var depthwiseKernel: Parameter?
    /// [1, channels · multiplier, filters]; nil before the layer is built.
    public private(set) var pointwiseKernel: Parameter?
    /// [filters]; nil before the layer is built, or if it has none.
    public private(set) var bias: Parameter?

    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: steps that a window spans.
    ///   - depthMultiplier: outputs of the first step that each channel gets.
    ///
    /// Traps if a number is not positive.
    public convenience init(
        _ filters: Int, kernelSize: Int, strides: Int = 1,
        padding: Padding = .valid,
        depthMultiplier: Int = 1, dilation: Int = 1,
        activation: ActivationFunction = .linear,
        useBias: Bool = true, depthwiseInitializer: Initializer = .glorotUniform,
        pointwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        depthwiseRegularizer: Regularizer? = nil, pointwiseRegularizer: Regularizer? = nil,
        biasRegularizer: Regularizer? = nil, activityRegularizer: Regularizer? = nil,
        depthwiseConstraint: Constraint? = nil,
        pointwiseConstraint: Constraint? = nil, biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                filters: filters, kernelSize: Size1D(kernelSize), strides: Size1D(strides), padding: padding,
                dilationRate: Size1D(dilation), depthMultiplier: depthMultiplier, activation: activation,
                useBias: useBias, depthwiseInitializer: depthwiseInitializer,
                pointwiseInitializer: pointwiseInitializer, biasInitializer: biasInitializer,
                depthwiseRegularizer: depthwiseRegularizer, pointwiseRegularizer: pointwiseRegularizer,
                biasRegularizer: biasRegularizer, depthwiseConstraint: depthwiseConstraint,
                pointwiseConstraint: pointwiseConstraint, biasConstraint: biasConstraint),
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
        let (size, filters) = (configuration.kernelSize, configuration.filters)
        let (channels, multiplier) = (inputShape[1], configuration.depthMultiplier)
        depthwiseKernel = addParameter(
            "depthwise_kernel", shape: [size.length, channels, multiplier],
            initializer: configuration.depthwiseInitializer, regularizer: configuration.depthwiseRegularizer,
            constraint: configuration.depthwiseConstraint, generator: &generator)
        pointwiseKernel = addParameter(
            "pointwise_kernel", shape: [1, channels * multiplier, filters],
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
        [axis(over: inputShape[0]).output, configuration.filters]
    }

    private func axis(over steps: Int) -> WindowGeometry.Axis {
        .init(
            input: steps, window: configuration.kernelSize.length, stride: configuration.strides.length,
            dilation: configuration.dilationRate.length, pads: configuration.padding == .same)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let activation = configuration.activation
        let method = context.acceleration.convolution
        let output =
            input
            .depthwiseConv1D(
                context[built(depthwiseKernel)], strides: configuration.strides.length,
                padding: configuration.padding.alongSequences, dilation: configuration.dilationRate.length,
                epilogue: Epilogue(), method: method
            )
            .conv1D(
                context[built(pointwiseKernel)], bias: bias.map { context[$0] },
                epilogue: Epilogue().after(activation), method: method)
        return activation.clamp == nil ? activation(output) : output
    }
}
