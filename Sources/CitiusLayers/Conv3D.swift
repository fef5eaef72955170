import CitiusAutograd
import CitiusTensor

/// A convolution over volumes: y = activation(x ∗ kernel + bias). Follows `keras.layers.Conv3D`.
///
/// With extent = (kernel − 1) · dilation + 1, the output's depth, height and width are ⌊(input − extent) / stride⌋ + 1
/// for `valid` padding and ⌈input / stride⌉ for `same`.
///
/// # Shapes
/// [batch, depth, height, width, channels] → [batch, output depth, output height, output width, filters]; kernel [kernel
/// depth, kernel height, kernel width, channels / groups, filters], bias [filters].
public final class Conv3D: ConvolutionLayer<Size3D, Padding>, ConfigurableLayer {
    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: voxels that a filter spans.
    ///   - strides: voxels from one place of the window to the next.
    ///   - padding: whether the volume is padded at its border.
    ///   - dataFormat: whether the channels are last or first.
    ///   - dilation: voxels from one cell of the window to the next.
    ///   - groups: groups of channels that are convolved apart from each other.
    ///
    /// Traps if a number is not positive or the filters do not divide into the groups.
    public convenience init(
        _ filters: Int, kernelSize: some Size3DConvertible, strides: some Size3DConvertible = 1,
        padding: Padding = .valid, dataFormat: DataFormat = .channelsLast,
        dilation: some Size3DConvertible = 1, groups: Int = 1,
        activation: ActivationFunction = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                filters: filters, kernelSize: kernelSize.size3D, strides: strides.size3D, padding: padding,
                dataFormat: dataFormat, dilationRate: dilation.size3D, groups: groups, activation: activation,
                useBias: useBias,
                kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    override var window: SlidingWindow<Size3D> {
        SlidingWindow(
            configuration.kernelSize, strides: configuration.strides, padding: configuration.padding,
            dilation: configuration.dilationRate)
    }

    override var takesPools: Bool { false }

    override func convolved(
        _ batch: Variable, _ kernel: Variable, bias: Variable?, epilogue: Epilogue, in context: Context
    ) -> Variable {
        batch.conv3D(
            kernel, bias: bias, strides: configuration.strides, padding: configuration.padding,
            dilation: configuration.dilationRate, groups: configuration.groups, clamp: epilogue.clamp,
            acceleration: context.acceleration)
    }
}
