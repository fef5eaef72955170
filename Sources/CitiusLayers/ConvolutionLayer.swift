import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// What a layer of convolution over sequences or volumes is made with. Its keys are those of Keras's `Conv1D` and
/// `Conv3D`.
public struct ConvolutionConfiguration<Size: SpatialSize, Edge: Codable & Sendable>: LayerConfiguration {
    /// The number of output channels.
    public var filters: Int
    /// Positions that a filter spans.
    public var kernelSize: Size
    /// Positions from one place of the window to the next.
    public var strides: Size
    public var padding: Edge
    public var dataFormat = DataFormat.channelsLast
    /// Positions from one cell of the window to the next.
    public var dilationRate: Size
    /// Groups of channels that are convolved apart from each other.
    public var groups = 1
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
            groups > 0 && filters % groups == 0
                ? nil : "\(filters) filters do not divide into \(groups) groups")
    }
}

/// What layers of convolution over sequences and volumes share: a kernel, a bias and an activation. See `Conv1D` and
/// `Conv3D`.
public class ConvolutionLayer<Size: SpatialSize, Edge: Codable & Sendable>: Layer {
    public typealias Configuration = ConvolutionConfiguration<Size, Edge>

    public final let configuration: Configuration
    /// [size along each axis, channels / groups, filters]; nil before the layer is built.
    public private(set) final var kernel: Parameter?
    /// [filters]; nil before the layer is built, or if it has none.
    public private(set) final var bias: Parameter?

    public required init(configuration: Configuration, name: String? = nil) {
        if let fault = configuration.fault { fail("\(Self.self): \(fault)") }
        self.configuration = configuration
        super.init(name: name)
    }

    public static var module: String? { "keras.layers" }

    /// The windows along an axis.
    func axis(_ number: Int, over count: Int) -> WindowGeometry.Axis {
        fail("\(Self.self): axis(_:over:) is not overridden")
    }

    private func outputSizes(over inputShape: Shape) -> [Int] {
        (0..<Size.rank).map { axis($0, over: inputShape[$0]).output }
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let shape = shapes[0]
        if let fault = faultUnlessRank(Size.rank + 1, "\(Size.axes), channels", of: shape) { return fault }
        let (channels, groups) = (shape[-1], configuration.groups)
        return firstFault(
            channels % groups == 0 ? nil : "\(channels) channels do not divide into \(groups) groups",
            inputShape.flatMap { faultUnlessChannels($0[-1], channels) },
            outputSizes(over: shape).allSatisfy { $0 > 0 }
                ? nil
                : "a window of \(configuration.kernelSize) (dilation \(configuration.dilationRate)) does not fit into samples of shape \(shape)"
        )
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        kernel = addParameter(
            "kernel",
            shape: Shape(
                configuration.kernelSize.sizes
                    + [inputShape[-1] / configuration.groups, configuration.filters]),
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
        Shape(outputSizes(over: inputShape) + [configuration.filters])
    }
}
