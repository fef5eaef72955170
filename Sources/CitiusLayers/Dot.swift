import CitiusAutograd
import CitiusConfiguration
import CitiusTensor

/// The sums of products of two inputs, sample by sample, along an axis of each. Follows `keras.layers.Dot`.
///
/// ```
/// y[b, i, j] = Σₖ x₁[b, i, k] · x₂[b, j, k]      // of sequences, axes 2 and 2
/// ```
///
/// ```swift
/// Dot(axes: 1, normalize: true)(user, item)    // how alike two vectors are, from −1 to 1
/// ```
///
/// # Shapes
/// [batch, …, k, …] and [batch, …, k, …] → [batch, the other axes of the first, those of the second]; [batch, 1] of two
/// vectors. There is no mask behind it.
public final class Dot: MergingLayer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// One axis of both inputs, or one of each; the batch's, 0, counts. Negative ones count from the end.
        public var axes: AxisList
        /// Whether both are scaled to length 1 along their axes first.
        public var normalize = false

        public var fault: String? {
            let axes = axes.numbers
            if axes.isEmpty || axes.count > 2 {
                return "axes are \(axes), expected one, or one of each input"
            }
            return axes.contains(0) ? "axes are \(axes), expected axes behind the batch's, 0" : nil
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// - Parameters:
    ///   - axes: of both inputs; the batch's, 0, counts. A negative one counts from the end.
    ///   - normalize: whether both are scaled to length 1 along it first: the result is then the cosine of their angle.
    public convenience init(axes: Int, normalize: Bool = false, name: String? = nil) {
        self.init(configuration: Configuration(axes: AxisList([axes]), normalize: normalize), name: name)
    }

    /// The sums along one axis of the first input and one of the second.
    public convenience init(axes: (Int, Int), normalize: Bool = false, name: String? = nil) {
        self.init(
            configuration: Configuration(axes: AxisList([axes.0, axes.1]), normalize: normalize), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// The axes of samples of these ranks, counted with the batch's.
    private func axes(of ranks: [Int]) -> (Int, Int) {
        let axes = configuration.axes.numbers
        func resolved(_ axis: Int, _ rank: Int) -> Int { axis < 0 ? axis + rank + 1 : axis }
        return (resolved(axes[0], ranks[0]), resolved(axes[axes.count - 1], ranks[1]))
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        guard shapes.count == 2 else { return "\(shapes.count) inputs, expected 2" }
        let (first, second) = axes(of: shapes.map { $0.rank })
        for (axis, shape) in [(first, shapes[0]), (second, shapes[1])] where axis < 1 || axis > shape.rank {
            return "axis \(axis) is none of samples of shape \(shape), whose batch is axis 0"
        }
        if shapes[0][first - 1] != shapes[1][second - 1] {
            return
                "axis \(first) of samples of shape \(shapes[0]) and axis \(second) of \(shapes[1]) differ in size"
        }
        return countOfElements(mergedShape(of: shapes)) == nil
            ? "the products of samples of shapes \(shapes[0]) and \(shapes[1]) are larger than any memory"
            : nil
    }

    public override func mergedShape(of inputShapes: [Shape]) -> Shape {
        let (first, second) = axes(of: inputShapes.map { $0.rank })
        var (left, right) = (inputShapes[0].sizes, inputShapes[1].sizes)
        left.remove(at: first - 1)
        right.remove(at: second - 1)
        return left.isEmpty && right.isEmpty ? [1] : Shape(left + right)
    }

    public override func merge(_ inputs: [Variable], in context: Context) -> Variable {
        let axes = axes(of: inputs.map { $0.shape.rank - 1 })
        var (left, right) = (inputs[0], inputs[1])
        if configuration.normalize {
            left = left.scaledToUnitLength(axis: axes.0)
            right = right.scaledToUnitLength(axis: axes.1)
        }
        let result = left.batchDot(right, axes: axes)
        return result.shape.rank == 1 ? result.expandingAxis(at: 1) : result
    }
}

extension Variable {
    /// x/√Σx² along an axis; a length below 1e-7 counts as that. Keras's `normalize`.
    func scaledToUnitLength(axis: Int) -> Variable {
        // The square is bounded, so that the gradient of a zero is 0 and not NaN.
        self / squared().sum(axes: [axis], keepingAxes: true).maximum(1e-14).sqrt()
    }
}
