import CitiusAutograd
import CitiusKernels
import CitiusLayers
import CitiusPlatform
import CitiusTensor

/// A model whose layers follow one another.
///
/// ```swift
/// let model = Sequential {
///     Input(28, 28, 1)
///     for width in [32, 64] {
///         Conv2D(width, kernelSize: 3, activation: .relu)
///         MaxPooling2D(2)
///     }
///     Flatten()
///     if dropsOut { Dropout(0.25) }
///     Dense(10, activation: .softmax)
/// }
/// ```
///
/// With an `Input` in front the model is built at once, else with its first batch.
public final class Sequential: Model {
    private var stack: [Layer] = []
    private var names = LayerNames()
    /// What the model began with, if it did: it states the shape and the type of the samples.
    package private(set) var input: Input?

    /// An empty model, to which layers are added.
    public override init(name: String? = nil, seed: UInt64? = nil, dtype: DType = .float32) {
        super.init(name: name, seed: seed, dtype: dtype)
    }

    /// A model of these layers.
    ///
    /// - Parameters:
    ///   - seed: of everything random that the model does: first weights, dropout, shuffles. The same seed
    ///     gives the same bits, run after run; nil takes one at random.
    ///   - dtype: the type of the weights and of the computation. Traps unless float32 or float64.
    public convenience init(
        name: String? = nil, seed: UInt64? = nil, dtype: DType = .float32,
        @LayerBuilder layers: () -> [Layer]
    ) {
        self.init(layers(), name: name, seed: seed, dtype: dtype)
    }

    /// A model of these layers.
    ///
    /// ```swift
    /// let model = Sequential([Input(4), Dense(8, activation: .relu), Dense(1)])
    /// ```
    public convenience init(
        _ layers: [Layer], name: String? = nil, seed: UInt64? = nil, dtype: DType = .float32
    ) {
        self.init(name: name, seed: seed, dtype: dtype)
        for layer in layers { add(layer) }
    }

    public override var layers: [Layer] { stack }

    /// Appends a layer; builds it at once if the model is built.
    ///
    /// Traps if the layer or its name occurs already, if an `Input` is not the first, or if the layer cannot take what
    /// the layers before it give.
    public func add(_ layer: Layer) {
        if let fault = append(layer) { fail(fault) }
    }

    /// Appends a layer; returns what keeps it from taking what the layers before it give.
    package func append(_ layer: Layer) -> String? {
        if let input = layer as? Input {
            require(
                stack.isEmpty && !isBuilt, "\(label): an Input comes first, before \(stack.count) layers")
            self.input = input
            build(inputShape: input.shape)
            return nil
        }
        require(
            !stack.contains { $0 === layer },
            "\(label): the layer \(layer.label) is added twice; a Sequential passes each of its layers once. "
                + "To share a layer's weights, draw a graph: Model(inputs:outputs:)")
        names.reserve(layer, in: label)
        if layer.name.isEmpty { layer.name = names.next(for: layer) }
        if stack.isEmpty, let input { layer.noteTexts(among: [input.symbol]) }
        if let fault = (graph?.outputShapes).flatMap({ layer.fault(ofInputs: $0) }) {
            return "\(layer.label): \(fault)"
        }
        stack.append(layer)
        parametersAreNamed = false
        prepareSublayers()
        guard let graph, let input = graph.nodes[0].layer as? Input else { return nil }
        build(layer, after: graph.outputShapes[0], &random.generator)
        chain(from: input)
        return self.graph?.openAxesFault.map { "\(label): \($0)" }
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        var shape = inputShape
        for layer in stack { shape = build(layer, after: shape, &generator) }
        // Strings are of any length.
        let isText = stack.first is any TextLayer && stack.first?.inputDType(at: 0) == .uint8
        let stated =
            isText
            ? Input(
                configuration: Input.Configuration(
                    batchShape: [nil] + inputShape.sizes.dropLast() + [nil], dtype: .uint8, isText: true))
            : Input(shape: inputShape)
        chain(from: input ?? stated)
    }

    @discardableResult
    private func build(_ layer: Layer, after shape: Shape, _ generator: inout RandomGenerator) -> Shape {
        if let fault = layer.fault(ofInputs: [shape]) { fail("\(layer.label): \(fault)") }
        (layer as? Model)?.inherit(&generator)
        layer.buildIfNeeded(inputShape: shape, generator: &generator)
        return layer.outputShapes(for: [shape])[0]
    }

    private func chain(from input: Input) {
        let graph = LayerGraph(chain: stack, from: input)
        self.graph = graph
        outputShapes = graph.outputShapes
    }

    public override func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        build(inputShape: inputShapes[0], generator: &generator)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        guard shapes.count == 1 else { return "\(shapes.count) inputs, expected 1" }
        if let fault = super.fault(ofInputs: shapes) { return fault }
        if isBuilt { return nil }
        // What one of its layers cannot take of those before it.
        var shape = shapes
        for layer in stack {
            if let fault = layer.fault(ofInputs: shape) { return "\(layer.label): \(fault)" }
            guard layer.sublayers.isEmpty || layer is Model else { return nil }
            shape = layer.outputShapes(for: shape)
        }
        return nil
    }

    public override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        if let graph, graph.takes(inputShapes) { return graph.outputShapes(for: inputShapes) }
        return [stack.reduce(inputShapes[0]) { $1.checkedOutputShapes(for: [$0])[0] }]
    }

    public override func inputDType(at index: Int) -> DType {
        input?.configuration.dtype ?? stack.first?.inputDType(at: 0) ?? dtype
    }
}

/// Lets the layers of a model be written one below the other, with `if`, `else`, `switch` and `for`.
@resultBuilder
public enum LayerBuilder {
    public static func buildExpression(_ layer: Layer) -> [Layer] { [layer] }
    public static func buildExpression(_ layers: [Layer]) -> [Layer] { layers }
    public static func buildBlock(_ parts: [Layer]...) -> [Layer] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [Layer]?) -> [Layer] { part ?? [] }
    public static func buildEither(first part: [Layer]) -> [Layer] { part }
    public static func buildEither(second part: [Layer]) -> [Layer] { part }
    public static func buildArray(_ parts: [[Layer]]) -> [Layer] { parts.flatMap { $0 } }
    public static func buildLimitedAvailability(_ part: [Layer]) -> [Layer] { part }
}
