import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// A two-dimensional convolution: y = activation(x ∗ kernel + bias). Follows `keras.layers.Conv2D`.
///
/// With extent = (kernel − 1) · dilation + 1, the output's height and width are
/// ⌊(input − extent) / stride⌋ + 1 for `valid` padding and ⌈input / stride⌉ for `same`.
///
/// # Shapes
/// [batch, height, width, channels] → [batch, output height, output width, filters];
/// kernel [kernel height, kernel width, channels / groups, filters], bias [filters].
public final class Conv2D: ConvolutionLayer<Size2D, Padding>, ConfigurableLayer {
    /// - Parameters:
    ///   - filters: the number of output channels.
    ///   - kernelSize: pixels that a filter spans.
    ///   - strides: pixels from one position of the window to the next.
    ///   - padding: whether the image is padded at its border.
    ///   - dataFormat: whether the channels are last or first.
    ///   - dilation: pixels from one cell of the window to the next.
    ///   - groups: groups of channels that are convolved apart from each other.
    ///
    /// Traps if a number is not positive or the filters do not divide into the groups.
    public convenience init(
        _ filters: Int, kernelSize: some Size2DConvertible, strides: some Size2DConvertible = 1,
        padding: Padding = .valid, dataFormat: DataFormat = .channelsLast,
        dilation: some Size2DConvertible = 1, groups: Int = 1, activation: ActivationFunction = .linear,
        useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                filters: filters, kernelSize: kernelSize.size2D, strides: strides.size2D, padding: padding,
                dataFormat: dataFormat, dilationRate: dilation.size2D, groups: groups, activation: activation,
                useBias: useBias,
                kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    override var window: SlidingWindow<Size2D> {
        SlidingWindow(
            configuration.kernelSize, strides: configuration.strides, padding: configuration.padding,
            dilation: configuration.dilationRate)
    }

    override func convolved(
        _ batch: Variable, _ kernel: Variable, bias: Variable?, epilogue: Epilogue, in context: Context
    ) -> Variable {
        batch.conv2D(
            kernel, bias: bias, strides: configuration.strides, padding: configuration.padding,
            dilation: configuration.dilationRate, groups: configuration.groups, epilogue: epilogue,
            acceleration: context.acceleration)
    }

    package override func outputSize(of image: Size2D) -> Size2D? {
        guard configuration.dataFormat == .channelsLast else { return nil }
        let axes = window.axes(over: image)
        return Size2D(axes.vertical.output, axes.horizontal.output)
    }

    /// Where images are padded, all: a smaller image would be padded elsewhere.
    package override func pixelsRead(of image: Size2D, epilogue: Epilogue) -> Size2D? {
        guard configuration.padding == .valid, configuration.dataFormat == .channelsLast else { return nil }
        let axes = window.axes(over: image)
        let read = epilogue.pixelsRead(of: Size2D(axes.vertical.output, axes.horizontal.output))
        return Size2D(axes.vertical.reach(of: read.height), axes.horizontal.reach(of: read.width))
    }
}
