import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// A step of a network: it maps a batch to a batch and may own parameters.
///
/// A layer of your own overrides `forward`, and `build` if it owns parameters, and `outputShape` if the
/// shape changes:
///
/// ```swift
/// final class Scale: Layer {
///     private var factor: Parameter?
///
///     override func build(inputShape: Shape, generator: inout RandomGenerator) {
///         factor = addParameter("factor", shape: [inputShape[-1]], initializer: .ones, generator: &generator)
///     }
///     override func forward(_ input: Variable, in context: Context) -> Variable {
///         guard let factor else { return input }
///         return input * context[factor]
///     }
/// }
/// ```
///
/// Shapes given to `build` and `outputShape` are those of one sample: without the batch axis.
open class Layer {
    /// Unique in a model. Empty until a model takes the layer, unless it was given: the model then names it
    /// after its type, in snake case, numbered from the second on (Keras's pattern).
    public package(set) var name: String

    /// The layer's parameters, in the order in which `build` made them: Keras's order of weights.
    open var parameters: [Parameter] { ownParameters }
    private var ownParameters: [Parameter] = []

    /// False holds all of the layer's parameters fixed.
    open var isTrainable = true {
        didSet { for parameter in parameters { parameter.isFrozen = !isTrainable } }
    }

    /// The shape of one input sample that the layer was built for, the first input's of several; nil before.
    public var inputShape: Shape? { inputShapes?.first }
    public var isBuilt: Bool { inputShapes != nil }
    /// As `inputShape`, of each input: layers of several are `MergingLayer`s.
    package private(set) var inputShapes: [Shape]?

    /// The type of the parameters and of the computation. Set it before the layer is built.
    open var dtype = DType.float32

    public init(name: String? = nil) { self.name = name ?? "" }

    /// Makes the parameters for samples of this shape. Called once, by `buildIfNeeded`. Traps if the layer
    /// cannot take such samples.
    open func build(inputShape: Shape, generator: inout RandomGenerator) {}

    /// The shape of one output sample. Traps if the layer cannot take such samples.
    open func outputShape(for inputShape: Shape) -> Shape { inputShape }

    /// Computes the output of a batch.
    open func forward(_ input: Variable, in context: Context) -> Variable {
        fail("\(type(of: self)): forward(_:in:) is not overridden")
    }

    /// Computes the output of a batch; builds the layer first if that has not happened.
    ///
    /// Traps if the layer cannot take such samples, or was built for others.
    public final func callAsFunction(_ input: Variable, in context: Context = .inference) -> Variable {
        require(
            input.shape.rank >= 1, "\(label): the input is a scalar, expected a batch of samples [batch, …]")
        buildIfNeeded(inputShape: input.shape.droppingFirst(), generator: &context.generator)
        return forward(input, in: context)
    }

    /// Builds the layer for samples of this shape, once.
    public final func buildIfNeeded(inputShape: Shape, generator: inout RandomGenerator) {
        guard !isBuilt else { return }
        buildIfNeeded(inputShapes: [inputShape], generator: &generator)
    }

    /// Makes a parameter and adds it to the layer's. For use in `build`.
    public final func addParameter(
        _ name: String, shape: Shape, initializer: Initializer, isLearned: Bool = true,
        generator: inout RandomGenerator
    ) -> Parameter {
        let value = initializer(shape, dtype: dtype, generator: &generator)
        let parameter = Parameter(name: name, value: value, isLearned: isLearned)
        parameter.isFrozen = !isTrainable
        ownParameters.append(parameter)
        return parameter
    }

    /// How messages call the layer: its type, and its name if it has one.
    public var label: String { name.isEmpty ? "\(type(of: self))" : "\(type(of: self)) \"\(name)\"" }

    /// The number of elements of all parameters.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.shape.count } }

    // MARK: Of any number of inputs

    // How a graph speaks to all layers alike. A layer passes its one input on; a `MergingLayer` overrides them.

    package func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        build(inputShape: inputShapes[0], generator: &generator)
    }

    package func outputShape(for inputShapes: [Shape]) -> Shape { outputShape(for: inputShapes[0]) }

    package func forward(_ inputs: [Variable], in context: Context) -> Variable {
        forward(inputs[0], in: context)
    }

    package final func buildIfNeeded(inputShapes: [Shape], generator: inout RandomGenerator) {
        guard !isBuilt else { return }
        // Asked for its answer's sake and for its checks: a layer that cannot take such samples says so here.
        _ = outputShape(for: inputShapes)
        build(inputShapes: inputShapes, generator: &generator)
        self.inputShapes = inputShapes
    }

    package final func call(_ inputs: [Variable], in context: Context) -> Variable {
        if !isBuilt {
            let shapes = inputs.map { input in
                require(
                    input.shape.rank >= 1,
                    "\(label): the input is a scalar, expected a batch of samples [batch, …]")
                return input.shape.droppingFirst()
            }
            buildIfNeeded(inputShapes: shapes, generator: &context.generator)
        }
        return forward(inputs, in: context)
    }

    // MARK: Shared by the layers here

    /// Traps unless a sample has the given axes.
    package final func requireRank(_ rank: Int, _ axes: String, of inputShape: Shape) {
        require(
            inputShape.rank == rank,
            "\(label): samples of shape \(inputShape) have rank \(inputShape.rank), expected \(rank) [\(axes)]"
        )
    }
}
