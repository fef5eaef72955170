import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Whole numbers as one-hot, multi-hot or count vectors. Follows `keras.layers.CategoryEncoding`.
///
/// ```swift
/// CategoryEncoding(numTokens: 4, outputMode: .multiHot)(Tensor([[0, 1], [0, 0], [1, 2], [3, 1]]))
/// // [[1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 0, 1]]
/// ```
///
/// In count mode a second input of the numbers' shape says what each counts: `encoding(numbers, weights)`. Numbers
/// outside 0..<numTokens leave zeros.
///
/// # Shapes
/// [batch, …, n] → by its output mode, see `OutputMode`: [batch, …, numTokens], or, for `oneHot` unless n = 1,
/// [batch, …, n, numTokens]. Deviations from Keras: a sample that is a scalar counts as [1], also for `multiHot` and
/// `count`; for these the last axis is summed up whatever the rank.
public final class CategoryEncoding: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// How many categories there are.
        public var numTokens: Int
        public var outputMode = OutputMode.multiHot

        public var fault: String? {
            firstFault(
                faultUnlessPositive("numTokens", numTokens),
                outputMode.fault(unlessOneOf: [.oneHot, .multiHot, .count]))
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// Traps if the number of tokens is not positive.
    public convenience init(numTokens: Int, outputMode: OutputMode = .multiHot, name: String? = nil) {
        self.init(
            configuration: Configuration(numTokens: numTokens, outputMode: outputMode), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func inputDType(at index: Int) -> DType { index == 0 ? .int64 : dtype }

    public override var takesSeveralInputs: Bool { true }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if shapes.count > 2 { return "\(shapes.count) inputs, expected numbers, and their weights perhaps" }
        if shapes.count == 2 {
            if configuration.outputMode != .count {
                return
                    "weights are given, which the output mode \(configuration.outputMode.rawValue) does not use"
            }
            if shapes[0] != shapes[1] {
                return "numbers of shape \(shapes[0]) and weights of shape \(shapes[1]), expected the same"
            }
        }
        return configuration.outputMode.fault(ofOutputFor: shapes[0], depth: configuration.numTokens)
    }

    public override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        [configuration.outputMode.outputShape(for: inputShapes[0], depth: configuration.numTokens)]
    }

    public override func outputShape(for inputShape: Shape) -> Shape { outputShapes(for: [inputShape])[0] }

    public override func build(inputShapes: [Shape], generator: inout RandomGenerator) {}

    public override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        let indices = inputs[0].value.cast(to: .int64)
        let depth = configuration.numTokens
        guard inputs.count == 2 else {
            return [Variable(configuration.outputMode.encode(indices, depth: depth, dtype: dtype))]
        }
        let weights = inputs[1].dtype == dtype ? inputs[1] : Variable(inputs[1].value.cast(to: dtype))
        let counts = configuration.outputMode.encode(
            indices, depth: depth, dtype: dtype, weights: weights.value)
        return [
            // A weight is part of one output, if of any.
            Variable(counts, computedFrom: weights) { w in
                let isKnown = (indices .>= 0) .& (indices .< Double(depth))
                let places = indices.clamped(to: 0...Double(depth - 1))
                let lines = places.rank == 1 ? places.expandingAxis(at: -1) : places
                return [
                    w.gathering(lines, axis: -1).reshaped(to: indices.shape) * isKnown.cast(to: w.dtype)
                ]
            }
        ]
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        forward([input], in: context)[0]
    }
}

extension CategoryEncoding: NamedInputsLayer {
    package var inputNames: [String] { ["inputs", "count_weights"] }
    package func keywords(ofInputs count: Int) -> [String] { count > 1 ? ["count_weights"] : [] }
}
