import CitiusAutograd
import CitiusData
import CitiusKernels
import CitiusLayers
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor
import Synchronization

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
/// A model is a layer itself: it nests in others. Any number of threads may predict with one model at once; one
/// thread at a time may train or evaluate it.
open class Model: Layer {
    /// Where the model's first weights, its dropout masks and its shuffles are drawn from. Models made with
    /// the same seed do the same, to the last bit.
    public final let random: RandomStream

    /// Where `random` stands: draw from it, `data.shuffled(using: &model.generator)`, or set it.
    public final var generator: RandomGenerator {
        get { random.generator }
        set { random.generator = newValue }
    }

    /// Whether the seed was given. A model without one takes its random numbers from the model it is part of.
    private let isSeeded: Bool

    /// What the model uses to be fast. Everything by default; results are the same within float rounding.
    ///
    /// ```swift
    /// model.acceleration = .none      // layer by layer, by the general kernels
    /// ```
    public final var acceleration = Acceleration.full

    /// Set to end the running `fit` after the batch; reset when the next begins.
    public final var stopTraining = false

    /// What the last `fit` did, also if it ended in an error; nil before any.
    public internal(set) final var history: History?

    /// The layers of a `Sequential`, or of a model made of inputs and outputs; nil for others, and before a
    /// `Sequential` is built.
    final var graph: LayerGraph? {
        didSet {
            unaryForward = graph?.chain.map { chain in { chain.forward($0, in: $1) } }
        }
    }

    /// What `compile` was given; nil before.
    package final var compilation: Compilation? {
        didSet { nameParameters() }
    }

    /// Whether the parameters know their paths.
    final var parametersAreNamed = false

    /// The training that is going on.
    final let run = TrainingRun()

    private let buildLock = Mutex(())

    /// - Parameters:
    ///   - seed: of everything random that the model does; nil takes one at random.
    ///   - dtype: the type of the weights and of the computation. Traps unless float32 or float64.
    public init(name: String? = nil, seed: UInt64? = nil, dtype: DType = .float32) {
        require(dtype.isFloatingPoint, "Model: dtype is \(dtype), expected float32 or float64")
        random = RandomStream(seed: seed)
        isSeeded = seed != nil
        super.init(name: name)
        self.dtype = dtype
        ownStream = random
    }

    /// A model of all layers that lie between an input and an output. It is built at once.
    ///
    /// ```swift
    /// let features = Input(8)
    /// let hidden = Dense(8, activation: .relu)(features)
    /// let model = Model(inputs: features, outputs: Dense(1)(Add()(features, hidden)))
    /// ```
    ///
    /// Layers that are built already, by another model of the same graph, keep their parameters and share them. So
    /// do models that were built before they were called, and models of one's own that leave `outputShape` as it is:
    /// calling them builds them, by their own seed and of their own dtype. Follows `keras.Model(inputs, outputs)`.
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
        self.init(inputs: [inputs], outputs: [outputs], name: name, seed: seed, dtype: dtype)
    }

    /// A model of all layers that lie between several inputs and outputs.
    ///
    /// ```swift
    /// let model = Model(inputs: [image, caption], outputs: [label, box])
    /// ```
    public convenience init(
        inputs: [Input], outputs: [any Symbolic], name: String? = nil, seed: UInt64? = nil,
        dtype: DType = .float32
    ) {
        self.init(name: name, seed: seed, dtype: dtype)
        if let fault = build(inputs, outputs.map { $0.symbol }) { fail("\(label): \(fault)") }
    }

    /// Makes a graph the model's, and builds it. Returns what keeps its layers from another size along an axis that an
    /// input leaves open.
    final func build(_ inputs: [Input], _ outputs: [SymbolicTensor]) -> String? {
        let graph = LayerGraph(from: inputs, to: outputs, model: label)
        self.graph = graph
        buildIfNeeded(inputShapes: graph.inputShapes, generator: &random.generator)
        guard inputs.contains(where: { !$0.openAxes.isEmpty }) else { return nil }
        // Layers know what they cannot take once they are built.
        self.graph = LayerGraph(from: inputs, to: outputs, model: label)
        return self.graph?.openAxesFault
    }

    // MARK: Layers and weights

    /// The layers that the model is made of, in the order of their weights.
    open var layers: [Layer] { graph?.layers ?? [] }

    public final override var sublayers: [Layer] { layers }

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
                    parameter.shape == value.shape && parameter.dtype == value.dtype,
                    "weights: tensor \(index) is \(value.dtype) \(value.shape), expected "
                        + "\(parameter.dtype) \(parameter.shape) for \(parameter.name)")
                parameter.value = value
            }
        }
    }

    // MARK: Computing

    /// Computes the outputs of a batch: by the graph of a model that has one; others override a form of `forward`.
    open override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        graph?.forward(inputs, in: context) ?? super.forward(inputs, in: context)
    }

    /// Computes the output of a batch: by the graph of a model that has one; others override it.
    open override func forward(_ input: Variable, in context: Context) -> Variable {
        graph?.forward([input], in: context)[0] ?? super.forward(input, in: context)
    }

    /// A pass that predicts, as fast as `acceleration` allows.
    public final var inferenceContext: Context {
        Context(tape: nil, isTraining: false, acceleration: acceleration)
    }

    /// A pass that trains: recorded on a tape, drawing from the model's own random numbers.
    ///
    /// ```swift
    /// let tape = Tape()
    /// let context = model.trainingContext(tape)
    /// let loss = squaredError(model(inputs, in: context), targets)
    /// model.apply(tape.gradients(of: loss))
    /// ```
    public final func trainingContext(_ tape: Tape) -> Context {
        .training(tape, random: random, acceleration: acceleration)
    }

    // MARK: Steps

    /// What `fit` does with a batch: computes the loss, takes the optimizer's step by its gradients, and takes the
    /// batch into the metrics.
    ///
    /// Override it to train otherwise under `fit`, its callbacks and its logs: with a teacher, with adversarial
    /// samples, with losses of your own.
    ///
    /// ```swift
    /// override func trainStep(_ batch: Batch) {
    ///     let tape = Tape()
    ///     let context = trainingContext(tape)
    ///     let predictions = outputs(of: modelInputs(batch), in: context)
    ///     let loss = computeLoss(predictions, batch, in: context)
    ///     apply(tape.gradients(of: loss))
    ///     updateMetrics(loss, predictions, batch)
    /// }
    /// ```
    ///
    /// Follows Keras's `train_step`.
    open func trainStep(_ batch: Batch) {
        let tape = Tape()
        let context = trainingContext(tape)
        let predictions = outputs(of: modelInputs(batch), in: context)
        let loss = computeLoss(predictions, batch, in: context)
        apply(tape.gradients(of: loss))
        updateMetrics(loss, predictions, batch)
    }

    /// What `evaluate` and a validation do with a batch: takes its loss and metrics in.
    open func testStep(_ batch: Batch) {
        let context = inferenceContext
        let predictions = outputs(of: modelInputs(batch), in: context)
        updateMetrics(computeLoss(predictions, batch, in: context), predictions, batch)
    }

    /// What `predict` and `predictOnBatch` do with a batch: from each input to each output, `[batch, …]`. Any number of
    /// threads may be in it at once. Follows Keras's `predict_step`.
    open func predictStep(_ inputs: [Tensor]) -> [Tensor] {
        outputs(of: modelInputs(inputs), in: inferenceContext).map { $0.value }
    }

    /// What training minimizes, a scalar: the outputs' losses, each times its weight; the regularizers' of all
    /// parameters that are trained; and what layers added to the context.
    ///
    /// Override it to add to that, or to put another loss in its place, under the same steps:
    ///
    /// ```swift
    /// override func computeLoss(_ predictions: [Variable], _ batch: Batch, in context: Context) -> Variable {
    ///     super.computeLoss(predictions, batch, in: context) + predictions[0].squared().mean() * 0.01
    /// }
    /// ```
    ///
    /// - Parameter predictions: the model's outputs for the batch.
    ///
    /// Traps if the model is not compiled. Follows Keras's `compute_loss`.
    open func computeLoss(_ predictions: [Variable], _ batch: Batch, in context: Context) -> Variable {
        compiledLoss(predictions, batch, in: context)
    }

    /// Takes a batch into the running loss and metrics.
    ///
    /// - Parameters:
    ///   - loss: what `computeLoss` gave.
    ///   - predictions: the model's outputs for the batch.
    ///
    /// Traps if the model is not compiled. Follows Keras's `compute_metrics`.
    open func updateMetrics(_ loss: Variable, _ predictions: [Variable], _ batch: Batch) {
        updateCompiledMetrics(loss, predictions, batch)
    }

    /// What `compile` was given, without the loss. A subclass that gathers further numbers in `trainStep` adds their
    /// metrics here: they are reset with each epoch and part of the logs.
    open var metrics: [Metric] {
        (compilation.map { $0.metrics + $0.weightedMetrics } ?? []).flatMap { $0 }
    }

    // MARK: Building

    /// Builds the layers: those of a graph in its order, others by passing one sample of zeros through `forward`.
    open override func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        for layer in layers { (layer as? Model)?.inherit(&generator) }
        if let graph {
            graph.build(&generator)
        } else {
            super.build(inputShapes: inputShapes, generator: &generator)
        }
    }

    open override var takesSeveralInputs: Bool { true }

    open override func fault(ofInputs shapes: [Shape]) -> String? {
        guard let graph else { return nil }
        if graph.takes(shapes) { return graph.fault(ofInputs: shapes) }
        return shapes.count == graph.inputs.count
            ? "samples of shape \(Self.list(shapes)), expected \(graph.inputDescriptions.joined(separator: " and "))"
            : "\(shapes.count) inputs, expected \(graph.inputs.count)"
    }

    static func list(_ shapes: [Shape]) -> String {
        shapes.map { $0.description }.joined(separator: " and ")
    }

    /// The shapes of the outputs. A graph knows them; else they are found by passing one sample of zeros through
    /// `forward`, which builds layers that are not built yet.
    open override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        graph?.outputShapes(for: inputShapes) ?? super.outputShapes(for: inputShapes)
    }

    open override func outputShape(for inputShape: Shape) -> Shape {
        graph?.outputShapes(for: [inputShape])[0] ?? super.outputShape(for: inputShape)
    }

    open override func inputDType(at index: Int) -> DType {
        graph?.inputDTypes[index] ?? super.inputDType(at: index)
    }

    /// Builds the model for samples of this shape with its own generator. Traps if it was built for another.
    public final func build(inputShape: Shape) { build(inputShapes: [inputShape]) }

    /// Builds the model for samples of these shapes, one for each input. Traps if it was built for others.
    public final func build(inputShapes: [Shape]) {
        buildLock.withLock { _ in
            if isBuilt, let built = self.inputShapes {
                return require(
                    built == inputShapes || graph?.takes(inputShapes) == true,
                    "build: \(label) is built for samples of shape \(Self.list(built)), asked for "
                        + "\(Self.list(inputShapes)); make a new model for other shapes")
            }
            buildIfNeeded(inputShapes: inputShapes, generator: &random.generator)
        }
    }

    /// Draws further random numbers from those of the model around, unless the seed was given.
    final func inherit(_ generator: inout RandomGenerator) {
        if !isSeeded && !isBuilt { random.generator = generator.split() }
    }
}

extension Model: CustomStringConvertible {
    /// The summary.
    public final var description: String { summary() }
}
