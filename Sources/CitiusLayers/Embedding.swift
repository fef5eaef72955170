import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Turns indices into vectors: row i of a learned table for the index i. Follows `keras.layers.Embedding`.
///
/// ```swift
/// let model = Sequential {
///     Input(nil, dtype: .int64)                   // sequences of token numbers
///     Embedding(20_000, 128, maskZero: true)      // 0 is padding
/// }
/// ```
///
/// Indices are integers from 0 to `inputDim` − 1; real numbers are truncated. An index outside of that traps, and the
/// message names the layer, the index and its place: nothing is read beside the table.
///
/// With `maskZero`, the output has a mask that leaves out the steps whose index is 0: layers behind it that read masks
/// (recurrent layers, attention, pooling over steps) pass over them, and so do losses.
///
/// # Gradients
/// Only the rows that were read have a gradient, and no other is stored. An optimizer's step over the others changes
/// them nevertheless where its means go on to move them, in Keras as here: `Adam`, `AdamW` and `SGD` take such steps
/// later, when the row is next read, with the same bits as if they had been taken at once (plain `SGD` has nothing to
/// take). Where a step needs the whole gradient or value, as with a regularizer, a constraint, clipping by a norm,
/// averaged weights, accumulated gradients, another optimizer, or a table that is used otherwise too (tied weights),
/// the whole table takes every step at once.
///
/// # Shapes
/// [batch, …] → [batch, …, outputDim]; embeddings [inputDim, outputDim].
public final class Embedding: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// How many indices there are: 0 to inputDim − 1.
        public var inputDim: Int
        /// The length of each vector.
        public var outputDim: Int
        public var embeddingsInitializer: Initializer = .randomUniform()
        public var embeddingsRegularizer: Regularizer?
        public var embeddingsConstraint: Constraint?
        /// Whether index 0 is padding, which the output's mask leaves out.
        public var maskZero = false

        public var fault: String? {
            firstFault(
                faultUnlessPositive("inputDim", inputDim), faultUnlessPositive("outputDim", outputDim),
                countOfElements([max(0, inputDim), max(0, outputDim)]) == nil
                    ? "a table of \(inputDim)×\(outputDim) is too large" : nil)
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// [inputDim, outputDim]; nil before the layer is built.
    public private(set) var embeddings: Parameter?

    /// - Parameters:
    ///   - inputDim: how many indices there are, the padding's included.
    ///   - outputDim: the length of each vector.
    ///   - maskZero: whether index 0 is padding.
    ///
    /// Traps if a number is not positive.
    public convenience init(
        _ inputDim: Int, _ outputDim: Int, maskZero: Bool = false,
        embeddingsInitializer: Initializer = .randomUniform(), embeddingsRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, embeddingsConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                inputDim: inputDim, outputDim: outputDim, embeddingsInitializer: embeddingsInitializer,
                embeddingsRegularizer: embeddingsRegularizer, embeddingsConstraint: embeddingsConstraint,
                maskZero: maskZero),
            name: name)
        self.activityRegularizer = activityRegularizer
    }

    /// As without labels.
    public convenience init(
        inputDim: Int, outputDim: Int, maskZero: Bool = false,
        embeddingsInitializer: Initializer = .randomUniform(), embeddingsRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, embeddingsConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            inputDim, outputDim, maskZero: maskZero, embeddingsInitializer: embeddingsInitializer,
            embeddingsRegularizer: embeddingsRegularizer, activityRegularizer: activityRegularizer,
            embeddingsConstraint: embeddingsConstraint,
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func inputDType(at index: Int) -> DType { .int64 }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        embeddings = addParameter(
            "embeddings", shape: [configuration.inputDim, configuration.outputDim],
            initializer: configuration.embeddingsInitializer,
            regularizer: configuration.embeddingsRegularizer,
            constraint: configuration.embeddingsConstraint, generator: &generator)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        countOfElements(Shape(shapes[0].sizes + [configuration.outputDim])) == nil
            ? "samples of shape \(shapes[0]) are too large" : nil
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        Shape(inputShape.sizes + [configuration.outputDim])
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let (rows, fault) = input.value.rowNumbers(below: configuration.inputDim)
        if let fault {
            let index = input.value.flattened()[fault].scalar
            let place = Self.place(fault, in: input.shape)
            fail(
                "\(label): index \(index == index.rounded() ? "\(Int64(converting: index))" : "\(index)") at "
                    + "\(place) of the input, expected 0 to \(configuration.inputDim - 1), the rows of its table"
            )
        }
        var output = context.rows(of: built(embeddings), at: rows, shape: input.shape)
        if configuration.maskZero { output.mask = Tensor(rows.map { $0 != 0 }, shape: input.shape) }
        return output
    }

    /// Where an element stands, axis by axis.
    private static func place(_ element: Int, in shape: Shape) -> [Int] {
        var rest = element
        var place: [Int] = []
        for size in shape.sizes.reversed() {
            place.insert(rest % size, at: 0)
            rest /= size
        }
        return place
    }
}
