import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// A convolution of every channel by itself: y = activation(x ∗ kernel + bias), channel by channel. Follows
/// `keras.layers.DepthwiseConv2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, channels · multiplier], sized as
/// `Conv2D`'s; kernel [kernel height, kernel width, channels, multiplier], bias [channels · multiplier].
public final class DepthwiseConv2D: Layer {
    public let kernelSize: Size2D
    public let strides: Size2D
    public let padding: Padding
    public let depthMultiplier: Int
    public let dilation: Size2D
    public let activation: ActivationFunction
    private let usesBias: Bool
    private let depthwiseInitializer: Initializer
    private let biasInitializer: Initializer
    private var kernel: Parameter?
    private var bias: Parameter?

    /// - Parameters:
    ///   - kernelSize: pixels that a window spans.
    ///   - depthMultiplier: outputs that each channel gets.
    ///
    /// Traps if a number is not positive.
    public init(
        _ kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid, depthMultiplier: Int = 1,
        dilation: Size2D = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        name: String? = nil
    ) {
        for (name, size) in [("kernelSize", kernelSize), ("strides", strides), ("dilation", dilation)] {
            require(
                size.height > 0 && size.width > 0,
                "DepthwiseConv2D: \(name) is \(size), expected at least 1×1")
        }
        require(
            depthMultiplier > 0,
            "DepthwiseConv2D: depthMultiplier is \(depthMultiplier), expected a positive number")
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.depthMultiplier = depthMultiplier
        self.dilation = dilation
        self.activation = activation
        usesBias = useBias
        self.depthwiseInitializer = depthwiseInitializer
        self.biasInitializer = biasInitializer
        super.init(name: name)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let channels = inputShape[2]
        kernel = addParameter(
            "kernel", shape: [kernelSize.height, kernelSize.width, channels, depthMultiplier],
            initializer: depthwiseInitializer, generator: &generator)
        if usesBias {
            bias = addParameter(
                "bias", shape: [channels * depthMultiplier], initializer: biasInitializer,
                generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        requireRank(3, "height, width, channels", of: inputShape)
        let (height, width) = windowOutputSize(
            inputShape, window: kernelSize, strides: strides, padding: padding, dilation: dilation)
        return [height, width, inputShape[2] * depthMultiplier]
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        guard let kernel else { fail("\(label): forward was called before the layer was built") }
        let output = input.depthwiseConv2D(
            context[kernel], bias: bias.map { context[$0] }, strides: strides, padding: padding,
            dilation: dilation, epilogue: Epilogue(clamp: activation.clamp ?? .identity),
            method: context.acceleration.convolution)
        return activation.clamp == nil ? activation(output) : output
    }
}
