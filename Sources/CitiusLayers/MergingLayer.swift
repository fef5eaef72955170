import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// A layer that makes one output of several inputs.
///
/// One of your own overrides `forward`, and `outputShape` unless inputs and output have one shape, and `build` if
/// it owns parameters:
///
/// ```swift
/// final class Multiply: MergingLayer {
///     override func forward(_ inputs: [Variable], in context: Context) -> Variable {
///         inputs.dropFirst().reduce(inputs[0]) { $0 * $1 }
///     }
/// }
/// ```
///
/// It is called on places in a graph, `Multiply()(x, y)`, or on values, `Multiply()(a, b, in: context)`.
open class MergingLayer: Layer {
    /// Makes the parameters for samples of these shapes. Called once, by `buildIfNeeded`. Traps if the layer
    /// cannot take such samples.
    open override func build(inputShapes: [Shape], generator: inout RandomGenerator) {}

    /// The shape of one output sample: the inputs', which must agree. Traps if the layer cannot take such samples.
    open override func outputShape(for inputShapes: [Shape]) -> Shape {
        require(!inputShapes.isEmpty, "\(label): no inputs, expected at least one")
        require(
            Set(inputShapes).count == 1,
            "\(label): samples of shapes \(inputShapes.map { $0.description }.joined(separator: ", ")), "
                + "expected all the same")
        return inputShapes[0]
    }

    /// Computes the output of a batch.
    open override func forward(_ inputs: [Variable], in context: Context) -> Variable {
        fail("\(type(of: self)): forward(_:in:) is not overridden")
    }

    /// Computes the output of a batch; builds the layer first if that has not happened.
    ///
    /// Traps if the layer cannot take such samples.
    public final func callAsFunction(_ inputs: Variable..., in context: Context = .inference) -> Variable {
        call(inputs, in: context)
    }

    /// Computes the output of a batch of which each input is given; builds the layer first if that has not happened.
    public final func callAsFunction(_ inputs: [Variable], in context: Context = .inference) -> Variable {
        call(inputs, in: context)
    }

    /// The place of this layer's output in a graph; nothing is computed or built.
    ///
    /// Traps if the layer cannot take such samples.
    public final func callAsFunction(_ inputs: any Symbolic...) -> SymbolicTensor {
        SymbolicTensor(self, inputs.map { $0.symbol })
    }

    /// The place in a graph of this layer's output for as many inputs as there are.
    public final func callAsFunction(_ inputs: [any Symbolic]) -> SymbolicTensor {
        SymbolicTensor(self, inputs.map { $0.symbol })
    }

    // MARK: Of one input

    public final override func build(inputShape: Shape, generator: inout RandomGenerator) {
        build(inputShapes: [inputShape], generator: &generator)
    }

    public final override func outputShape(for inputShape: Shape) -> Shape { outputShape(for: [inputShape]) }

    public final override func forward(_ input: Variable, in context: Context) -> Variable {
        forward([input], in: context)
    }
}
