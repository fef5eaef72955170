import CitiusAutograd
import CitiusTensor

/// A convolution in two steps, of every channel by itself and then of all channels pixel by pixel, which needs far
/// fewer multiplications: y = activation((x ∗ depthwise) ∗ pointwise + bias) (Chollet 2017, arXiv 1610.02357).
/// Follows `keras.layers.SeparableConv2D`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, filters], sized as `Conv2D`'s;
/// depthwise_kernel [kernel height, kernel width, channels, multiplier], pointwise_kernel [1, 1, channels ·
/// multiplier, filters], bias [filters].
public final class SeparableConv2D: SeparableConvolutionLayer<Size2D>, ConfigurableLayer {
    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: pixels that a window spans.
    ///   - dataFormat: whether the channels are last or first.
    ///   - depthMultiplier: outputs of the first step that each channel gets.
    ///
    /// Traps if a number is not positive.
    public convenience init(
        _ filters: Int, kernelSize: some Size2DConvertible, strides: some Size2DConvertible = 1,
        padding: Padding = .valid, dataFormat: DataFormat = .channelsLast,
        depthMultiplier: Int = 1, dilation: some Size2DConvertible = 1,
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
                filters: filters, kernelSize: kernelSize.size2D, strides: strides.size2D, padding: padding,
                dataFormat: dataFormat, dilationRate: dilation.size2D, depthMultiplier: depthMultiplier,
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
            .depthwiseConv2D(
                depthwise, strides: configuration.strides, padding: configuration.padding,
                dilation: configuration.dilationRate,
                epilogue: Epilogue(), acceleration: context.acceleration
            )
            .conv2D(pointwise, bias: bias, epilogue: epilogue, acceleration: context.acceleration)
    }
}
