import CitiusAutograd
import CitiusTensor

/// A convolution of every channel by itself along the steps of sequences: y = activation(x ∗ kernel + bias), channel by
/// channel. Follows `keras.layers.DepthwiseConv1D`.
///
/// # Shapes
/// [batch, steps, channels] → [batch, output steps, channels · multiplier], as many as `Conv1D`'s; kernel [kernel size,
/// channels, multiplier], bias [channels · multiplier].
public final class DepthwiseConv1D: DepthwiseConvolutionLayer<Size1D>, ConfigurableLayer {
    /// - Parameters:
    ///   - kernelSize: steps that a window spans.
    ///   - depthMultiplier: outputs that each channel gets.
    ///   - dataFormat: whether the channels are last or first.
    ///
    /// Traps if a number is not positive.
    public convenience init(
        _ kernelSize: Int, strides: Int = 1, padding: Padding = .valid,
        depthMultiplier: Int = 1,
        dataFormat: DataFormat = .channelsLast, dilation: Int = 1, activation: ActivationFunction = .linear,
        useBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        depthwiseRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, depthwiseConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                kernelSize: Size1D(kernelSize), strides: Size1D(strides), padding: padding,
                depthMultiplier: depthMultiplier, dataFormat: dataFormat,
                dilationRate: Size1D(dilation), activation: activation, useBias: useBias,
                depthwiseInitializer: depthwiseInitializer, biasInitializer: biasInitializer,
                depthwiseRegularizer: depthwiseRegularizer, biasRegularizer: biasRegularizer,
                depthwiseConstraint: depthwiseConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    override func convolved(
        _ batch: Variable, _ kernel: Variable, bias: Variable?, epilogue: Epilogue, in context: Context
    ) -> Variable {
        batch.depthwiseConv1D(
            kernel, bias: bias, strides: configuration.strides.length,
            padding: configuration.padding.alongSequences, dilation: configuration.dilationRate.length,
            epilogue: epilogue, acceleration: context.acceleration)
    }
}
