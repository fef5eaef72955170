import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// What the projections of an attention layer are made with.
struct ProjectionOptions {
    let useBias: Bool
    let kernelInitializer: Initializer
    let biasInitializer: Initializer
    let kernelRegularizer: Regularizer?
    let biasRegularizer: Regularizer?
    let kernelConstraint: Constraint?
    let biasConstraint: Constraint?
}

/// A dense layer between features and heads, as Keras's attention layers have them as `EinsumDense`.
///
/// # Shapes
/// To the heads, [batch, …, features] → [batch, …, heads, depth], with a kernel [features, heads, depth] and a bias [heads,
/// depth]; from the heads, [batch, …, heads, depth] → [batch, …, outputs…], with a kernel [heads, depth, outputs…] and a
/// bias [outputs…].
final class HeadProjection: Layer {
    private let inputAxes: Int
    private let outputs: [Int]
    private let options: ProjectionOptions
    private var kernel: Parameter?
    private var bias: Parameter?

    /// To the heads.
    init(_ name: String, heads: Int, depth: Int, _ options: ProjectionOptions) {
        inputAxes = 1
        outputs = [heads, depth]
        self.options = options
        super.init(name: name)
    }

    /// From the heads to outputs of these sizes.
    init(_ name: String, to outputs: [Int], _ options: ProjectionOptions) {
        inputAxes = 2
        self.outputs = outputs
        self.options = options
        super.init(name: name)
    }

    override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let inputs = Array(inputShape.sizes.suffix(inputAxes))
        kernel = addParameter(
            "kernel", shape: Shape(inputs + outputs), initializer: options.kernelInitializer,
            regularizer: options.kernelRegularizer, constraint: options.kernelConstraint,
            generator: &generator)
        if options.useBias {
            bias = addParameter(
                "bias", shape: Shape(outputs), initializer: options.biasInitializer,
                regularizer: options.biasRegularizer, constraint: options.biasConstraint,
                generator: &generator)
        }
    }

    override func outputShape(for inputShape: Shape) -> Shape {
        Shape(inputShape.sizes.dropLast(inputAxes) + outputs)
    }

    override func forward(_ input: Variable, in context: Context) -> Variable {
        let sizes = input.shape.sizes
        let inputs = sizes.suffix(inputAxes).reduce(1, *)
        let width = outputs.reduce(1, *)
        let flat = inputAxes == 1 ? input : input.reshaped(Array(sizes.dropLast(2)) + [inputs])
        let output = flat.dense(
            context[built(kernel)].reshaped(to: [inputs, width]),
            bias: bias.map { context[$0].reshaped(to: [width]) })
        return outputs.count == 1
            ? output : output.reshaped(to: Shape(Array(sizes.dropLast(inputAxes)) + outputs))
    }
}
