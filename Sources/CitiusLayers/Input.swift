import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// States the shape and the type of a model's samples, without the batch axis; passes them on as they are.
///
/// ```swift
/// Input(28, 28, 1)                // images of 28×28 pixels, 1 channel
/// Input(100, dtype: .int64)       // sequences of 100 indices
/// ```
///
/// A model that begins with it is built at once; one without it is built by the first batch. Follows
/// `keras.Input`.
public final class Input: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Keras's: the shape with a null in place of the batch.
        public var batchShape: [Int?]
        /// What inputs are converted to; nil: the model's type, as also for real numbers.
        public var dtype: DType?

        public var fault: String? {
            let sizes = batchShape.dropFirst()
            let isPositive = sizes.allSatisfy { $0 ?? 0 > 0 }
            return batchShape.isEmpty || !isPositive
                || countOfElements(Shape(sizes.compactMap { $0 })) == nil
                ? "sizes \(sizes.map { $0.map { "\($0)" } ?? "nil" }), expected positive ones" : nil
        }
    }

    public static var className: String { "InputLayer" }
    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    public let shape: Shape

    /// - Parameters:
    ///   - sizes: of one sample's axes.
    ///   - dtype: what inputs are converted to, an integer type for indices; by default the model's type.
    ///
    /// Traps if a size is not positive.
    public convenience init(_ sizes: Int..., dtype: DType? = nil, name: String? = nil) {
        self.init(shape: Shape(sizes), dtype: dtype, name: name)
    }

    /// An input of samples of this shape. Traps if a size is not positive.
    public convenience init(shape: Shape, dtype: DType? = nil, name: String? = nil) {
        self.init(
            configuration: Configuration(batchShape: [nil] + shape.sizes.map { $0 }, dtype: dtype), name: name
        )
    }

    public init(configuration: Configuration, name: String? = nil) {
        // Real numbers are the model's, whichever they are.
        var configuration = Self.checked(configuration)
        if configuration.dtype?.isFloatingPoint == true { configuration.dtype = nil }
        self.configuration = configuration
        shape = Shape(configuration.batchShape.dropFirst().compactMap { $0 })
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        shapes[0] == shape ? nil : "samples of shape \(shapes[0]), expected \(shape)"
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable { input }
}
