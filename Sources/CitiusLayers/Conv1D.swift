import CitiusAutograd
import CitiusTensor

/// A convolution along the steps of sequences: y = activation(x ∗ kernel + bias). Follows `keras.layers.Conv1D`.
///
/// ```swift
/// let words = Sequential {
///     Input(100, 128)
///     Conv1D(128, kernelSize: 5, activation: .relu)
///     GlobalMaxPooling1D()
/// }
/// ```
///
/// With extent = (kernel − 1) · dilation + 1, there are ⌊(steps − extent) / stride⌋ + 1 output steps for `valid` padding
/// and ⌈steps / stride⌉ for `same` and `causal`; with `causal` padding none of them sees a later step of the input.
///
/// # Shapes
/// [batch, steps, channels] → [batch, output steps, filters]; kernel [kernel size, channels / groups, filters], bias
/// [filters].
public final class Conv1D: ConvolutionLayer<Size1D, SequencePadding>, ConfigurableLayer {
    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: steps that a filter spans.
    ///   - strides: steps from one place of the window to the next.
    ///   - padding: whether the sequence is padded at its ends.
    ///   - dataFormat: whether the channels are last or first.
    ///   - dilation: steps from one cell of the window to the next.
    ///   - groups: groups of channels that are convolved apart from each other.
    ///
    /// Traps if a number is not positive or the filters do not divide into the groups.
    public convenience init(
        _ filters: Int, kernelSize: Int, strides: Int = 1, padding: SequencePadding = .valid,
        dataFormat: DataFormat = .channelsLast, dilation: Int = 1, groups: Int = 1,
        activation: ActivationFunction = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                filters: filters, kernelSize: Size1D(kernelSize), strides: Size1D(strides), padding: padding,
                dataFormat: dataFormat, dilationRate: Size1D(dilation), groups: groups,
                activation: activation, useBias: useBias,
                kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    override var window: SlidingWindow<Size1D> {
        SlidingWindow(
            configuration.kernelSize, strides: configuration.strides, padding: configuration.padding,
            dilation: configuration.dilationRate)
    }

    override func convolved(
        _ batch: Variable, _ kernel: Variable, bias: Variable?, epilogue: Epilogue, in context: Context
    ) -> Variable {
        batch.conv1D(
            kernel, bias: bias, strides: configuration.strides.length, padding: configuration.padding,
            dilation: configuration.dilationRate.length, groups: configuration.groups, epilogue: epilogue,
            acceleration: context.acceleration)
    }
}
