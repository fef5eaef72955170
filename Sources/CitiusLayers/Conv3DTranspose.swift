import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// The transpose of a convolution of volumes, which makes larger ones. Follows `keras.layers.Conv3DTranspose`.
///
/// With extent = (kernel − 1) · dilation + 1, the output's depth, height and width are (input − 1) · stride + max(extent, stride) for
/// `valid` padding and input · stride for `same`; with an output padding p, (input − 1) · stride + extent + p and
/// (input − 1) · stride + extent mod 2 + p.
///
/// # Shapes
/// [batch, depth, height, width, channels] → [batch, output depth, output height, output width, filters]; kernel [kernel
/// depth, kernel height, kernel width, filters, channels], bias [filters].
public final class Conv3DTranspose: TransposedConvolutionLayer<Size3D>, ConfigurableLayer {
    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: voxels of the output that a filter spans.
    ///   - strides: voxels of the output from one of the input to the next.
    ///   - padding: `same` makes the output input · strides large.
    ///   - outputPadding: what is added to the output's least size, less than the strides.
    ///   - dataFormat: whether the channels are last or first.
    ///   - dilation: voxels from one cell of the window to the next.
    ///
    /// Traps if a number is out of range.
    public convenience init(
        _ filters: Int, kernelSize: some Size3DConvertible, strides: some Size3DConvertible = 1,
        padding: Padding = .valid,
        outputPadding: (any Size3DConvertible)? = nil, dataFormat: DataFormat = .channelsLast,
        dilation: some Size3DConvertible = 1,
        activation: ActivationFunction = .linear,
        useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        biasRegularizer: Regularizer? = nil, activityRegularizer: Regularizer? = nil,
        kernelConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                filters: filters, kernelSize: kernelSize.size3D, strides: strides.size3D, padding: padding,
                outputPadding: outputPadding?.size3D, dataFormat: dataFormat, dilationRate: dilation.size3D,
                activation: activation,
                useBias: useBias,
                kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    override func spread(_ input: Variable, in context: Context, clamp: Clamp) -> Variable {
        input.conv3DTransposed(
            context[built(kernel)], bias: bias.map { context[$0] }, strides: configuration.strides,
            padding: configuration.padding, outputPadding: configuration.outputPadding,
            dilation: configuration.dilationRate, clamp: clamp, acceleration: context.acceleration)
    }
}
