import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Puts its inputs one after another along an axis, the channels by default. Follows `keras.layers.Concatenate`.
///
/// ```
/// y[…, c] = x₁[…, c] for c < channels₁, x₂[…, c − channels₁] for the next channels₂, …
/// ```
///
/// # Shapes
/// [batch, …, channelsᵢ, …] → [batch, …, Σᵢ channelsᵢ, …]. Traps if the inputs differ in another axis or in rank,
/// have no such axis, or if there are none.
public final class Concatenate: MergingLayer {
    /// Counted from 0, the batch's; negative ones from the end.
    public let axis: Int

    /// - Parameter axis: where the inputs follow one another. The batch axis, 0, counts; traps if it is that one.
    public init(axis: Int = -1, name: String? = nil) {
        require(axis != 0, "Concatenate: axis is 0, the batch's, expected one within the samples")
        self.axis = axis
        super.init(name: name)
    }

    public override func outputShape(for inputShapes: [Shape]) -> Shape {
        require(!inputShapes.isEmpty, "\(label): no inputs, expected at least one")
        let rank = inputShapes[0].rank + 1
        let resolved = axis < 0 ? axis + rank : axis
        require(
            resolved >= 1 && resolved < rank,
            "\(label): axis \(axis) is none of samples of shape \(inputShapes[0]), whose batch is axis 0")
        var sizes = inputShapes[0].sizes
        for shape in inputShapes.dropFirst() {
            var others = shape.sizes
            require(
                others.count == sizes.count
                    && others.indices.allSatisfy { $0 == resolved - 1 || others[$0] == sizes[$0] },
                "\(label): samples of shapes \(inputShapes[0]) and \(shape) differ in more than axis \(resolved), the batch's being 0"
            )
            others[resolved - 1] += sizes[resolved - 1]
            sizes = others
        }
        return Shape(sizes)
    }

    public override func forward(_ inputs: [Variable], in context: Context) -> Variable {
        Variable.concatenate(inputs, axis: axis)
    }
}
