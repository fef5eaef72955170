import CitiusAutograd
import CitiusTensor

/// The axes of each sample in a new order. Follows `keras.layers.Permute`.
///
/// ```swift
/// Permute(2, 1)     // [batch, steps, channels] → [batch, channels, steps]
/// ```
///
/// # Shapes
/// [batch, a₁, a₂, …] → [batch, a_{dims[0]}, a_{dims[1]}, …]. The input's mask ends here, as in Keras.
public final class Permute: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// For each axis of the output that of the input, counted from 1, the first behind the batch's.
        public var dims: [Int]

        public var fault: String? {
            dims.sorted() == Array(1..<dims.count + 1)
                ? nil : "dims are \(dims), expected each axis behind the batch's once, from 1 on"
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// - Parameter dims: for each axis of the output that of the input, counted from 1, the first behind the batch's.
    ///
    /// Traps if they are not those axes, each once.
    public convenience init(_ dims: Int..., name: String? = nil) {
        self.init(configuration: Configuration(dims: dims), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let rank = configuration.dims.count
        return shapes[0].rank == rank
            ? nil : "samples of shape \(shapes[0]) have rank \(shapes[0].rank), expected \(rank)"
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        Shape(configuration.dims.map { inputShape[$0 - 1] })
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.permuted([0] + configuration.dims)
    }
}
