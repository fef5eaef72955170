import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// What a layer of transposed convolution is made with. Its keys are those of Keras's `Conv2DTranspose`.
public struct TransposedConvolutionConfiguration<Size: SpatialSize>: LayerConfiguration {
    /// The number of output channels.
    public var filters: Int
    /// Positions of the output that a filter spans.
    public var kernelSize: Size
    /// Positions of the output from one of the input to the next.
    public var strides: Size
    public var padding = Padding.valid
    /// What is added to the output's least size; nil: what makes it `input · strides` with `same` padding.
    public var outputPadding: Size?
    public var dataFormat = DataFormat.channelsLast
    /// Positions from one cell of the window to the next.
    public var dilationRate: Size
    public var activation: ActivationFunction = .linear
    public var useBias = true
    public var kernelInitializer: Initializer = .glorotUniform
    public var biasInitializer: Initializer = .zeros
    public var kernelRegularizer: Regularizer?
    public var biasRegularizer: Regularizer?
    public var kernelConstraint: Constraint?
    public var biasConstraint: Constraint?

    public var fault: String? {
        firstFault(
            faultUnlessPositive("filters", filters), faultUnlessPositive("kernelSize", kernelSize),
            faultUnlessPositive("strides", strides), faultUnlessPositive("dilation", dilationRate),
            outputPaddingFault)
    }

    /// As Keras: an output padding is less than the stride.
    private var outputPaddingFault: String? {
        guard let outputPadding else { return nil }
        return zip(outputPadding.sizes, strides.sizes).allSatisfy { $0 >= 0 && $0 < $1 }
            ? nil
            : "outputPadding is \(outputPadding), expected from 0 to less than the strides, \(strides)"
    }
}

/// What layers of transposed convolution share: a kernel, a bias and an activation. See `Conv2DTranspose`.
/// The channels are last, or first with that `dataFormat`.
public class TransposedConvolutionLayer<Size: SpatialSize>: Layer {
    public typealias Configuration = TransposedConvolutionConfiguration<Size>

    public final let configuration: Configuration
    /// [size along each axis, filters, channels]; nil before the layer is built.
    public private(set) final var kernel: Parameter?
    /// [filters]; nil before the layer is built, or if it has none.
    public private(set) final var bias: Parameter?

    public required init(configuration: Configuration, name: String? = nil) {
        if let fault = configuration.fault { fail("\(Self.self): \(fault)") }
        self.configuration = configuration
        super.init(name: name)
    }

    public static var module: String? { "keras.layers" }

    private func outputSizes(over inputShape: Shape) -> [Int] {
        (0..<Size.rank).map { number in
            WindowGeometry.Axis(
                transposed: inputShape[number], window: configuration.kernelSize.sizes[number],
                stride: configuration.strides.sizes[number],
                dilation: configuration.dilationRate.sizes[number], pads: configuration.padding == .same,
                outputPadding: configuration.outputPadding?.sizes[number]
            ).input
        }
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let format = configuration.dataFormat
        if let fault = faultUnlessRank(Size.rank + 1, format.axes(Size.axes), of: shapes[0]) { return fault }
        let shape = format.channelsLast(shapes[0])
        if let fault = inputShape.flatMap({ faultUnlessChannels(format.channelsLast($0)[-1], shape[-1]) }) {
            return fault
        }
        // Within 32 bits, so that the sizes themselves do not overflow.
        if let size = shape.sizes.first(where: { $0 > Int(Int32.max) }) {
            return "samples of shape \(shape) have an axis of \(size), expected at most \(Int32.max)"
        }
        let sizes = outputSizes(over: shape)
        if sizes.contains(where: { $0 <= 0 }) {
            return "nothing is left of the output of samples of shape \(shape)"
        }
        return faultUnlessCountable(Shape(sizes + [configuration.filters]))
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let channels = configuration.dataFormat.channelsLast(inputShape)[-1]
        kernel = addParameter(
            "kernel", shape: Shape(configuration.kernelSize.sizes + [configuration.filters, channels]),
            initializer: configuration.kernelInitializer, regularizer: configuration.kernelRegularizer,
            constraint: configuration.kernelConstraint, generator: &generator)
        if configuration.useBias {
            bias = addParameter(
                "bias", shape: [configuration.filters], initializer: configuration.biasInitializer,
                regularizer: configuration.biasRegularizer, constraint: configuration.biasConstraint,
                generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let format = configuration.dataFormat
        return format.ordered(
            Shape(outputSizes(over: format.channelsLast(inputShape)) + [configuration.filters]))
    }

    /// Computes the output of a batch, given with the channels last, clamped, without the activation.
    func spread(_ input: Variable, in context: Context, clamp: Clamp) -> Variable {
        fail("\(Self.self): spread(_:in:clamp:) is not overridden")
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        forward([input], in: context, epilogue: Epilogue())
    }
}

extension TransposedConvolutionLayer: EpilogueLayer {
    package func takes(_ epilogue: Epilogue, inputCount: Int) -> Bool {
        let clamp = configuration.activation.clamp
        return epilogue.pool == nil && (clamp == .identity || clamp != nil && epilogue.clamp == .identity)
    }

    package func forward(_ inputs: [Variable], in context: Context, epilogue: Epilogue) -> Variable {
        let activation = configuration.activation
        let output = configuration.dataFormat.computing(inputs[0]) { batch in
            spread(batch, in: context, clamp: epilogue.after(activation).clamp)
        }
        return activation.clamp == nil ? activation(output) : output
    }
}
