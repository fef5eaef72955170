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
public final class Concatenate: MergingLayer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Counted from 0, the batch's; negative ones from the end.
        public var axis = -1

        public var fault: String? {
            axis == 0 ? "axis is 0, the batch's, expected one within the samples" : nil
        }
    }

    public static var module: String? { "keras.layers" }
    /// As Keras's `FeatureSpace` has it in its models.
    public static var aliases: [String] { ["TFDConcat"] }
    public let configuration: Configuration

    /// - Parameter axis: where the inputs follow one another. The batch axis, 0, counts; traps if it is that one.
    public convenience init(axis: Int = -1, name: String? = nil) {
        self.init(configuration: Configuration(axis: axis), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let rank = shapes[0].rank + 1
        let axis = configuration.axis
        let resolved = axis < 0 ? axis + rank : axis
        guard resolved >= 1 && resolved < rank else {
            return "axis \(axis) is none of samples of shape \(shapes[0]), whose batch is axis 0"
        }
        for shape in shapes {
            let agree =
                shape.rank == shapes[0].rank
                && (0..<shape.rank).allSatisfy { $0 == resolved - 1 || shape[$0] == shapes[0][$0] }
            if !agree {
                return "samples of shapes \(shapes[0]) and \(shape) differ in more than axis \(resolved), "
                    + "the batch's being 0"
            }
        }
        return nil
    }

    public override func mergedShape(of inputShapes: [Shape]) -> Shape {
        var sizes = inputShapes[0].sizes
        let axis = configuration.axis < 0 ? configuration.axis + sizes.count : configuration.axis - 1
        sizes[axis] = inputShapes.reduce(0) { $0 + $1[axis] }
        return Shape(sizes)
    }

    public override var supportsMasking: Bool { true }

    /// Where the inputs follow one another along the channels, a step counts if it counts in one of them; along the
    /// steps, their masks follow one another. An input without a mask counts throughout.
    public override func outputMask(for inputs: [Variable], output: Variable) -> Tensor? {
        let masks = inputs.map { input in
            guard let mask = input.mask else { return Tensor(ones: input.shape, dtype: .bool) }
            let behind = [Int](repeating: 1, count: input.shape.rank - mask.rank)
            return mask.reshaped(to: Shape(mask.shape.sizes + behind)).expanded(to: input.shape)
        }
        return Tensor.concatenate(masks, axis: configuration.axis).any(axes: [-1])
    }

    public override func merge(_ inputs: [Variable], in context: Context) -> Variable {
        Variable.concatenate(inputs, axis: configuration.axis)
    }
}
