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
    private var stack: [Layer] = [] {
        didSet { fusedSteps = LayerFusion.steps(of: stack) }
    }
    private var fusedSteps: [LayerFusion.Step] = []
    private var names = LayerNames()
    /// Samples after the last layer; nil until the model is built.
    private var lastShape: Shape?

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
        self.init(name: name, seed: seed, dtype: dtype)
        for layer in layers() { add(layer) }
    }

    public override var layers: [Layer] { stack }

    /// Appends a layer; builds it at once if the model is built.
    ///
    /// Traps if its name occurs already, if an `Input` is not the first, or if the layer cannot take what the
    /// layers before it give.
    public func add(_ layer: Layer) {
        if let input = layer as? Input {
            require(
                stack.isEmpty && !isBuilt, "\(label): an Input comes first, before \(stack.count) layers")
            build(inputShape: input.shape)
            return
        }
        names.reserve(layer.name, in: label)
        adopt(layer, &names)
        stack.append(layer)
        guard let shape = lastShape else { return }
        var generator = generator
        lastShape = append(layer, after: shape, &generator)
        self.generator = generator
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        var shape = inputShape
        for layer in stack { shape = append(layer, after: shape, &generator) }
        lastShape = shape
    }

    private func append(_ layer: Layer, after shape: Shape, _ generator: inout RandomGenerator) -> Shape {
        (layer as? Model)?.inherit(&generator)
        layer.buildIfNeeded(inputShape: shape, generator: &generator)
        if !isTrainable { layer.isTrainable = false }
        return layer.outputShape(for: shape)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        stack.reduce(inputShape) { $1.outputShape(for: $0) }
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        guard context.acceleration.fusesLayers else { return stack.reduce(input) { $1($0, in: context) } }
        return fusedSteps.reduce(input) { $1.forward($0, context) }
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
