import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// A layer that makes one output of any number of inputs.
///
/// One of your own overrides `merge`, and `mergedShape` unless inputs and output have one shape, and
/// `build(inputShapes:generator:)` if it owns parameters:
///
/// ```swift
/// final class Product: MergingLayer {
///     override func merge(_ inputs: [Variable], in context: Context) -> Variable {
///         inputs.dropFirst().reduce(inputs[0]) { $0 * $1 }
///     }
/// }
/// ```
///
/// It is called on outputs of other layers, `Product()(x, y)`, or on values, `Product()(a, b, in: context)`.
open class MergingLayer: Layer {
    /// Makes the parameters for samples of these shapes. Called once, by `buildIfNeeded`. Traps if the layer
    /// cannot take such samples.
    open override func build(inputShapes: [Shape], generator: inout RandomGenerator) {}

    public final override var takesSeveralInputs: Bool { true }

    /// By default the inputs must have one shape.
    open override func fault(ofInputs shapes: [Shape]) -> String? {
        Set(shapes).count == 1
            ? nil
            : "samples of shapes \(shapes.map { $0.description }.joined(separator: ", ")), expected all the same"
    }

    /// The shape of one output sample; by default the inputs'. Asked only for samples that the layer can take.
    open func mergedShape(of inputShapes: [Shape]) -> Shape { inputShapes[0] }

    /// Computes the output of a batch. There is at least one input.
    open func merge(_ inputs: [Variable], in context: Context) -> Variable {
        fail("\(type(of: self)): merge(_:in:) is not overridden")
    }

    /// Where every input has a mask, a step counts if it counts in one of them, as in Keras; else there is none.
    open override func outputMask(for inputs: [Variable], output: Variable) -> Tensor? {
        let masks = inputs.compactMap { $0.mask }
        guard supportsMasking, masks.count == inputs.count else { return nil }
        return masks.dropFirst().reduce(masks[0]) { $0 .| $1 }
    }

    public final override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        [mergedShape(of: inputShapes)]
    }

    public final override func outputShape(for inputShape: Shape) -> Shape { mergedShape(of: [inputShape]) }

    public final override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        [merge(inputs, in: context)]
    }

    public final override func forward(_ input: Variable, in context: Context) -> Variable {
        merge([input], in: context)
    }
}
