import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// The transpose of a convolution, which makes larger images: the half of an autoencoder that draws. Follows `keras.layers.Conv2DTranspose`.
///
/// ```swift
/// let decoder = Sequential {
///     Input(7, 7, 32)
///     Conv2DTranspose(16, kernelSize: 3, strides: 2, padding: .same, activation: .relu)
///     Conv2DTranspose(1, kernelSize: 3, strides: 2, padding: .same, activation: .sigmoid)  // 28 × 28
/// }
/// ```
///
/// With extent = (kernel − 1) · dilation + 1, the output's height and width are (input − 1) · stride + max(extent, stride) for
/// `valid` padding and input · stride for `same`; with an output padding p, (input − 1) · stride + extent + p and
/// (input − 1) · stride + extent mod 2 + p.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, filters]; kernel [kernel height, kernel width,
/// filters, channels], bias [filters].
public final class Conv2DTranspose: TransposedConvolutionLayer<Size2D>, ConfigurableLayer {
    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: pixels of the output that a filter spans.
    ///   - strides: pixels of the output from one of the input to the next.
    ///   - padding: `same` makes the output input · strides large.
    ///   - outputPadding: what is added to the output's least size, less than the strides.
    ///   - dataFormat: whether the channels are last or first.
    ///   - dilation: pixels from one cell of the window to the next.
    ///
    /// Traps if a number is out of range.
    public convenience init(
        _ filters: Int, kernelSize: some Size2DConvertible, strides: some Size2DConvertible = 1,
        padding: Padding = .valid,
        outputPadding: (any Size2DConvertible)? = nil, dataFormat: DataFormat = .channelsLast,
        dilation: some Size2DConvertible = 1,
        activation: ActivationFunction = .linear,
        useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        biasRegularizer: Regularizer? = nil, activityRegularizer: Regularizer? = nil,
        kernelConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                filters: filters, kernelSize: kernelSize.size2D, strides: strides.size2D, padding: padding,
                outputPadding: outputPadding?.size2D, dataFormat: dataFormat, dilationRate: dilation.size2D,
                activation: activation,
                useBias: useBias,
                kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    override func spread(_ input: Variable, in context: Context, clamp: Clamp) -> Variable {
        input.conv2DTransposed(
            context[built(kernel)], bias: bias.map { context[$0] }, strides: configuration.strides,
            padding: configuration.padding, outputPadding: configuration.outputPadding,
            dilation: configuration.dilationRate, clamp: clamp, acceleration: context.acceleration)
    }
}
