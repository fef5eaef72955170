import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// A fully connected layer: y = activation(x · kernel + bias), along the last axis. Follows
/// `keras.layers.Dense`.
///
/// # Shapes
/// [batch, …, inputs] → [batch, …, units]; kernel [inputs, units], bias [units].
public final class Dense: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var units: Int
        public var activation: ActivationFunction = .linear
        public var useBias = true
        public var kernelInitializer: Initializer = .glorotUniform
        public var biasInitializer: Initializer = .zeros
        public var kernelRegularizer: Regularizer?
        public var biasRegularizer: Regularizer?
        public var kernelConstraint: Constraint?
        public var biasConstraint: Constraint?

        public var fault: String? { faultUnlessPositive("units", units) }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// [inputs, units]; nil before the layer is built.
    public private(set) var kernel: Parameter?
    /// [units]; nil before the layer is built, or if it has none.
    public private(set) var bias: Parameter?

    /// - Parameters:
    ///   - units: the number of outputs.
    ///
    /// Traps if the number of units is not positive.
    public convenience init(
        _ units: Int, activation: ActivationFunction = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                units: units, activation: activation, useBias: useBias, kernelInitializer: kernelInitializer,
                biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer,
                biasRegularizer: biasRegularizer, kernelConstraint: kernelConstraint,
                biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        guard shapes[0].rank >= 1 else { return "samples are scalars, expected [.., inputs]" }
        let inputs = inputShape?[-1] ?? shapes[0][-1]
        return shapes[0][-1] == inputs
            ? nil
            : "samples of shape \(shapes[0]), expected the last axis to be the \(inputs) that it was built for"
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let units = configuration.units
        kernel = addParameter(
            "kernel", shape: [inputShape[-1], units], initializer: configuration.kernelInitializer,
            regularizer: configuration.kernelRegularizer, constraint: configuration.kernelConstraint,
            generator: &generator)
        if configuration.useBias {
            bias = addParameter(
                "bias", shape: [units], initializer: configuration.biasInitializer,
                regularizer: configuration.biasRegularizer, constraint: configuration.biasConstraint,
                generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        Shape(inputShape.sizes.dropLast() + [configuration.units])
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        forward([input], in: context, epilogue: Epilogue())
    }
}

extension Dense: EpilogueLayer {
    package func takes(_ epilogue: Epilogue, inputCount: Int) -> Bool {
        epilogue.pool == nil && configuration.activation.clamp == .identity
    }

    package func forward(_ inputs: [Variable], in context: Context, epilogue: Epilogue) -> Variable {
        let (input, kernel, activation) = (inputs[0], built(kernel), configuration.activation)
        require(
            input.shape[-1] == kernel.shape[0],
            "\(label): input \(input.shape), expected the last axis to be the \(kernel.shape[0]) that the layer was built for"
        )
        let output = input.dense(
            context[kernel], bias: bias.map { context[$0] }, epilogue: epilogue.after(activation),
            acceleration: context.acceleration)
        return activation.clamp == nil ? activation(output) : output
    }
}
