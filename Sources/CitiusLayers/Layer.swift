import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor
import Synchronization

/// A part of a network: it maps inputs to outputs, may own parameters and may be made of further layers.
///
/// A layer of your own with one input and one output overrides `forward`, and `build` if it owns parameters, and
/// `outputShape` if the shape changes:
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
/// One of several inputs or outputs overrides the forms of these methods that take and give arrays; for several
/// inputs and one output see `MergingLayer`. One that is made of other layers lists them:
///
/// ```swift
/// final class Perceptron: Layer {
///     let hidden = Dense(64, activation: .relu, name: "hidden")
///     let output = Dense(10, name: "output")
///     override var sublayers: [Layer] { [hidden, output] }
///
///     override func forward(_ input: Variable, in context: Context) -> Variable {
///         output(hidden(input, in: context), in: context)
///     }
/// }
/// ```
///
/// Shapes given to `build` and `outputShape` are those of one sample: without the batch axis.
open class Layer {
    /// Unique among the layers of a model or of a layer. Empty until one takes the layer, unless it was given: it is
    /// then named after its type, in snake case, numbered from the second on (Keras's pattern).
    public package(set) var name: String

    public init(name: String? = nil) { self.name = name ?? "" }

    /// How messages call the layer: its type, and its name if it has one.
    public final var label: String { name.isEmpty ? typeName : "\(typeName) \"\(name)\"" }

    /// What kind of layer it is, as summaries and messages say it.
    package var typeName: String { "\(type(of: self))" }

    // MARK: What a layer is made of

    /// The layers that this one is made of, in the order of their weights. Their parameters are this one's too, and
    /// they follow its `dtype` and `isTrainable`.
    open var sublayers: [Layer] { [] }

    /// Where Keras keeps each sublayer's weights, below this layer's group: the attribute that holds it. By default its
    /// name.
    package var kerasAttributes: [String] { sublayers.map { $0.name } }

    /// The parameters that `build` made, in order, without those of sublayers.
    public private(set) final var ownParameters: [Parameter] = []

    /// All parameters, each once: the layer's own in the order in which `build` made them, then those of its
    /// sublayers. This is Keras's order of weights.
    public final var parameters: [Parameter] {
        let sublayers = sublayers
        if sublayers.isEmpty { return ownParameters }
        var all: [Parameter] = []
        all.reserveCapacity(2 * sublayers.count)
        var seen = Set<ObjectIdentifier>(minimumCapacity: 2 * sublayers.count)
        func visit(_ layer: Layer, _ sublayers: [Layer]) {
            for parameter in layer.ownParameters where seen.insert(ObjectIdentifier(parameter)).inserted {
                all.append(parameter)
            }
            for sublayer in sublayers { visit(sublayer, sublayer.sublayers) }
        }
        visit(self, sublayers)
        return all
    }

    /// All parameters by their paths, `encoder/attention/query/kernel`: the names of the layers on the way to them,
    /// from the first below this one, then their own. A parameter that layers share has the first path to it.
    public final var namedParameters: [(path: String, parameter: Parameter)] {
        var seen: Set<ObjectIdentifier> = []
        var result: [(path: String, parameter: Parameter)] = []
        func visit(_ layer: Layer, _ prefix: String) {
            for parameter in layer.ownParameters where seen.insert(ObjectIdentifier(parameter)).inserted {
                result.append((prefix + parameter.name, parameter))
            }
            for sublayer in layer.sublayers { visit(sublayer, prefix + sublayer.name + "/") }
        }
        visit(self, "")
        return result
    }

    /// The number of elements of all parameters.
    public final var parameterCount: Int { parameters.reduce(0) { $0 + $1.shape.count } }

    /// False holds all of the layer's parameters fixed, those of sublayers too.
    ///
    /// True once more, it frees what it held; sublayers and parameters that were frozen by themselves stay so. Within
    /// a frozen layer it reads false, whatever it is set to. Layers that behave otherwise in training, such as
    /// `BatchNormalization`, then behave as in inference, as in Keras.
    public final var isTrainable: Bool {
        get { ownIsTrainable && !isFrozenFromAbove }
        set {
            ownIsTrainable = newValue
            freezeParts()
        }
    }
    private var ownIsTrainable = true
    private var isFrozenFromAbove = false

    private func freezeParts() {
        for parameter in ownParameters { parameter.isFrozenByLayer = !isTrainable }
        for sublayer in sublayers where sublayer.isFrozenFromAbove == isTrainable {
            sublayer.isFrozenFromAbove = !isTrainable
            sublayer.freezeParts()
        }
    }

    /// The type of the parameters and of the computation. Set it before the layer is built.
    public final var dtype = DType.float32 {
        didSet { for sublayer in sublayers where !sublayer.isBuilt { sublayer.dtype = dtype } }
    }

    /// A penalty on each output, divided by the batch's size, that every pass adds to the loss. Set it before a model
    /// takes the layer.
    ///
    /// ```swift
    /// let code = Dense(32, activation: .relu)
    /// code.activityRegularizer = .l1(1e-4)   // few units active at a time
    /// ```
    public final var activityRegularizer: Regularizer?

    /// Whether `activityRegularizer` is a penalty on the layer's own outputs; false where it is one on its parts' alone.
    package var regularizesOutputs: Bool { true }

    // MARK: Building

    /// The shape of one sample of the first input that the layer was built for; nil before.
    public final var inputShape: Shape? { inputShapes?.first }
    /// As `inputShape`, of each input.
    public private(set) final var inputShapes: [Shape]?
    /// The shape of one sample of each output, for the inputs that the layer was built for; nil before.
    public package(set) final var outputShapes: [Shape]?
    public final var isBuilt: Bool { builtFlag.load(ordering: .acquiring) }
    /// Atomic, since any number of threads may call a layer.
    private let builtFlag = Atomic<Bool>(false)

    /// Makes the parameters for samples of this shape. Called once, by `buildIfNeeded`. Traps if the layer cannot take
    /// such samples.
    open func build(inputShape: Shape, generator: inout RandomGenerator) {}

    /// Makes the parameters for samples of these shapes, one for each input. By default the form for one input.
    ///
    /// Sublayers that it does not build are built afterwards, by passing one sample of zeros through `forward`.
    open func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        build(inputShape: onlyInput(of: inputShapes), generator: &generator)
    }

    /// Builds the layer for samples of this shape, once.
    public final func buildIfNeeded(inputShape: Shape, generator: inout RandomGenerator) {
        buildIfNeeded(inputShapes: [inputShape], generator: &generator)
    }

    /// Builds the layer for samples of these shapes, one for each input; nothing happens if it is built.
    ///
    /// From `build`, use it for sublayers. Not for several threads at once. Traps if the layer cannot take such
    /// samples.
    public final func buildIfNeeded(inputShapes: [Shape], generator: inout RandomGenerator) {
        guard !isBuilt else { return }
        check(inputShapes)
        let stream = RandomStream(generator)
        buildStream = stream
        prepareSublayers()
        let shapes: [Shape]
        if sublayers.isEmpty {
            shapes = outputShapes(for: inputShapes)
            build(inputShapes: inputShapes, generator: &stream.generator)
        } else {
            build(inputShapes: inputShapes, generator: &stream.generator)
            let stated = outputShapes(for: inputShapes)
            shapes = sublayers.allSatisfy { $0.isBuilt } ? stated : shapesOfForward(inputShapes)
        }
        freezeParts()
        self.inputShapes = inputShapes
        outputShapes = shapes
        buildStream = nil
        generator = stream.generator
        builtFlag.store(true, ordering: .releasing)
    }
    /// Where random numbers come from while the layer is being built.
    private var buildStream: RandomStream?

    /// Where random numbers come from when the layer is built by being asked for its shape.
    package final var ownStream: RandomStream?

    /// Gives sublayers names that occur once, this layer's dtype, and what it holds fixed.
    package final func prepareSublayers() {
        let sublayers = sublayers
        guard !sublayers.isEmpty else { return }
        var names = LayerNames()
        names.give(to: sublayers, in: label)
        for (sublayer, attribute) in zip(sublayers, kerasAttributes) where !sublayer.isBuilt {
            sublayer.dtype = dtype
            sublayer.parameterSource = parameterSource?.within(sublayer.name, attribute: attribute)
        }
        freezeParts()
    }

    /// Where the parameters' first values come from; nil: from their initializers.
    package final var parameterSource: ParameterSource?

    /// Lets go of where this layer's and its sublayers' values came from.
    package final func dropParameterSource() {
        parameterSource = nil
        for sublayer in sublayers { sublayer.dropParameterSource() }
    }

    /// The outputs' shapes, as `forward` makes them of one sample of zeros; builds what is not built yet.
    private func shapesOfForward(_ inputShapes: [Shape]) -> [Shape] {
        if buildStream == nil && !isBuilt {
            let stream = ownStream ?? RandomStream()
            buildIfNeeded(inputShapes: inputShapes, generator: &stream.generator)
        }
        if let known = outputShapes, inputShapes == self.inputShapes { return known }
        // `build` may have made some.
        prepareSublayers()
        let context = Context(tape: nil, isTraining: false, random: buildStream ?? RandomStream())
        let samples = inputShapes.enumerated().map { index, shape in
            Variable(Tensor(zeros: shape.prepending(1), dtype: inputDType(at: index)))
        }
        return forward(samples, in: context).map { $0.shape.droppingFirst() }
    }

    /// What a model converts an input's elements to where no `Input` says so: by default the layer's own type. A layer
    /// that takes indices overrides it.
    open func inputDType(at index: Int) -> DType { dtype }

    /// Makes a parameter and adds it to the layer's. For use in `build`.
    ///
    /// - Parameters:
    ///   - dtype: of statistics that are counted; nil: the layer's.
    ///   - isLearned: whether gradient descent trains it; false for statistics that the layer keeps itself.
    public final func addParameter(
        _ name: String, shape: Shape, initializer: Initializer, dtype: DType? = nil, isLearned: Bool = true,
        regularizer: Regularizer? = nil, constraint: Constraint? = nil, generator: inout RandomGenerator
    ) -> Parameter {
        let dtype = dtype ?? self.dtype
        require(
            !ownParameters.contains { $0.name == name },
            "\(label): two parameters are called \"\(name)\"; each needs a name of its own")
        let value =
            parameterSource?.value(named: name, shape: shape, dtype: dtype)
            ?? initializer(shape, dtype: dtype, generator: &generator)
        let parameter = Parameter(name: name, value: value, isLearned: isLearned)
        parameter.regularizer = regularizer
        parameter.constraint = constraint
        parameter.isFrozenByLayer = !isTrainable
        ownParameters.append(parameter)
        return parameter
    }

    // MARK: Shapes

    /// What keeps the layer from taking samples of these shapes, one for each input, in words that follow its name;
    /// nil if nothing does. Checked before the layer is built and where it is called on a graph's outputs.
    ///
    /// By default a layer takes samples of any shape.
    open func fault(ofInputs shapes: [Shape]) -> String? { nil }

    /// Whether the layer may be called on more than one input. What a file describes is checked against it: a layer of
    /// several inputs that is to be loaded overrides it.
    open var takesSeveralInputs: Bool { false }

    /// The shapes of one sample of each output. Traps if the layer cannot take such samples.
    package final func checkedOutputShapes(for inputShapes: [Shape]) -> [Shape] {
        check(inputShapes)
        return outputShapes(for: inputShapes)
    }

    private func check(_ inputShapes: [Shape]) {
        require(!inputShapes.isEmpty, "\(label): no inputs, expected at least one")
        if let fault = fault(ofInputs: inputShapes) { fail("\(label): \(fault)") }
    }

    /// The shape of one output sample; by default the input's, or, of a layer that is made of others, what `forward`
    /// gives for one sample of zeros. Asked only for samples that the layer can take; see `fault(ofInputs:)`.
    open func outputShape(for inputShape: Shape) -> Shape {
        sublayers.isEmpty ? inputShape : shapesOfForward([inputShape])[0]
    }

    /// The shapes of one sample of each output. By default the form for one input and one output.
    open func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        if inputShapes.count != 1 && !sublayers.isEmpty { return shapesOfForward(inputShapes) }
        return [outputShape(for: onlyInput(of: inputShapes))]
    }

    // MARK: Computing

    /// Computes the output of a batch.
    open func forward(_ input: Variable, in context: Context) -> Variable {
        fail("\(type(of: self)): forward(_:in:) is not overridden")
    }

    /// Computes the outputs of a batch of which each input is given. By default the form for one of each.
    open func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        require(inputs.count == 1, "\(label): \(inputs.count) inputs, expected 1")
        return [forward(inputs[0], in: context)]
    }

    /// Whether a mask of the input is one of the output too, as it is where steps are computed one by one. False drops
    /// it.
    open var supportsMasking: Bool { false }

    /// The masks of outputs that `forward` gave none: by default the first input's, if the layer supports masking.
    ///
    /// Called only where an input has a mask. Source: Keras's `compute_mask`.
    open func outputMask(for inputs: [Variable], output: Variable) -> Tensor? {
        supportsMasking ? inputs[0].mask : nil
    }

    /// Computes the output of a batch; builds the layer first if that has not happened.
    ///
    /// Traps if the layer cannot take such samples or was built for others, or if it has several outputs.
    public final func callAsFunction(_ input: Variable, in context: Context = .inference) -> Variable {
        if let unaryForward, input.mask == nil, isBuilt, activityRegularizer == nil {
            return unaryForward(input, context)
        }
        return onlyOutput(of: outputs(of: [input], in: context))
    }

    /// Computes one output of one input without the arrays of the general form: a small prediction takes microseconds.
    package final var unaryForward: ((_ input: Variable, _ context: Context) -> Variable)?

    /// The output of a layer of several inputs.
    public final func callAsFunction(
        _ first: Variable, _ second: Variable, _ others: Variable..., in context: Context = .inference
    ) -> Variable {
        onlyOutput(of: outputs(of: [first, second] + others, in: context))
    }

    /// The output of a layer for as many inputs as there are.
    public final func callAsFunction(_ inputs: [Variable], in context: Context = .inference) -> Variable {
        onlyOutput(of: outputs(of: inputs, in: context))
    }

    /// What the layer makes of a batch in inference: the output for plain numbers.
    ///
    /// Integers become the layer's real numbers, unless it takes integers.
    public final func callAsFunction(_ input: Tensor) -> Tensor { self(input, in: .inference).value }

    /// The output of a batch of plain numbers, as constants of the pass.
    public final func callAsFunction(_ input: Tensor, in context: Context) -> Variable {
        let dtype = inputDType(at: 0)
        let isConverted = dtype.isFloatingPoint && !input.dtype.isFloatingPoint
        return self(Variable(isConverted ? input.cast(to: dtype) : input), in: context)
    }

    /// All outputs of a batch, for layers that may have several; builds the layer first if that has not happened.
    ///
    /// Traps if the layer cannot take such samples or was built for others.
    public final func outputs(of inputs: [Variable], in context: Context = .inference) -> [Variable] {
        if !isBuilt {
            let shapes = inputs.map { input in
                require(
                    input.shape.rank >= 1,
                    "\(label): the input is a scalar, expected a batch of samples [batch, …]")
                return input.shape.droppingFirst()
            }
            buildIfNeeded(inputShapes: shapes, generator: &context.random.generator)
        }
        var outputs = forward(inputs, in: context)
        if inputs.contains(where: { $0.mask != nil }) {
            for index in outputs.indices where outputs[index].mask == nil {
                outputs[index].mask = outputMask(for: inputs, output: outputs[index])
            }
        }
        if let activityRegularizer, regularizesOutputs {
            for output in outputs { addActivityLoss(activityRegularizer, of: output, in: context) }
        }
        return outputs
    }

    /// Adds a penalty on an output to the loss, divided by the batch's size, as in Keras, so that its strength does not
    /// depend on that.
    package final func addActivityLoss(
        _ regularizer: Regularizer, of output: Variable, in context: Context
    ) {
        let batch = output.shape.rank > 0 ? output.shape[0] : 1
        if batch > 0 { context.add(loss: regularizer(output) / Double(batch)) }
    }

    // MARK: Shared by the layers here

    /// The only input's; traps if there are more or fewer.
    private func onlyInput<T>(of inputs: [T]) -> T {
        require(inputs.count == 1, "\(label): \(inputs.count) inputs, expected 1")
        return inputs[0]
    }

    private func onlyOutput(of outputs: [Variable]) -> Variable {
        require(
            outputs.count == 1,
            "\(label): it has \(outputs.count) outputs, expected 1; ask for all by outputs(of:in:)")
        return outputs[0]
    }

    /// The fault of samples that do not have the given axes.
    package final func faultUnlessRank(_ rank: Int, _ axes: String, of inputShape: Shape) -> String? {
        inputShape.rank == rank
            ? nil
            : "samples of shape \(inputShape) have rank \(inputShape.rank), expected \(rank) [\(axes)]"
    }

    /// The parameter that `build` made. Traps before.
    package final func built(_ parameter: Parameter?) -> Parameter {
        guard let parameter else { fail("\(label): forward was called before the layer was built") }
        return parameter
    }
}
