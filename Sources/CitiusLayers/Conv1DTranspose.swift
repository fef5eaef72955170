import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// The transpose of a convolution of sequences, which makes longer ones. Follows `keras.layers.Conv1DTranspose`.
///
/// With extent = (kernel − 1) · dilation + 1, the output's steps are (input − 1) · stride + max(extent, stride) for
/// `valid` padding and input · stride for `same`; with an output padding p, (input − 1) · stride + extent + p and
/// (input − 1) · stride + extent mod 2 + p.
///
/// # Shapes
/// [batch, steps, channels] → [batch, output steps, filters]; kernel [kernel size, filters, channels], bias [filters].
public final class Conv1DTranspose: TransposedConvolutionLayer<Size1D>, ConfigurableLayer {
    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: steps of the output that a filter spans.
    ///   - strides: steps of the output from one of the input to the next.
    ///   - padding: `same` makes the output input · strides large.
    ///   - outputPadding: what is added to the output's least size, less than the strides.
    ///   - dataFormat: whether the channels are last or first.
    ///   - dilation: steps from one cell of the window to the next.
    ///
    /// Traps if a number is out of range.
    public convenience init(
        _ filters: Int, kernelSize: Int, strides: Int = 1, padding: Padding = .valid,
        outputPadding: Int? = nil, dataFormat: DataFormat = .channelsLast, dilation: Int = 1,
        activation: ActivationFunction = .linear,
        useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        biasRegularizer: Regularizer? = nil, activityRegularizer: Regularizer? = nil,
        kernelConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                filters: filters, kernelSize: Size1D(kernelSize), strides: Size1D(strides), padding: padding,
                outputPadding: outputPadding.map { Size1D($0) }, dataFormat: dataFormat,
                dilationRate: Size1D(dilation),
                activation: activation, useBias: useBias,
                kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    override func spread(_ input: Variable, in context: Context, clamp: Clamp) -> Variable {
        input.conv1DTransposed(
            context[built(kernel)], bias: bias.map { context[$0] }, strides: configuration.strides.length,
            padding: configuration.padding, outputPadding: configuration.outputPadding?.length,
            dilation: configuration.dilationRate.length, clamp: clamp,
            acceleration: context.acceleration)
    }
}
