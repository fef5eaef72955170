import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// A convolution in two steps, of every channel by itself and then of all channels pixel by pixel, which needs far
/// fewer multiplications: y = activation((x ∗ depthwise) ∗ pointwise + bias) (Chollet 2017, arXiv 1610.02357).
/// Follows `keras.layers.SeparableConv2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, filters], sized as `Conv2D`'s;
/// depthwise_kernel [kernel height, kernel width, channels, multiplier], pointwise_kernel [1, 1, channels ·
/// multiplier, filters], bias [filters].
public final class SeparableConv2D: Layer {
    public let filters: Int
    public let kernelSize: Size2D
    public let strides: Size2D
    public let padding: Padding
    public let depthMultiplier: Int
    public let dilation: Size2D
    public let activation: ActivationFunction
    private let usesBias: Bool
    private let depthwiseInitializer: Initializer
    private let pointwiseInitializer: Initializer
    private let biasInitializer: Initializer
    private var depthwiseKernel: Parameter?
    private var pointwiseKernel: Parameter?
    private var bias: Parameter?

    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: pixels that a window spans.
    ///   - depthMultiplier: outputs of the first step that each channel gets.
    ///
    /// Traps if a number is not positive.
    public init(
        _ filters: Int, kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid,
        depthMultiplier: Int = 1, dilation: Size2D = 1, activation: ActivationFunction = .linear,
        useBias: Bool = true, depthwiseInitializer: Initializer = .glorotUniform,
        pointwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        name: String? = nil
    ) {
        require(filters > 0, "SeparableConv2D: filters is \(filters), expected a positive number")
        require(
            depthMultiplier > 0,
            "SeparableConv2D: depthMultiplier is \(depthMultiplier), expected a positive number")
        for (name, size) in [("kernelSize", kernelSize), ("strides", strides), ("dilation", dilation)] {
            require(
                size.height > 0 && size.width > 0,
                "SeparableConv2D: \(name) is \(size), expected at least 1×1")
        }
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.depthMultiplier = depthMultiplier
        self.dilation = dilation
        self.activation = activation
        usesBias = useBias
        self.depthwiseInitializer = depthwiseInitializer
        self.pointwiseInitializer = pointwiseInitializer
        self.biasInitializer = biasInitializer
        super.init(name: name)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let channels = inputShape[2]
        depthwiseKernel = addParameter(
            "depthwise_kernel", shape: [kernelSize.height, kernelSize.width, channels, depthMultiplier],
            initializer: depthwiseInitializer, generator: &generator)
        pointwiseKernel = addParameter(
            "pointwise_kernel", shape: [1, 1, channels * depthMultiplier, filters],
            initializer: pointwiseInitializer, generator: &generator)
        if usesBias {
            bias = addParameter("bias", shape: [filters], initializer: biasInitializer, generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        requireRank(3, "height, width, channels", of: inputShape)
        let (height, width) = windowOutputSize(
            inputShape, window: kernelSize, strides: strides, padding: padding, dilation: dilation)
        return [height, width, filters]
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        guard let depthwiseKernel, let pointwiseKernel else {
            fail("\(label): forward was called before the layer was built")
        }
        let method = context.acceleration.convolution
        let output =
            input
            .depthwiseConv2D(
                context[depthwiseKernel], strides: strides, padding: padding, dilation: dilation,
                epilogue: Epilogue(), method: method
            )
            .conv2D(
                context[pointwiseKernel], bias: bias.map { context[$0] },
                epilogue: Epilogue(clamp: activation.clamp ?? .identity),
                method: method)
        return activation.clamp == nil ? activation(output) : output
    }
}
