import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// A fully connected layer: y = activation(x · kernel + bias), along the last axis. Follows
/// `keras.layers.Dense`.
///
/// # Shapes
/// [batch, …, inputs] → [batch, …, units]; kernel [inputs, units], bias [units].
public final class Dense: Layer {
    public let units: Int
    public let activation: ActivationFunction
    private let usesBias: Bool
    private let kernelInitializer: Initializer
    private let biasInitializer: Initializer
    private var kernel: Parameter?
    private var bias: Parameter?

    /// Traps if the number of units is not positive.
    public init(
        _ units: Int, activation: ActivationFunction = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        name: String? = nil
    ) {
        require(units > 0, "Dense: units is \(units), expected a positive number")
        self.units = units
        self.activation = activation
        usesBias = useBias
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        super.init(name: name)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        kernel = addParameter(
            "kernel", shape: [inputShape[-1], units], initializer: kernelInitializer, generator: &generator)
        if usesBias {
            bias = addParameter("bias", shape: [units], initializer: biasInitializer, generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        require(inputShape.rank >= 1, "\(label): samples are scalars, expected [.., inputs]")
        return Shape(inputShape.sizes.dropLast() + [units])
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        forward(input, in: context, epilogue: Epilogue(clamp: activation.clamp ?? .identity))
    }

    /// Whether a clamp behind the layer can be computed in its own pass.
    package var takesClamp: Bool { activation.clamp == .identity }

    /// With an epilogue, which takes the place of the layer's activation if that is a clamp.
    package func forward(_ input: Variable, in context: Context, epilogue: Epilogue) -> Variable {
        guard let kernel else { fail("\(label): forward was called before the layer was built") }
        require(
            input.shape[-1] == kernel.shape[0],
            "\(label): input \(input.shape), expected the last axis to be the \(kernel.shape[0]) that the layer was built for"
        )
        let output = input.dense(context[kernel], bias: bias.map { context[$0] }, epilogue: epilogue)
        return activation.clamp == nil ? activation(output) : output
    }
}
