import CitiusAutograd
import CitiusTensor

/// The same elements of each sample under another shape. Follows `keras.layers.Reshape`.
///
/// ```swift
/// Reshape(7, 7, 64)     // before a Conv2D
/// Reshape(-1, 64)       // as many rows of 64 as there are
/// ```
///
/// # Shapes
/// [batch, …] → [batch, sizes…]. The input's mask ends here, as in Keras.
public final class Reshape: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// One may be −1: what is left.
        public var targetShape: [Int]

        public var fault: String? {
            let known = targetShape.filter { $0 != -1 }
            if targetShape.count - known.count > 1 || known.contains(where: { $0 < 1 || $0 > Int(Int32.max) })
            {
                return "targetShape is \(targetShape), expected positive sizes, of which one may be -1"
            }
            return countOfElements(Shape(known)) == nil
                ? "targetShape \(targetShape) is larger than any memory" : nil
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// Traps unless all sizes are positive, of which one may be −1.
    public convenience init(_ sizes: Int..., name: String? = nil) {
        self.init(configuration: Configuration(targetShape: sizes), name: name)
    }

    /// Traps unless all sizes are positive, of which one may be −1.
    public convenience init(_ sizes: [Int], name: String? = nil) {
        self.init(configuration: Configuration(targetShape: sizes), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        guard let count = countOfElements(shapes[0]) else {
            return "samples of shape \(shapes[0]) are larger than any memory"
        }
        let known = configuration.targetShape.reduce(1) { $1 == -1 ? $0 : $0 * $1 }
        let fits = configuration.targetShape.contains(-1) ? count % known == 0 : count == known
        return fits
            ? nil
            : "samples of shape \(shapes[0]) have \(count) elements, which do not fill "
                + "\(configuration.targetShape)"
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        let known = configuration.targetShape.reduce(1) { $1 == -1 ? $0 : $0 * $1 }
        return Shape(configuration.targetShape.map { $0 == -1 ? inputShape.count / known : $0 })
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.reshaped(to: outputShape(for: input.shape.droppingFirst()).prepending(input.shape[0]))
    }
}
