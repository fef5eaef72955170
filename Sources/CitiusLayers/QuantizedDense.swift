import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// A `Dense` that computes in whole numbers, for inference: `Model.quantized(calibratedOn:)` makes it.
///
/// ```
/// codes = round(x / scale + zero point), from 0 to 127
/// y = activation(Σ (codes − zero point) · kernel · scale · kernel scale + bias)
/// ```
///
/// The kernel is of signed bytes with a scale for each output; the sums are exact, so that every processor and any number
/// of threads gives the same bits. A uint8 tensor is taken as codes that a layer before it has made. Nothing of it is
/// trained, and no gradient passes. (Jacob et al. 2018, arXiv 1712.05877.) Keras has no such layer.
///
/// # Shapes
/// [batch, …, inputs] → [batch, …, units]; kernel [inputs, units] of int8, kernel scale and bias [units].
public final class QuantizedDense: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var units: Int
        public var activation: ActivationFunction = .linear
        public var useBias = true
        /// What the inputs' codes stand for.
        public var input: QuantizationRange
        /// What the outputs' codes stand for, which are then what the layer gives; nil: it gives numbers.
        public var output: QuantizationRange?

        package init(_ dense: Dense.Configuration, input: QuantizationRange, output: QuantizationRange?) {
            units = dense.units
            activation = dense.activation
            useBias = dense.useBias
            self.input = input
            self.output = output
        }

        public var fault: String? {
            firstFault(
                faultUnlessPositive("units", units), input.fault, output?.fault,
                activation.fault(givingCodes: output))
        }
    }

    /// Inputs that a sum of 32 bits has room for.
    package static let inputLimit = CodeProduct.depthLimit

    public let configuration: Configuration
    /// [inputs, units] of int8; nil before the layer is built.
    public private(set) var kernel: Parameter?
    /// [units], what a kernel's step stands for; nil before the layer is built.
    public private(set) var kernelScale: Parameter?
    /// [units]; nil before the layer is built, or if it has none.
    public private(set) var bias: Parameter?

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        guard shapes[0].rank >= 1 else { return "samples are scalars, expected [.., inputs]" }
        let inputs = shapes[0][-1]
        return firstFault(
            inputShape.flatMap { faultUnlessChannels($0[-1], inputs) },
            inputs > Self.inputLimit
                ? "\(inputs) inputs, expected at most \(Self.inputLimit): their sum would leave 32 bits"
                : nil)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let units = configuration.units
        kernel = addParameter(
            "kernel", shape: [inputShape[-1], units], initializer: .zeros, dtype: .int8, isLearned: false,
            generator: &generator)
        kernelScale = addParameter(
            "kernel_scale", shape: [units], initializer: .ones, dtype: .float32, isLearned: false,
            generator: &generator)
        if configuration.useBias {
            bias = addParameter(
                "bias", shape: [units], initializer: .zeros, dtype: .float32, isLearned: false,
                generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        Shape(inputShape.sizes.dropLast() + [configuration.units])
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let operands = QuantizedOperands(
            kernel: built(kernel), scales: built(kernelScale).value, bias: bias?.value,
            arithmetic: CodeArithmetic(
                input: configuration.input.codes, output: configuration.output?.codes,
                clamp: configuration.activation.clamp ?? .identity))
        return configuration.activation.behind(operands.dense(input.value), dtype)
    }
}

extension ActivationFunction {
    /// The rest of a layer whose clamp, if the function is one, has been applied: codes as they are, numbers in the layer's
    /// type.
    func behind(_ result: Tensor, _ dtype: DType) -> Variable {
        if result.dtype == .uint8 { return Variable(result) }
        let output = Variable(dtype == .float32 ? result : result.cast(to: dtype))
        return clamp == nil ? self(output) : output
    }
}
