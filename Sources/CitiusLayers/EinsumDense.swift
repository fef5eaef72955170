import CitiusAutograd
import CitiusTensor

/// A dense layer of any shape: the products of input and kernel are summed as an equation says. Follows
/// `keras.layers.EinsumDense`.
///
/// ```
/// y = activation(einsum(equation, x, kernel) + bias)
/// ```
///
/// ```swift
/// EinsumDense("abc,cd->abd", outputShape: [nil, 64], biasAxes: "d")      // Dense(64) along each step
/// EinsumDense("abc,cde->abde", outputShape: [nil, 8, 64], biasAxes: "de") // 8 heads of 64
/// EinsumDense("...x,xy->...y", outputShape: [64])                        // of any rank
/// ```
///
/// # Shapes
/// The equation names the axes of input, kernel and output: `X,Y->Z`, `...X,Y->...Z` or `X...,Y->Z...`. The first axis of
/// input and output is the batch's. Sizes of the kernel's axes come from the input, or from `outputShape`. The bias has
/// the axes of the output from the first of `biasAxes` on, of size 1 where they are not among these.
///
/// The mask ends here, as in Keras.
public final class EinsumDense: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var equation: String
        /// The output's sizes without the batch's and without those of an ellipsis; nil where the input has the axis.
        public var outputShape: [Int?]
        public var activation: ActivationFunction = .linear
        /// The letters of the output's axes that the bias has; nil: there is none.
        public var biasAxes: String?
        public var kernelInitializer: Initializer = .glorotUniform
        public var biasInitializer: Initializer = .zeros
        public var kernelRegularizer: Regularizer?
        public var biasRegularizer: Regularizer?
        public var kernelConstraint: Constraint?
        public var biasConstraint: Constraint?

        public var fault: String? {
            outputShape.contains { ($0 ?? 1) < 1 || ($0 ?? 1) > Int(Int32.max) }
                ? "outputShape is \(outputShape.map { $0.map { "\($0)" } ?? "nil" }), expected positive sizes or nil"
                : nil
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// As the equation says; nil before the layer is built.
    public private(set) var kernel: Parameter?
    /// Broadcasts to the output; nil before the layer is built, or if it has none.
    public private(set) var bias: Parameter?

    /// - Parameters:
    ///   - equation: names the axes of input, kernel and output by letters.
    ///   - outputShape: the output's sizes without the batch's and without those of an ellipsis; nil where the input has
    ///     the axis.
    ///   - biasAxes: the letters of the output's axes that the bias has; nil: there is none.
    ///
    /// Traps if a size is not positive, and, where it is called, if the equation does not fit.
    public convenience init(
        _ equation: String, outputShape: [Int?], activation: ActivationFunction = .linear,
        biasAxes: String? = nil, kernelInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        biasRegularizer: Regularizer? = nil, activityRegularizer: Regularizer? = nil,
        kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                equation: equation, outputShape: outputShape, activation: activation, biasAxes: biasAxes,
                kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
                kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
                kernelConstraint: kernelConstraint, biasConstraint: biasConstraint),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// What the equation means for samples of a shape.
    private struct Analysis {
        var kernelShape: [Int] = []
        var biasShape: [Int]?
        var outputShape: [Int] = []
        /// The kernel's axes that are summed over, and those that the output has.
        var inputAxes: [Int] = []
        var outputAxes: [Int] = []
        var fault: String?

        init(_ configuration: Configuration, _ sample: Shape) {
            fault = read(configuration, sample).map { "\"\(configuration.equation)\": \($0)" }
        }

        /// Returns what does not fit.
        private mutating func read(_ configuration: Configuration, _ sample: Shape) -> String? {
            let terms = configuration.equation.filter { $0 != " " }.split(
                separator: "->", omittingEmptySubsequences: false)
            let operands = terms[0].split(separator: ",", omittingEmptySubsequences: false)
            guard terms.count == 2, operands.count == 2, !operands[1].contains(".") else {
                return "expected an equation of the form X,Y->Z, ...X,Y->...Z or X...,Y->Z..."
            }
            let equation = EinsumEquation(
                configuration.equation, ranks: [sample.rank + 1, operands[1].count])
            if let fault = equation.fault { return fault }
            let (input, kernel, output) = (equation.inputs[0], equation.inputs[1], equation.output)
            guard Set(input).count == input.count, Set(kernel).count == kernel.count else {
                return "a letter stands twice in one term"
            }
            guard output.first == input[0], !kernel.contains(input[0]) else {
                return "the batch's axis, the input's first, must be the output's first and not the kernel's"
            }
            var sizes = Dictionary(uniqueKeysWithValues: zip(input.dropFirst(), sample.sizes))
            let stated = output.dropFirst().filter { $0 >= 0 }
            guard stated.count == configuration.outputShape.count else {
                return
                    "outputShape has \(configuration.outputShape.count) sizes, the equation \(stated.count) axes behind "
                    + "the batch's"
            }
            for (label, size) in zip(stated, configuration.outputShape) {
                guard let size else { continue }
                if let known = sizes[label], known != size {
                    return "outputShape has size \(size) where samples of shape \(sample) have \(known)"
                }
                sizes[label] = size
            }
            func resolved(_ labels: some Sequence<Int>) -> [Int]? {
                let known = labels.map { sizes[$0] }
                return known.contains(nil) ? nil : known.compactMap { $0 }
            }
            guard let kernelShape = resolved(kernel), let outputShape = resolved(output.dropFirst()) else {
                return "the size of an axis follows neither from the input nor from outputShape"
            }
            guard countOfElements(Shape(kernelShape)) != nil, countOfElements(Shape(outputShape)) != nil
            else {
                return "the kernel of shape \(kernelShape) or the output is larger than any memory"
            }
            self.kernelShape = kernelShape
            self.outputShape = outputShape
            inputAxes = kernel.indices.filter { !output.contains(kernel[$0]) }
            outputAxes = kernel.indices.filter { output.contains(kernel[$0]) }
            guard let biasAxes = configuration.biasAxes else { return nil }
            let letters = Set(biasAxes.unicodeScalars.map { Int($0.value) })
            guard let first = output.firstIndex(where: { letters.contains($0) }), first > 0,
                letters.isSubset(of: output)
            else {
                return "biasAxes are \"\(biasAxes)\", expected letters of the output behind the batch's"
            }
            biasShape = output[first...].map { letters.contains($0) ? sizes[$0] ?? 1 : 1 }
            return nil
        }
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let analysis = Analysis(configuration, shapes[0])
        if let fault = analysis.fault { return fault }
        if let kernel, kernel.shape.sizes != analysis.kernelShape {
            return
                "samples of shape \(shapes[0]) need a kernel of shape \(analysis.kernelShape), it was built with "
                + "\(kernel.shape)"
        }
        return nil
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let analysis = Analysis(configuration, inputShape)
        kernel = addParameter(
            "kernel", shape: Shape(analysis.kernelShape),
            initializer: configuration.kernelInitializer.withAxes(
                inputs: analysis.inputAxes, outputs: analysis.outputAxes),
            regularizer: configuration.kernelRegularizer, constraint: configuration.kernelConstraint,
            generator: &generator)
        if let shape = analysis.biasShape {
            bias = addParameter(
                "bias", shape: Shape(shape), initializer: configuration.biasInitializer,
                regularizer: configuration.biasRegularizer, constraint: configuration.biasConstraint,
                generator: &generator)
        }
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        Shape(Analysis(configuration, inputShape).outputShape)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let product = Variable.einsum(configuration.equation, [input, context[built(kernel)]])
        return configuration.activation(bias.map { product + context[$0] } ?? product)
    }
}
