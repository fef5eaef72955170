import CitiusAutograd
import CitiusKernels
import CitiusLayers
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

/// A layer made of layers that can be trained: compile it, fit it, evaluate it, predict with it.
///
/// `Sequential` is the model whose layers follow one another. One of your own lists its layers and says how
/// a batch passes through them:
///
/// ```swift
/// final class Residual: Model {
///     let first = Dense(64, activation: .relu)
///     let second = Dense(64)
///     override var layers: [Layer] { [first, second] }
///
///     override func forward(_ input: Variable, in context: Context) -> Variable {
///         input + second(first(input, in: context), in: context)
///     }
/// }
/// ```
///
/// One whose layers part and meet again needs no class: draw it from an `Input`, see `init(inputs:outputs:)`.
///
/// A model is a layer itself: it nests in others.
open class Model: Layer {
    /// Where the model's first weights, its dropout masks and its shuffles are drawn from. Models made with
    /// the same seed do the same, to the last bit.
    public final var generator: RandomGenerator

    /// Whether the seed was given. A model without one takes its random numbers from the model it is part of.
    private let isSeeded: Bool

    /// What the model uses to be fast. Everything by default; results are the same within float rounding.
    ///
    /// ```swift
    /// model.acceleration = .none      // layer by layer, by the general kernels
    /// ```
    public final var acceleration = Acceleration.full

    /// A pass that predicts, as fast as `acceleration` allows.
    final var inference: Context {
        Context(
            tape: nil, isTraining: false, generator: RandomGenerator(seed: 0), acceleration: acceleration)
    }

    /// Set to end the running `fit` after the batch; reset when the next begins.
    public final var stopTraining = false

    /// The layers of a model made of inputs and outputs; nil for others.
    final private(set) var graph: LayerGraph?

    /// What `compile` was given; nil before.
    final var compilation: Compilation?

    /// - Parameters:
    ///   - seed: of everything random that the model does; nil takes one at random.
    ///   - dtype: the type of the weights and of the computation. Traps unless float32 or float64.
    public init(name: String? = nil, seed: UInt64? = nil, dtype: DType = .float32) {
        require(dtype.isFloatingPoint, "Model: dtype is \(dtype), expected float32 or float64")
        var system = SystemRandomNumberGenerator()
        generator = RandomGenerator(seed: seed ?? system.next())
        isSeeded = seed != nil
        super.init(name: name)
        self.dtype = dtype
    }

    /// A model of all layers that lie between inputs and outputs. It is built at once.
    ///
    /// ```swift
    /// let features = Input(8)
    /// let hidden = Dense(8, activation: .relu)(features)
    /// let model = Model(inputs: features, outputs: Dense(1)(Add()(features, hidden)))
    /// ```
    ///
    /// Layers that are built already, by another model of the same graph, keep their parameters and share them. So
    /// do models that were built before they were called, and models of one's own that leave `outputShape` as it is:
    /// calling them builds them, by their own seed and of their own dtype. Follows `keras.Model(inputs, outputs)`,
    /// with one input and one output.
    ///
    /// - Parameters:
    ///   - seed: of everything random that the model does; nil takes one at random.
    ///   - dtype: the type of the weights and of the computation. Traps unless float32 or float64.
    ///
    /// Traps if the outputs do not depend on the inputs or depend on another `Input`, or if two layers have one name.
    public convenience init(
        inputs: Input, outputs: some Symbolic, name: String? = nil, seed: UInt64? = nil,
        dtype: DType = .float32
    ) {
        self.init(name: name, seed: seed, dtype: dtype)
        graph = LayerGraph(from: inputs, to: outputs.symbol, model: label)
        build(inputShape: inputs.shape)
    }

    /// The type of the weights and of the computation, of all layers that are not built yet.
    open override var dtype: DType {
        didSet { for layer in layers where !layer.isBuilt { layer.dtype = dtype } }
    }

    // MARK: Layers and weights

    /// The layers that the model is made of, in the order of their weights.
    open var layers: [Layer] { graph?.layers ?? [] }

    /// The model's own parameters, then those of its layers; each once.
    open override var parameters: [Parameter] {
        let all = super.parameters + layers.flatMap { $0.parameters }
        var seen = Set<ObjectIdentifier>(minimumCapacity: all.count)
        return all.filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    /// False holds all of the model's parameters fixed, now and once they are built.
    open override var isTrainable: Bool {
        didSet { for layer in layers { layer.isTrainable = isTrainable } }
    }

    /// The values of all parameters in Keras's order: layer by layer, in each as the layer made them.
    ///
    /// Traps when set to tensors of other numbers, shapes or types than the parameters'.
    public final var weights: [Tensor] {
        get { parameters.map { $0.value } }
        set {
            let parameters = parameters
            require(
                newValue.count == parameters.count,
                "weights: \(newValue.count) tensors for the \(parameters.count) parameters of \(label)"
                    + (isBuilt ? "" : ", which is not built yet"))
            for (index, (parameter, value)) in zip(parameters, newValue).enumerated() {
                require(
                    parameter.value.shape == value.shape && parameter.value.dtype == value.dtype,
                    "weights: tensor \(index) is \(value.dtype) \(value.shape), expected "
                        + "\(parameter.value.dtype) \(parameter.value.shape) for \(parameter.name)")
                parameter.value = value
            }
        }
    }

    /// The layer of that name. Traps if there is none.
    public final func layer(named name: String) -> Layer {
        guard let layer = layers.first(where: { $0.name == name }) else {
            let names = layers.map { $0.label }.joined(separator: ", ")
            fail("layer(named:): \(label) has no layer \"\(name)\", expected one of \(names)")
        }
        return layer
    }

    /// Computes the output of a batch: by the graph of a model made of inputs and outputs; others override it.
    open override func forward(_ input: Variable, in context: Context) -> Variable {
        graph?.forward(input, in: context) ?? super.forward(input, in: context)
    }

    // MARK: Building

    /// Builds the layers: those of a graph in its order, others by passing one sample of zeros through `forward`.
    open override func build(inputShape: Shape, generator: inout RandomGenerator) {
        prepareLayers(&generator)
        if let graph { return graph.build(&generator) }
        let context = Context(tape: nil, isTraining: false, generator: generator)
        _ = forward(Variable(Tensor(zeros: inputShape.prepending(1), dtype: dtype)), in: context)
        generator = context.generator
    }

    /// The shape of the output. A graph knows it, and traps if the samples are others than it was made for; else it
    /// is found by passing one sample of zeros through `forward`, which builds layers that are not built yet.
    open override func outputShape(for inputShape: Shape) -> Shape {
        if let graph {
            let (expected, output) = (graph.nodes[0].shape, graph.nodes[graph.output].shape)
            require(inputShape == expected, "\(label): samples of shape \(inputShape), expected \(expected)")
            return output
        }
        if !isBuilt { prepareLayers(&generator) }
        let context = Context(tape: nil, isTraining: false, generator: generator)
        let sample = Variable(Tensor(zeros: inputShape.prepending(1), dtype: dtype))
        let shape = forward(sample, in: context).shape.droppingFirst()
        if !isBuilt { generator = context.generator }
        return shape
    }

    /// Builds the model for samples of this shape with its own generator, unless it is built.
    public final func build(inputShape: Shape) {
        var generator = generator
        buildIfNeeded(inputShape: inputShape, generator: &generator)
        self.generator = generator
    }

    /// Makes the layers the model's: gives them names, its dtype and, where they are models, random numbers.
    private func prepareLayers(_ generator: inout RandomGenerator) {
        var names = LayerNames()
        for layer in layers { names.reserve(layer.name, in: label) }
        for layer in layers {
            adopt(layer, &names)
            (layer as? Model)?.inherit(&generator)
        }
    }

    final func adopt(_ layer: Layer, _ names: inout LayerNames) {
        if layer.name.isEmpty { layer.name = names.next(for: layer) }
        if !layer.isBuilt { layer.dtype = dtype }
        if !isTrainable { layer.isTrainable = false }
    }

    /// Draws further random numbers from those of the model around, unless the seed was given.
    final func inherit(_ generator: inout RandomGenerator) {
        if !isSeeded && !isBuilt { self.generator = generator.split() }
    }
}

// MARK: Compiling

/// What a model is trained with.
struct Compilation {
    let optimizer: Optimizer
    let loss: Loss
    let metrics: [Metric]
    let weightedMetrics: [Metric]
    let lossMean = Mean(name: "loss")

    func reset() {
        lossMean.reset()
        for metric in metrics + weightedMetrics { metric.reset() }
    }

    /// The loss and metrics since the last reset.
    var scores: Scores {
        var scores: Scores = ["loss": lossMean.result]
        for metric in metrics + weightedMetrics { scores[metric.name] = metric.result }
        return scores.sorted
    }
}

extension Model {
    /// Says what the model is trained with. The weights stay as they are.
    ///
    /// - Parameters:
    ///   - metrics: computed of every sample alike.
    ///   - weightedMetrics: computed with the samples' weights, where there are any.
    ///
    /// Traps if two metrics have one name.
    public final func compile(
        optimizer: Optimizer, loss: Loss, metrics: [Metric] = [], weightedMetrics: [Metric] = []
    ) {
        var names: Set<String> = ["loss"]
        for metric in metrics + weightedMetrics {
            require(
                names.insert(metric.name).inserted,
                "compile: two metrics are called \"\(metric.name)\"; name one of them otherwise")
        }
        compilation = Compilation(
            optimizer: optimizer, loss: loss, metrics: metrics, weightedMetrics: weightedMetrics)
    }

    /// What changes the weights; nil before `compile`.
    public final var optimizer: Optimizer? { compilation?.optimizer }

    /// What training makes small; nil before `compile`.
    public final var loss: Loss? { compilation?.loss }

    /// What `compile` was given, without the loss.
    public final var metrics: [Metric] { compilation.map { $0.metrics + $0.weightedMetrics } ?? [] }

    final func compiled(for operation: String) -> Compilation {
        guard let compilation else {
            fail("\(operation): the model is not compiled; call compile(optimizer:loss:metrics:) first")
        }
        return compilation
    }
}
