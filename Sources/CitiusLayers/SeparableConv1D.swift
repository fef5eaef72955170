import CitiusAutograd
import CitiusTensor

/// A convolution in two steps, of every channel by itself and then of all channels step by step, which needs far
/// fewer multiplications: y = activation((x ∗ depthwise) ∗ pointwise + bias) (Chollet 2017, arXiv 1610.02357).
/// Follows `keras.layers.SeparableConv1D`.
///
/// # Shapes
/// [batch, steps, channels] → [batch, output steps, filters], as many as `Conv1D`'s; depthwise_kernel [kernel size,
/// channels, multiplier], pointwise_kernel [1, channels · multiplier, filters], bias [filters].
public final class SeparableConv1D: SeparableConvolutionLayer<Size1D>, ConfigurableLayer {
    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: steps that a window spans.
    ///   - dataFormat: whether the channels are last or first.
    ///   - depthMultiplier: outputs of the first step that each channel gets.
    ///
    /// Traps if a number is not positive.
    public convenience init(
        _ filters: Int, kernelSize: Int, strides: Int = 1,
        padding: Padding = .valid, dataFormat: DataFormat = .channelsLast,
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
                dataFormat: dataFormat, dilationRate: Size1D(dilation), depthMultiplier: depthMultiplier,
                activation: activation,
                useBias: useBias, depthwiseInitializer: depthwiseInitializer,
                pointwiseInitializer: pointwiseInitializer, biasInitializer: biasInitializer,
                depthwiseRegularizer: depthwiseRegularizer, pointwiseRegularizer: pointwiseRegularizer,
                biasRegularizer: biasRegularizer, depthwiseConstraint: depthwiseConstraint,
                pointwiseConstraint: pointwiseConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    override func convolved(
        _ batch: Variable, _ depthwise: Variable, _ pointwise: Variable, bias: Variable?, epilogue: Epilogue,
        in context: Context
    ) -> Variable {
        return
            batch
            .depthwiseConv1D(
                depthwise, strides: configuration.strides.length,
                padding: configuration.padding.alongSequences, dilation: configuration.dilationRate.length,
                epilogue: Epilogue(), acceleration: context.acceleration
            )
            .conv1D(pointwise, bias: bias, epilogue: epilogue, acceleration: context.acceleration)
    }
}
