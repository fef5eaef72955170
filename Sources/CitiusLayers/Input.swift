import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// States the shape of a model's samples, without the batch axis; passes them on as they are.
///
/// ```swift
/// Input(28, 28, 1)     // images of 28×28 pixels, 1 channel
/// ```
///
/// A model that begins with it is built at once; one without it is built by the first batch. Follows
/// `keras.Input`.
public final class Input: Layer {
    public let shape: Shape

    /// Traps if a size is not positive.
    public init(_ sizes: Int..., name: String? = nil) {
        require(sizes.allSatisfy { $0 > 0 }, "Input: sizes \(sizes), expected positive ones")
        shape = Shape(sizes)
        super.init(name: name)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        require(inputShape == shape, "\(label): samples of shape \(inputShape), expected \(shape)")
        return inputShape
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable { input }
}
