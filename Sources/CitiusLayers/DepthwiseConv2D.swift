import CitiusAutograd
import CitiusTensor

/// A convolution of every channel by itself: y = activation(x ∗ kernel + bias), channel by channel. Follows
/// `keras.layers.DepthwiseConv2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, channels · multiplier], sized as
/// `Conv2D`'s; kernel [kernel height, kernel width, channels, multiplier], bias [channels · multiplier].
public final class DepthwiseConv2D: DepthwiseConvolutionLayer<Size2D>, ConfigurableLayer {
    /// - Parameters:
    ///   - kernelSize: pixels that a window spans.
    ///   - depthMultiplier: outputs that each channel gets.
    ///   - dataFormat: whether the channels are last or first.
    ///
    /// Traps if a number is not positive.
    public convenience init(
        _ kernelSize: some Size2DConvertible, strides: some Size2DConvertible = 1, padding: Padding = .valid,
        depthMultiplier: Int = 1,
        dataFormat: DataFormat = .channelsLast, dilation: some Size2DConvertible = 1,
        activation: ActivationFunction = .linear, useBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        depthwiseRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, depthwiseConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                kernelSize: kernelSize.size2D, strides: strides.size2D, padding: padding,
                depthMultiplier: depthMultiplier, dataFormat: dataFormat,
                dilationRate: dilation.size2D, activation: activation, useBias: useBias,
                depthwiseInitializer: depthwiseInitializer, biasInitializer: biasInitializer,
                depthwiseRegularizer: depthwiseRegularizer, biasRegularizer: biasRegularizer,
                depthwiseConstraint: depthwiseConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    override func convolved(
        _ batch: Variable, _ kernel: Variable, bias: Variable?, epilogue: Epilogue, in context: Context
    ) -> Variable {
        batch.depthwiseConv2D(
            kernel, bias: bias, strides: configuration.strides, padding: configuration.padding,
            dilation: configuration.dilationRate,
            epilogue: epilogue, acceleration: context.acceleration)
    }
}
